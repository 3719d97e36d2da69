//! Places at which a test can kill the process, as if by a signal that can't be caught: `HANDSPIKE_FAILPOINT` names one,
//! perhaps with how often it is to be passed before (`call-started:1`). They are in debug builds and in those with the
//! feature `failpoints`, and in no others.

/// Dies here, if here is where the test wants it.
#[cfg(any(debug_assertions, feature = "failpoints"))]
pub(crate) fn reach(point: &str) {
    use std::sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    };

    static WANTED: LazyLock<Option<(String, AtomicU64)>> = LazyLock::new(|| {
        let wanted = std::env::var("HANDSPIKE_FAILPOINT").ok()?;
        let (name, passes) = wanted.split_once(':').unwrap_or((&wanted, "0"));
        Some((name.to_owned(), AtomicU64::new(passes.parse().unwrap_or_default())))
    });
    if let Some((name, passes)) = &*WANTED
        && name == point
        && passes.fetch_sub(1, Ordering::SeqCst) == 0
    {
        std::process::abort();
    }
}

/// Nothing, in this build.
#[cfg(not(any(debug_assertions, feature = "failpoints")))]
pub(crate) fn reach(_: &str) {}
