//! The connection to a Docker Engine, and what to say when there is none.

use std::{env, io::ErrorKind, time::Duration};

use bollard::{Docker, errors::Error};
use thiserror::Error as ThisError;
use tokio::time::timeout;

const DEFAULT_HOST: &str = "unix:///var/run/docker.sock";

/// How long an engine may take to say which version it is.
const ANSWER_LIMIT: Duration = Duration::from_secs(15);

/// A Docker Engine that answers, spoken to in the newest API version that both sides know.
#[derive(Clone, Debug)]
pub struct Engine {
    pub(crate) docker: Docker,
}

/// Why there is no engine to speak to.
#[derive(Debug, ThisError)]
pub enum EngineError {
    /// Nothing is there.
    #[error(
        "no Docker Engine is installed or running: there is no `{socket}`\nhint: install one (Debian and Ubuntu: apt-get install docker.io) and start it, or set DOCKER_HOST"
    )]
    Missing {
        /// The socket that was looked for.
        socket: String,
    },
    /// A socket is there, but nobody listens.
    #[error(
        "the Docker Engine at `{host}` is not running\nhint: start it (systemctl start docker), or set DOCKER_HOST"
    )]
    NotRunning {
        /// The address that was tried.
        host: String,
    },
    /// The engine does not talk to this user.
    #[error(
        "the Docker Engine at `{host}` refuses this user\nhint: add yourself to its group (usermod -aG docker $USER) and log in again"
    )]
    Refused {
        /// The address that was tried.
        host: String,
    },
    /// `DOCKER_HOST` makes no sense here.
    #[error(
        "`{host}` is no address of a Docker Engine that can be used\nhint: set DOCKER_HOST to unix:///path or tcp://host:port"
    )]
    Address {
        /// The address as given.
        host: String,
        /// What is wrong with it.
        source: Error,
    },
    /// It takes the connection and says nothing.
    #[error("the Docker Engine at `{host}` gives no answer within {} s\nhint: restart it (systemctl restart docker)", ANSWER_LIMIT.as_secs())]
    Silent {
        /// The address that was tried.
        host: String,
    },
    /// It answers with something else.
    #[error("the Docker Engine at `{host}` does not answer as one")]
    Answer {
        /// The address that was tried.
        host: String,
        /// What came back.
        source: Error,
    },
}

impl Engine {
    /// Connects to the engine that `DOCKER_HOST` names, or to the local one.
    pub async fn connect() -> Result<Self, EngineError> {
        let host = env::var("DOCKER_HOST").unwrap_or_else(|_| DEFAULT_HOST.to_owned());
        let docker = match Docker::connect_with_host(&host) {
            Ok(docker) => docker,
            Err(Error::SocketNotFoundError(socket)) => return Err(EngineError::Missing { socket }),
            Err(source) => return Err(EngineError::Address { host, source }),
        };
        // Debian 12's engine is older than the client's default version and would refuse it.
        let Ok(negotiated) = timeout(ANSWER_LIMIT, docker.negotiate_version()).await else {
            return Err(EngineError::Silent { host });
        };
        match negotiated {
            Ok(docker) => Ok(Self { docker }),
            Err(source) => Err(match io_kind(&source) {
                Some(ErrorKind::PermissionDenied) => EngineError::Refused { host },
                Some(ErrorKind::NotFound | ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset) => {
                    EngineError::NotRunning { host }
                }
                _ => EngineError::Answer { host, source },
            }),
        }
    }

    /// The processors of the engine's machine.
    pub async fn processors(&self) -> Result<f64, Error> {
        let count = self.docker.info().await?.ncpu.and_then(|count| u32::try_from(count).ok());
        // One that does not say refuses by itself what it does not have.
        Ok(count.filter(|count| *count > 0).map_or(f64::INFINITY, f64::from))
    }

    /// Whether there is an image of this reference.
    pub(crate) async fn has_image(&self, reference: &str) -> Result<bool, Error> {
        match self.docker.inspect_image(reference).await {
            Ok(_) => Ok(true),
            Err(error) if is_not_found(&error) => Ok(false),
            // What is no reference at all names no image either.
            Err(Error::DockerResponseServerError { status_code: 400, .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// The kind of the I/O error at the bottom of an engine's error.
fn io_kind(error: &(dyn std::error::Error + 'static)) -> Option<ErrorKind> {
    let mut current = Some(error);
    while let Some(error) = current {
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            return Some(io.kind());
        }
        current = error.source();
    }
    None
}

/// Whether the engine says that the thing asked for does not exist.
pub(crate) fn is_not_found(error: &Error) -> bool {
    matches!(error, Error::DockerResponseServerError { status_code: 404, .. })
}
