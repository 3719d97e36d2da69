//! How the program ends, as a number. The numbers are a contract: scripts and CI rely on them.

use std::{
    error::Error,
    io::{self, Write as _},
    process::ExitCode,
};

use handspike_core::TurnError;
use handspike_runtime::{BeginError, ModelChoiceError, ScenarioError};
use handspike_sandbox::{BuildError, EngineError, GuestMissing, SpecError};
use handspike_store::{BackupError, OpenError, StoreError};
use handspike_types::{Outcome, with_causes};
use handspike_web::ListenError;

/// What `--help` says about exit codes.
pub(crate) const HELP: &str = "Exit codes:
  0    done
  1    a fault of Handspike itself, or a record that could not be written
  2    wrong usage: an unknown flag, model, image or mount path, a mistake in a scenario or configuration file, an empty prompt
  3    the model could not be asked, or gave no usable answer
  4    no Docker Engine, or a sandbox that could not be made or ended too early
  5    a limit was reached: steps, time or tokens
  6    a scenario's expectation was not met; a conformance case failed, or none applied
  7    a database that cannot be opened, is in use, or is damaged
  130  interrupted; a server of `mcp` or `serve` that is told to stop ends with 0";

/// The ends of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Done,
    Fault,
    Usage,
    Model,
    Sandbox,
    Limit,
    Expectation,
    Database,
    Interrupted,
    /// The status of a program that ran in a sandbox on the user's behalf.
    Program(u8),
}

impl Exit {
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Fault => 1,
            Self::Usage => 2,
            Self::Model => 3,
            Self::Sandbox => 4,
            Self::Limit => 5,
            Self::Expectation => 6,
            Self::Database => 7,
            Self::Interrupted => 130,
            Self::Program(status) => status,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

impl From<&Outcome> for Exit {
    fn from(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Done { .. } => Self::Done,
            // Nothing that the program offers runs with its client: it has none.
            Outcome::AwaitsClient { .. } => Self::Fault,
            Outcome::LimitReached { .. } => Self::Limit,
            Outcome::Cancelled => Self::Interrupted,
            Outcome::ModelFailed { .. } => Self::Model,
            Outcome::ExpectationFailed { .. } => Self::Expectation,
            Outcome::Faulted { .. } => Self::Sandbox,
        }
    }
}

/// An end that needs words: an exit and what to tell.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    error: anyhow::Error,
}

impl Failure {
    /// Wrong usage, in one sentence and a hint.
    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, error: anyhow::Error::msg(text.into()) }
    }

    /// A sandbox that is not there or does not obey.
    pub(crate) fn sandbox(error: impl Error + Send + Sync + 'static) -> Self {
        Self { exit: Exit::Sandbox, error: error.into() }
    }

    /// A database that can't be used, in one sentence and a hint.
    pub(crate) fn database(text: impl Into<String>) -> Self {
        Self { exit: Exit::Database, error: anyhow::Error::msg(text.into()) }
    }

    /// An address that a server can't have. `hosts` is the flag that names the hosts by which clients call it.
    pub(crate) fn listening(error: &ListenError, hosts: &str) -> Self {
        let text = with_causes(error);
        Self::usage(match error {
            ListenError::NotLoopback(address) => format!(
                "`{address}` can be reached from other machines\nhint: use 127.0.0.1, or name the host by which clients call it with {hosts}"
            ),
            ListenError::Listen { source, .. } if source.kind() == io::ErrorKind::AddrInUse => {
                format!("{text}\nhint: end what listens there, or take another port; port 0 is any free one")
            }
            ListenError::Listen { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                format!("{text}\nhint: ports below 1024 are the system's; take a higher one")
            }
            ListenError::Listen { .. } => text,
        })
    }

    /// Something that should not happen.
    pub(crate) fn internal(error: impl Error + Send + Sync + 'static) -> Self {
        Self { exit: Exit::Fault, error: error.into() }
    }

    /// Says it on standard error and gives the exit code.
    pub(crate) fn report(self) -> ExitCode {
        tell(&self.text());
        self.exit.into()
    }

    fn text(&self) -> String {
        format!("error: {}", with_causes(self.error.as_ref()))
    }
}

/// Says something on standard error. Nobody may listen there any more, and that changes nothing.
pub(crate) fn tell(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

macro_rules! failures {
    ($($error:ty => $exit:ident),* $(,)?) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self { exit: Exit::$exit, error: error.into() }
            }
        })*
    };
}

failures! {
    BeginError => Fault,
    TurnError => Fault,
    ScenarioError => Usage,
    ModelChoiceError => Usage,
    SpecError => Usage,
    GuestMissing => Fault,
    EngineError => Sandbox,
    BuildError => Sandbox,
    OpenError => Database,
    StoreError => Database,
    BackupError => Database,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_stands_on_the_last_line() {
        let failure = Failure::from(EngineError::Missing { socket: "/run/x".to_owned() });
        let text = failure.text();
        assert!(text.starts_with("error: no Docker Engine"), "{text}");
        assert!(text.lines().last().is_some_and(|line| line.starts_with("hint: ")), "{text}");
    }
}
