//! A sandbox's container: how it is locked down, made, started, listed and removed.

use std::collections::HashMap;

use bollard::{
    config::ContainerSummary,
    errors::Error,
    models::{
        ContainerCreateBody, ContainerSummaryStateEnum, HealthConfig, HostConfig, HostConfigLogConfig, ResourcesUlimits,
    },
    query_parameters::{
        CreateContainerOptions, CreateContainerOptionsBuilder, ListContainersOptionsBuilder,
        RemoveContainerOptionsBuilder, StopContainerOptionsBuilder,
    },
};
use handspike_core::WORKSPACE;
use handspike_types::SessionId;
use uuid::Uuid;

use crate::{
    Engine, GuestBinary, SandboxSpec,
    engine::is_not_found,
    guest_binary::{GUEST_PATH, HOME, USER_ID},
    owner::{self, Ownership, SERVER_LABEL, SESSION_LABEL},
};

const NAME_PREFIX: &str = "handspike-";
const SANDBOX: &str = "sandbox-";

/// How long the processes of a sandbox may take to end when they are told to; its first one ends at once.
const STOP_SECONDS: i32 = 5;

/// A sandbox's container, as the engine lists it.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The engine's id, 64 hexadecimal digits.
    pub id: String,
    /// Seconds since the Unix epoch at which it was made.
    pub created: u64,
    /// Whether its guest runs.
    pub running: bool,
    /// Whether it has never run.
    pub is_new: bool,
    /// Whether it is a sandbox, and not what is left of putting the guest into an image.
    pub is_sandbox: bool,
    /// What its labels say.
    pub ownership: Ownership,
}

impl Engine {
    /// Makes a sandbox's container, not yet started, and returns its id.
    pub(crate) async fn create(
        &self,
        session: SessionId,
        spec: &SandboxSpec,
        guest: &GuestBinary,
    ) -> Result<String, Error> {
        let labels = owner::labels(session, spec);
        let name = named(&sandbox_name(session));
        let image = self.ready_image(&spec.image, guest, &labels).await?;
        match self.docker.create_container(Some(name.clone()), create_body(image, labels.clone(), spec)).await {
            // Somebody has just pruned it.
            Err(error) if is_not_found(&error) => {
                let image = self.ready_image(&spec.image, guest, &labels).await?;
                Ok(self.docker.create_container(Some(name), create_body(image, labels, spec)).await?.id)
            }
            created => Ok(created?.id),
        }
    }

    /// Starts a container.
    pub(crate) async fn start(&self, id: &str) -> Result<(), Error> {
        self.docker.start_container(id, None).await
    }

    /// Ends and removes a container with its anonymous volumes. One that is not there counts as removed.
    pub async fn remove(&self, id: &str) -> Result<(), Error> {
        let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
        let mut removed = self.docker.remove_container(id, Some(options.clone())).await;
        if removed.as_ref().is_err_and(is_late_end) {
            removed = self.docker.remove_container(id, Some(options)).await;
        }
        match removed {
            Err(error) if !is_not_found(&error) && !is_being_removed(&error) => Err(error),
            _ => Ok(()),
        }
    }

    /// Ends all processes of a container, whose files stay. One that does not run or is not there counts as stopped.
    pub async fn stop(&self, id: &str) -> Result<(), Error> {
        let options = StopContainerOptionsBuilder::new().t(STOP_SECONDS).build();
        match self.docker.stop_container(id, Some(options)).await {
            Err(error) if !is_not_found(&error) && !is_unchanged(&error) => Err(error),
            _ => Ok(()),
        }
    }

    /// All sandboxes that this engine knows, running or not.
    pub async fn sandboxes(&self) -> Result<Vec<Listed>, Error> {
        self.list(SESSION_LABEL.to_owned()).await
    }

    /// The sandboxes of one session.
    pub async fn sandboxes_of(&self, session: SessionId) -> Result<Vec<Listed>, Error> {
        self.list(format!("{SESSION_LABEL}={session}")).await
    }

    /// The sandboxes of one server.
    pub async fn sandboxes_of_server(&self, store: Uuid) -> Result<Vec<Listed>, Error> {
        self.list(format!("{SERVER_LABEL}={store}")).await
    }

    async fn list(&self, label: String) -> Result<Vec<Listed>, Error> {
        let filters = HashMap::from([("label", vec![label])]);
        let options = ListContainersOptionsBuilder::new().all(true).filters(&filters).build();
        let containers = self.docker.list_containers(Some(options)).await?;
        Ok(containers.into_iter().filter_map(listed).collect())
    }
}

/// The name of a session's container: there is only one.
#[must_use]
pub fn sandbox_name(session: SessionId) -> String {
    format!("{NAME_PREFIX}{SANDBOX}{session}")
}

/// The name of a container that only exists to put the guest into an image.
pub(crate) fn maker_name(session: &str) -> String {
    format!("{NAME_PREFIX}maker-{session}")
}

/// Labels pass on to images that are made of a container, and from these to other containers; names don't, so both
/// together say that a container is ours.
pub(crate) fn named(name: &str) -> CreateContainerOptions {
    CreateContainerOptionsBuilder::new().name(name).build()
}

fn listed(container: ContainerSummary) -> Option<Listed> {
    let names = container.names?;
    let mut ours = names.iter().filter_map(|name| name.trim_start_matches('/').strip_prefix(NAME_PREFIX)).peekable();
    ours.peek()?;
    use ContainerSummaryStateEnum::{CREATED, PAUSED, RESTARTING, RUNNING};
    Some(Listed {
        id: container.id?,
        created: container.created.and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or(0),
        running: matches!(container.state, Some(RUNNING | PAUSED | RESTARTING)),
        is_new: container.state == Some(CREATED),
        is_sandbox: ours.any(|name| name.starts_with(SANDBOX)),
        ownership: Ownership::from_labels(&container.labels?)?,
    })
}

/// What is being removed can neither be started nor removed a second time.
pub(crate) fn is_being_removed(error: &Error) -> bool {
    matches!(error, Error::DockerResponseServerError { status_code: 409, .. })
}

/// It is already as it should be.
fn is_unchanged(error: &Error) -> bool {
    matches!(error, Error::DockerResponseServerError { status_code: 304, .. })
}

/// The engine killed a container and did not hear of its end in time. Asked again it usually has.
fn is_late_end(error: &Error) -> bool {
    matches!(error, Error::DockerResponseServerError { message, .. } if message.contains("did not receive an exit event"))
}

fn create_body(image: String, labels: HashMap<String, String>, spec: &SandboxSpec) -> ContainerCreateBody {
    ContainerCreateBody {
        image: Some(image),
        entrypoint: Some(vec![GUEST_PATH.to_owned()]),
        cmd: Some(vec!["init".to_owned()]),
        user: Some(format!("{USER_ID}:{USER_ID}")),
        working_dir: Some(WORKSPACE.to_owned()),
        hostname: Some("sandbox".to_owned()),
        env: Some(vec![
            format!("HOME={HOME}"),
            "USER=agent".to_owned(),
            "LANG=C.UTF-8".to_owned(),
            format!("HANDSPIKE_SCREEN={}", spec.screen),
            format!("HANDSPIKE_DISPLAY={}", spec.display),
            format!("HANDSPIKE_IDLE={}", spec.time_to_live.as_secs()),
        ]),
        labels: Some(labels),
        // An image's own health check would start processes in the sandbox that nobody asked for.
        healthcheck: Some(HealthConfig { test: Some(vec!["NONE".to_owned()]), ..HealthConfig::default() }),
        host_config: Some(host_config(spec)),
        ..ContainerCreateBody::default()
    }
}

/// The lock-down. The engine's default seccomp profile is in force because nothing here turns it off.
fn host_config(spec: &SandboxSpec) -> HostConfig {
    let bytes = |size: u64| i64::try_from(size).unwrap_or(i64::MAX);
    HostConfig {
        network_mode: Some(spec.network.mode().to_owned()),
        cap_drop: Some(vec!["ALL".to_owned()]),
        security_opt: Some(vec!["no-new-privileges:true".to_owned()]),
        privileged: Some(false),
        memory: Some(bytes(spec.memory)),
        memory_swap: Some(bytes(spec.memory)),
        #[expect(clippy::cast_possible_truncation, reason = "a number of processors is far from the limits of i64")]
        nano_cpus: Some((spec.cpus * 1e9) as i64),
        pids_limit: Some(i64::from(spec.processes)),
        shm_size: Some(bytes(spec.shared_memory)),
        // A core dump would go to wherever the host's pattern says.
        ulimits: Some(vec![ulimit("core", 0)]),
        binds: Some(spec.mounts.iter().map(crate::Mount::bind).collect()),
        ipc_mode: Some("private".to_owned()),
        // Nobody reads the engine's log of the guest, and a sandbox could fill the disk with it.
        log_config: Some(HostConfigLogConfig { typ: Some("none".to_owned()), config: None }),
        ..HostConfig::default()
    }
}

fn ulimit(name: &str, limit: i64) -> ResourcesUlimits {
    ResourcesUlimits { name: Some(name.to_owned()), soft: Some(limit), hard: Some(limit) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_that_the_engine_heard_of_too_late_is_told_from_other_refusals() {
        let answer = |message: &str| Error::DockerResponseServerError { status_code: 500, message: message.to_owned() };
        let late = "cannot remove container \"/handspike-sandbox-1\": could not kill: tried to kill container, but did not \
                    receive an exit event";
        assert!(is_late_end(&answer(late)));
        assert!(!is_late_end(&answer("driver \"overlay2\" failed to remove root filesystem")));
    }

    #[test]
    fn the_default_sandbox_is_locked_down() {
        let body = create_body("base".to_owned(), HashMap::new(), &SandboxSpec::new("base"));
        assert_eq!(body.user.as_deref(), Some("1000:1000"));
        let host = body.host_config.expect("a host configuration");
        assert_eq!(host.network_mode.as_deref(), Some("none"));
        assert_eq!(host.cap_drop, Some(vec!["ALL".to_owned()]));
        assert_eq!(host.security_opt, Some(vec!["no-new-privileges:true".to_owned()]));
        assert_eq!((host.memory, host.memory_swap), (Some(2 << 30), Some(2 << 30)));
        assert_eq!((host.nano_cpus, host.pids_limit), (Some(2_000_000_000), Some(512)));
        assert_eq!(host.binds, Some(Vec::new()));
    }
}
