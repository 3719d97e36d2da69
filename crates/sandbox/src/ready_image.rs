//! Images with the guest in them. The first sandbox from an image has the guest put into a container that never runs,
//! and the result is kept as an image of its own; every later one starts from that. Putting the guest into each
//! container anew would cost the engine as long as starting the container's first process does.

use std::collections::HashMap;

use bollard::{
    body_full,
    errors::Error,
    models::{ContainerConfig, ContainerCreateBody},
    query_parameters::{CommitContainerOptionsBuilder, UploadToContainerOptionsBuilder},
};

use crate::{
    Engine, GuestBinary,
    container::{maker_name, named},
    owner::SESSION_LABEL,
};

/// The repository of these images.
pub(crate) const REPOSITORY: &str = "handspike/ready";

impl Engine {
    /// The reference of an image with the guest in it, made from `image` where it is not there yet. `labels` say who
    /// makes it, so that what a crash leaves behind is found.
    pub(crate) async fn ready_image(
        &self,
        image: &str,
        guest: &GuestBinary,
        labels: &HashMap<String, String>,
    ) -> Result<String, Error> {
        let id = self.docker.inspect_image(image).await?.id.unwrap_or_default();
        let id = id.trim_start_matches("sha256:");
        let tag = format!("{}-{}", &id[..id.len().min(12)], guest.hash());
        let reference = format!("{REPOSITORY}:{tag}");
        if !self.has_image(&reference).await? {
            self.make_ready(image, guest, labels, &tag).await?;
        }
        Ok(reference)
    }

    async fn make_ready(
        &self,
        image: &str,
        guest: &GuestBinary,
        labels: &HashMap<String, String>,
        tag: &str,
    ) -> Result<(), Error> {
        let body = ContainerCreateBody {
            image: Some(image.to_owned()),
            // An image of a bare root file system names no command, and the engine makes no container without one.
            cmd: Some(vec!["none".to_owned()]),
            labels: Some(labels.clone()),
            ..ContainerCreateBody::default()
        };
        let container = self
            .docker
            .create_container(Some(named(&maker_name(labels.get(SESSION_LABEL).map_or("", String::as_str)))), body)
            .await?
            .id;
        let made = async {
            let to_root = UploadToContainerOptionsBuilder::new().path("/").build();
            self.docker.upload_to_container(&container, Some(to_root), body_full(guest.archive()?)).await?;
            let commit = CommitContainerOptionsBuilder::new().container(&container).repo(REPOSITORY).tag(tag).build();
            self.docker.commit_container(commit, ContainerConfig::default()).await.map(drop)
        };
        let made = made.await;
        let removed = self.remove(&container).await;
        made.and(removed)
    }
}
