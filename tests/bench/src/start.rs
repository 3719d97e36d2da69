//! A sandbox that is ready, from request to its first bash answer.

use std::{collections::HashMap, time::Duration};

use anyhow::{Result, bail};
use bollard::{
    Docker,
    exec::{CreateExecOptions, StartExecResults},
    models::{ContainerCreateBody, HostConfig},
    query_parameters::RemoveContainerOptionsBuilder,
};
use futures_util::StreamExt as _;
use handspike_sandbox::{BuiltIn, Engine};
use serde_json::json;

use crate::{
    measure::{Measure, median_millis, timed},
    sandboxed::{call, open},
};

const STARTS: usize = 20;

pub(crate) async fn run() -> Result<Measure> {
    let engine = Engine::connect().await?;
    let docker = Docker::connect_with_defaults()?.negotiate_version().await?;
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        ours.push(one_of_ours(&engine).await?);
        bare.push(one_bare(&docker).await?);
    }
    let (ours, bare) = (median_millis(ours), median_millis(bare));
    Ok(Measure::beside("sandbox ready, base image", "ms", ours, "bare create + start + exec of `echo`", bare)
        .at_most(1.3))
}

async fn one_of_ours(engine: &Engine) -> Result<Duration> {
    let (time, sandbox) = timed(async {
        let sandbox = open(engine, BuiltIn::Base).await?;
        call(&sandbox, "bash", json!({"command": "echo ready"})).await?;
        anyhow::Ok(sandbox)
    })
    .await?;
    engine.remove(sandbox.container()).await?;
    Ok(time)
}

/// The same through the engine's API alone: a container that waits, and one exec whose output is read.
async fn one_bare(docker: &Docker) -> Result<Duration> {
    let body = ContainerCreateBody {
        image: Some(BuiltIn::Base.tag()),
        entrypoint: Some(vec!["sleep".to_owned()]),
        cmd: Some(vec!["600".to_owned()]),
        labels: Some(HashMap::from([("dev.handspike.bench".to_owned(), "true".to_owned())])),
        host_config: Some(HostConfig { network_mode: Some("none".to_owned()), ..HostConfig::default() }),
        ..ContainerCreateBody::default()
    };
    let (time, container) = timed(async {
        let container = docker.create_container(None, body).await?.id;
        docker.start_container(&container, None).await?;
        let options = CreateExecOptions {
            attach_stdout: Some(true),
            cmd: Some(vec!["bash", "-c", "echo ready"]),
            ..CreateExecOptions::default()
        };
        let exec = docker.create_exec(&container, options).await?;
        match docker.start_exec(&exec.id, None).await? {
            StartExecResults::Attached { mut output, .. } => while output.next().await.transpose()?.is_some() {},
            StartExecResults::Detached => bail!("the engine did not attach"),
        }
        anyhow::Ok(container)
    })
    .await?;
    let force = RemoveContainerOptionsBuilder::new().force(true).build();
    docker.remove_container(&container, Some(force)).await?;
    Ok(time)
}
