//! How many files the guest may open. A program in the sandbox can lower that for the guest as well, which would then fail
//! at every call and could not say so in any other way than by its end: that is noticed, and the sandbox is started again.

use nix::sys::resource::{Resource, getrlimit, rlim_t, setrlimit};

/// What was allowed when the guest began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Descriptors {
    at_start: rlim_t,
}

impl Descriptors {
    pub(crate) fn now() -> Self {
        // What can't be told can't be missed either.
        Self { at_start: getrlimit(Resource::RLIMIT_NOFILE).map_or(0, |(soft, _)| soft) }
    }

    /// Whether as much is still allowed, also if it had to be asked for again.
    pub(crate) fn are_still_allowed(self) -> bool {
        let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return true };
        soft >= self.at_start
            || (hard >= self.at_start && setrlimit(Resource::RLIMIT_NOFILE, self.at_start, hard).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_was_lowered_is_raised_again_or_told() {
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("a limit");
        let descriptors = Descriptors::now();
        assert!(descriptors.are_still_allowed());
        setrlimit(Resource::RLIMIT_NOFILE, soft - 1, hard).expect("lowered");
        assert!(descriptors.are_still_allowed());
        assert_eq!(getrlimit(Resource::RLIMIT_NOFILE).expect("a limit"), (soft, hard));
        // As after the hard limit was lowered below what was allowed at the start.
        assert!(!Descriptors { at_start: hard.saturating_add(1) }.are_still_allowed() || hard == rlim_t::MAX);
    }
}
