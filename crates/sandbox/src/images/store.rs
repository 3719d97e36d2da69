//! The images of one engine: which are there, which are to be made, which can go.

use super::{BuildError, BuildOptions, BuiltIn, build};
use crate::{Engine, ready_image};

/// The images of one engine.
#[derive(Clone, Debug)]
pub struct Images {
    pub(crate) engine: Engine,
}

impl Images {
    /// The images of an engine.
    #[must_use]
    pub fn new(engine: Engine) -> Self {
        Self { engine }
    }

    /// Whether the engine has an image of this reference.
    pub async fn has(&self, reference: &str) -> Result<bool, bollard::errors::Error> {
        self.engine.has_image(reference).await
    }

    /// Makes sure that an image and those that it is built on are there and up to date, and says what it does.
    pub async fn ensure(&self, image: BuiltIn, options: &BuildOptions, say: &dyn Fn(String)) -> Result<(), BuildError> {
        for image in image.with_parents() {
            self.ensure_one(image, options, say).await?;
        }
        Ok(())
    }

    /// Removes images of Handspike's own that are out of date and in nobody's use; returns their tags.
    pub async fn prune(&self) -> Result<Vec<String>, bollard::errors::Error> {
        let mut current = BuiltIn::ALL.map(BuiltIn::tag).to_vec();
        current.push(build::root_tag());
        let mut removed = Vec::new();
        let options = bollard::query_parameters::ListImagesOptionsBuilder::new().build();
        let tags = self.engine.docker.list_images(Some(options)).await?.into_iter().flat_map(|image| image.repo_tags);
        for tag in tags.filter(|tag| is_own(tag) && !current.contains(tag)) {
            let options: Option<bollard::query_parameters::RemoveImageOptions> = None;
            // One that a container or another image still needs is left.
            if self.engine.docker.remove_image(&tag, options, None).await.is_ok() {
                removed.push(tag);
            }
        }
        Ok(removed)
    }
}

fn is_own(tag: &str) -> bool {
    tag.split_once(':').is_some_and(|(repository, _)| {
        ["handspike/base", "handspike/desktop", "handspike/root", ready_image::REPOSITORY].contains(&repository)
    })
}
