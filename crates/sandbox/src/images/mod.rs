//! The images that Handspike brings: `base` and `desktop`. They are built from inputs that stand in this program, and
//! tagged by a hash of these, so an image of the right tag is up to date. No registry is involved: the root file
//! system is made from Debian packages, unless an image to start from is given.

mod build;
mod inputs;

use std::fmt;

use thiserror::Error;

use crate::{Engine, ready_image};

/// An image of Handspike's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuiltIn {
    /// Bash and the usual tools.
    Base,
    /// The base with an X server, a window manager, a browser and fonts.
    Desktop,
}

impl BuiltIn {
    /// All of them, each after what it is built on.
    pub const ALL: [Self; 2] = [Self::Base, Self::Desktop];

    /// The image of a short name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|image| image.name() == name)
    }

    /// Its short name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Desktop => "desktop",
        }
    }

    /// Its tag: the name and a hash of everything that goes into it.
    #[must_use]
    pub fn tag(self) -> String {
        format!("handspike/{}:{}", self.name(), inputs::hash(self))
    }
}

impl fmt::Display for BuiltIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How to build.
#[derive(Clone, Debug, Default)]
pub struct BuildOptions {
    /// The image to start from, instead of a root file system made from Debian packages.
    pub from: Option<String>,
    /// Whether to build again what is up to date.
    pub force: bool,
}

/// Why an image could not be built.
#[derive(Debug, Error)]
pub enum BuildError {
    /// The tool that makes the root file system is not there.
    #[error(
        "mmdebstrap, which makes the images' root file system, is not installed\nhint: apt-get install mmdebstrap, or give an image to start from with --from"
    )]
    NoBootstrap,
    /// It did not work.
    #[error("the images' root file system could not be made: {0}")]
    Bootstrap(String),
    /// A step of a Dockerfile failed.
    #[error("the image `{image}` could not be built: {cause}")]
    Build {
        /// The image.
        image: &'static str,
        /// The end of the build's output.
        cause: String,
    },
    /// The engine refused.
    #[error("the engine refused")]
    Engine(#[from] bollard::errors::Error),
    /// A temporary file could not be written.
    #[error("the build's files could not be written")]
    Files(#[from] std::io::Error),
}

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

    /// Makes sure that an image is there and up to date; says what it does, and returns whether it had to build.
    pub async fn ensure(
        &self,
        image: BuiltIn,
        options: &BuildOptions,
        say: &dyn Fn(String),
    ) -> Result<bool, BuildError> {
        let mut built = false;
        for image in BuiltIn::ALL.into_iter().take_while(|step| *step != image).chain([image]) {
            built |= self.ensure_one(image, options, say).await?;
        }
        Ok(built)
    }
}

impl Images {
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
