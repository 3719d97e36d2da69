//! What becomes of a container that does not do what is asked: whether it has ended, and why, and how it is brought to its
//! end where it does not answer. So a call that fails is told the cause, and the next one meets a clear state.

use std::{future::pending, time::Duration};

use bollard::query_parameters::{KillContainerOptionsBuilder, WaitContainerOptionsBuilder};
use futures_util::StreamExt as _;
use tokio::time::timeout;

use crate::{Engine, SandboxError, connection::ConnectionError, engine::is_not_found, guest_binary::GUEST_PATH};

/// How long the engine may take to see that a container has ended. The streams to it end before that.
const END_NOTICED: Duration = Duration::from_secs(2);

/// How long the processes of a container may take to end once they are killed.
const KILL_LIMIT: Duration = Duration::from_secs(10);

/// How long the removal of a container may take.
const REMOVAL_LIMIT: Duration = Duration::from_secs(10);

impl Engine {
    /// Waits until a container that is being removed is gone, and its name with it. One that stays will be told of when
    /// its name is needed.
    pub(crate) async fn wait_for_removal(&self, container: &str) {
        let removed = WaitContainerOptionsBuilder::new().condition("removed").build();
        let mut end = self.docker.wait_container(container, Some(removed));
        let _ = timeout(REMOVAL_LIMIT, end.next()).await;
    }

    /// What to say of a guest that does not answer. If nobody means it to be still, its processes are ended: the next
    /// call is to find a sandbox that works.
    pub(crate) async fn give_up(&self, container: &str) -> SandboxError {
        if self.is_paused(container).await {
            return SandboxError::Paused;
        }
        tracing::warn!(container, "a sandbox's guest does not answer; its processes are ended");
        self.kill(container).await;
        SandboxError::Ended {
            cause: format!("{}, so its processes were killed; its files are left", ConnectionError::Mute),
        }
    }

    pub(crate) async fn is_paused(&self, container: &str) -> bool {
        let about = self.docker.inspect_container(container, None).await;
        about.ok().and_then(|container| container.state?.paused).unwrap_or(false)
    }

    /// Ends all processes of a container. One that can't be killed will be met when it is started.
    pub(crate) async fn kill(&self, container: &str) {
        let kill = KillContainerOptionsBuilder::new().signal("SIGKILL").build();
        if let Err(error) = self.docker.kill_container(container, Some(kill)).await {
            tracing::debug!(container, %error, "a sandbox could not be killed");
        }
        let mut end = self.docker.wait_container(container, None);
        let _ = timeout(KILL_LIMIT, end.next()).await;
    }

    /// What a connection's failure comes from: the end of its container, where that is it.
    pub(crate) async fn explain(&self, error: ConnectionError, container: &str) -> SandboxError {
        match error {
            // The guest has answered, so its container runs.
            ConnectionError::Guest(_) => error.into(),
            ConnectionError::Exec(_)
            | ConnectionError::Silent(_)
            | ConnectionError::Mute
            | ConnectionError::Greeting(_)
            | ConnectionError::NotReached
            | ConnectionError::Lost => {
                let mut end = self.docker.wait_container(container, None);
                // Whatever comes of the waiting, the container's state tells more. One in which programs can be started
                // has not ended.
                let settled = async {
                    tokio::select! {
                        _ = end.next() => {}
                        () = self.proves_alive(container) => {}
                    }
                };
                let _ = timeout(END_NOTICED, settled).await;
                self.why_ended(container).await.unwrap_or(error.into())
            }
        }
    }

    /// Comes to its end once a program has run in the container; never if none can.
    async fn proves_alive(&self, container: &str) {
        let version = vec![GUEST_PATH.to_owned(), "--version".to_owned()];
        if let Ok(program) = self.exec(container, version, false).await {
            let (mut output, _input, running) = program.into_parts();
            while let Some(Ok(_)) = output.next().await {}
            if running.exit_status().await.is_ok_and(|status| status == 0) {
                return;
            }
        }
        pending().await
    }

    /// Why a container does not run any more; none when it does, or nobody can tell.
    async fn why_ended(&self, container: &str) -> Option<SandboxError> {
        let state = match self.docker.inspect_container(container, None).await {
            Ok(container) => container.state?,
            Err(error) if is_not_found(&error) => {
                return Some(SandboxError::Ended { cause: "its container was removed".to_owned() });
            }
            Err(_) => return None,
        };
        let cause = match state {
            state if state.oom_killed == Some(true) => "it ran out of memory\nhint: --memory sets the limit".to_owned(),
            state if state.running == Some(true) => return None,
            state => match state.error.filter(|error| !error.is_empty()) {
                Some(error) => error,
                None => format!("its first process ended with status {}", state.exit_code.unwrap_or(-1)),
            },
        };
        Some(SandboxError::Ended { cause })
    }
}
