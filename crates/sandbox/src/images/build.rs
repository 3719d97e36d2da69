//! Building an image: root file system, import, Dockerfile.

use std::{collections::HashMap, path::Path, process::Stdio};

use bollard::{
    body_full, body_try_stream,
    errors::Error,
    query_parameters::{BuildImageOptionsBuilder, CreateImageOptionsBuilder},
};
use futures_util::{StreamExt as _, TryStreamExt as _};
use tokio::{
    fs::File,
    io::{AsyncBufReadExt as _, BufReader},
    process::Command,
};
use tokio_util::io::ReaderStream;

use thiserror::Error as ThisError;

use super::{BuiltIn, Images, inputs};
use crate::engine::is_not_found;

/// The label that says what a base was started from.
const FROM_LABEL: &str = "dev.handspike.from";

/// What `FROM_LABEL` says where the root file system was made here.
const FROM_PACKAGES: &str = "debian-packages";

/// How much of a build's output an error shows.
const LINES_IN_ERROR: usize = 12;

/// How to build.
#[derive(Clone, Debug, Default)]
pub struct BuildOptions {
    /// The image to start from, instead of a root file system made from Debian packages.
    pub from: Option<String>,
    /// Whether to build again what is up to date.
    pub force: bool,
}

/// Why an image could not be built.
#[derive(Debug, ThisError)]
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

impl BuildOptions {
    /// What the base is started from, as its label says it.
    fn started_from(&self) -> &str {
        self.from.as_deref().unwrap_or(FROM_PACKAGES)
    }
}

impl Images {
    pub(super) async fn ensure_one(
        &self,
        image: BuiltIn,
        options: &BuildOptions,
        say: &dyn Fn(String),
    ) -> Result<(), BuildError> {
        let tag = image.tag();
        if !options.force && self.is_up_to_date(&tag, options).await? {
            say(format!("{image}: up to date ({tag})"));
            return Ok(());
        }
        let (parent, from) = match image {
            BuiltIn::Base => match &options.from {
                Some(from) => (from.clone(), from.clone()),
                None => (self.import_root(say).await?, options.started_from().to_owned()),
            },
            BuiltIn::Desktop => (BuiltIn::Base.tag(), options.started_from().to_owned()),
        };
        self.build(image, &tag, &parent, &from, say).await?;
        say(format!("{image}: built ({tag})"));
        Ok(())
    }

    async fn is_up_to_date(&self, tag: &str, options: &BuildOptions) -> Result<bool, Error> {
        let found = match self.engine.docker.inspect_image(tag).await {
            Ok(found) => found,
            Err(error) if is_not_found(&error) => return Ok(false),
            Err(error) => return Err(error),
        };
        let labels = found.config.and_then(|config| config.labels).unwrap_or_default();
        Ok(labels.get(FROM_LABEL).is_some_and(|from| from == options.started_from()))
    }

    /// Makes a root file system from Debian packages, imports it, and returns its reference.
    async fn import_root(&self, say: &dyn Fn(String)) -> Result<String, BuildError> {
        let folder = tempfile::tempdir()?;
        let archive = folder.path().join("root.tar");
        bootstrap(folder.path(), &archive, say).await?;
        say("base: importing the root file system".to_owned());
        let tag = root_tag();
        let (repository, version) = tag.split_once(':').unwrap_or((&tag, "latest"));
        let options = CreateImageOptionsBuilder::new().from_src("-").repo(repository).tag(version).build();
        let body = body_try_stream(ReaderStream::with_capacity(File::open(&archive).await?, 1 << 20));
        let mut import = std::pin::pin!(self.engine.docker.create_image(Some(options), Some(body), None));
        while import.try_next().await?.is_some() {}
        Ok(tag)
    }

    async fn build(
        &self,
        image: BuiltIn,
        tag: &str,
        parent: &str,
        from: &str,
        say: &dyn Fn(String),
    ) -> Result<(), BuildError> {
        let arguments = HashMap::from([("FROM".to_owned(), parent.to_owned())]);
        let labels = HashMap::from([(FROM_LABEL.to_owned(), from.to_owned())]);
        let options = BuildImageOptionsBuilder::new()
            .dockerfile("Dockerfile")
            .t(tag)
            .buildargs(&arguments)
            .labels(&labels)
            .rm(true)
            .forcerm(true)
            .build();
        let context = body_full(inputs::context(image)?);
        let mut tail = Tail::default();
        let mut build = self.engine.docker.build_image(options, None, Some(context));
        while let Some(news) = build.next().await {
            let news = news
                .map_err(|error| BuildError::Build { image: image.name(), cause: tail.before(&error.to_string()) })?;
            if let Some(error) = news.error_detail.and_then(|detail| detail.message) {
                return Err(BuildError::Build { image: image.name(), cause: tail.before(&error) });
            }
            for line in news.stream.iter().flat_map(|text| text.lines()).map(str::trim).filter(|line| !line.is_empty())
            {
                tail.push(line);
                say(format!("{image}: {line}"));
            }
        }
        Ok(())
    }
}

/// The tag of the root file system that the base starts from.
pub(super) fn root_tag() -> String {
    format!("handspike/root:{}", inputs::hash(BuiltIn::Base))
}

async fn bootstrap(folder: &Path, archive: &Path, say: &dyn Fn(String)) -> Result<(), BuildError> {
    let installed =
        Command::new("mmdebstrap").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().await;
    if installed.is_err() {
        return Err(BuildError::NoBootstrap);
    }
    say("base: making a root file system from Debian packages".to_owned());
    let script = folder.join("bootstrap.sh");
    tokio::fs::write(&script, inputs::bootstrap_script()).await?;
    let mut child = Command::new("sh")
        .arg(&script)
        .arg(archive)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut tail = Tail::default();
    if let Some(stderr) = child.stderr.take() {
        let mut lines = BufReader::new(stderr).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            tail.push(&line);
            say(format!("base: {line}"));
        }
    }
    let status = child.wait().await?;
    if status.success() { Ok(()) } else { Err(BuildError::Bootstrap(tail.before(&status.to_string()))) }
}

/// The last lines of a build's output.
#[derive(Default)]
struct Tail(Vec<String>);

impl Tail {
    fn push(&mut self, line: &str) {
        if self.0.len() == LINES_IN_ERROR {
            self.0.remove(0);
        }
        self.0.push(line.to_owned());
    }

    /// The lines, and after them what ended it all.
    fn before(&self, end: &str) -> String {
        self.0.iter().map(|line| format!("\n  {line}")).chain([format!("\n  {end}")]).collect()
    }
}
