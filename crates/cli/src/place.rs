//! Where tools run: the flags that `run` and `mcp` have in common, and how they become a workbench.

use std::{env, path::PathBuf};

use clap::{Args, ValueEnum};
use handspike_runtime::{History, Place, SandboxPlace, Workbench};
use handspike_sandbox::{BuildOptions, BuiltIn, Engine, GuestBinary, Images, Mount, Network, SandboxSpec, Screen};
use handspike_types::{SessionId, spec::SandboxTool};

use crate::{
    exit::{Failure, tell},
    render::Activity,
    tool_args::ChosenTools,
    units,
};

/// Where tools run and what they may use.
#[derive(Args)]
pub(crate) struct PlaceArgs {
    /// Where the tools run: `docker` in a locked-down container, `host` on this machine with nothing around them.
    #[arg(long, value_name = "PLACE", default_value = "docker")]
    pub(crate) sandbox: PlaceKind,

    /// The sandbox's image: `base`, `desktop`, or any image that the engine has.  [default: desktop]
    #[arg(long, value_name = "IMAGE")]
    image: Option<String>,

    /// Let the sandbox see a folder or file of this machine; read-only unless `:rw` is said.
    #[arg(long, value_name = "HOST:CONTAINER[:rw]")]
    mount: Vec<String>,

    /// What the sandbox can reach: `none` or `bridge` (the engine's network, usually the Internet).  [default: none]
    #[arg(long, value_name = "NETWORK")]
    network: Option<Network>,

    /// The sandbox's memory, swap included; a number of bytes, or one with k, m or g, from 6m on.  [default: 2g]
    #[arg(long, value_name = "SIZE", value_parser = units::parse_bytes)]
    memory: Option<u64>,

    /// The sandbox's processors, such as 0.5, up to as many as the engine has.  [default: 2, or what there is]
    #[arg(long, value_name = "N", value_parser = units::parse_cpus)]
    cpus: Option<f64>,

    /// The desktop's size, each side from 200 to 8192.  [default: 1024x768]
    #[arg(long, value_name = "WxH", value_parser = units::parse_screen)]
    screen: Option<Screen>,

    /// The number of the desktop's X display, 0 to 59.  [default: 0]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(..=59))]
    display_number: Option<u32>,

    /// Leave the sandbox running afterwards, to be looked at with `handspike sandbox shell`.
    #[arg(long)]
    pub(crate) keep: bool,
}

/// Where tools run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlaceKind {
    Docker,
    Host,
}

/// A place that was asked for and can be, as far as that is known without an engine.
pub(crate) struct Resolved {
    kind: ResolvedKind,
    tools: ChosenTools,
}

enum ResolvedKind {
    Docker {
        guest: GuestBinary,
        image: String,
        spec: Box<SandboxSpec>,
        /// The processors that were asked for, if any were.
        cpus: Option<f64>,
    },
    Host(PathBuf),
}

/// A place that is there.
pub(crate) struct Prepared {
    pub(crate) workbench: Workbench,
    /// The engine that sandboxes are made by; none on the host.
    pub(crate) engine: Option<Engine>,
}

impl PlaceArgs {
    /// Checks everything that can be checked without an engine. A scenario may name an image and bring mounts.
    pub(crate) fn resolve(
        &self,
        tools: ChosenTools,
        scenario_image: Option<String>,
        scenario_mounts: Vec<Mount>,
    ) -> Result<Resolved, Failure> {
        let here = env::current_dir().map_err(Failure::internal)?;
        let kind = match self.sandbox {
            PlaceKind::Host => {
                self.refuse_what_needs_a_container()?;
                ResolvedKind::Host(here)
            }
            PlaceKind::Docker => {
                let mut mounts = parse_mounts(&self.mount, &here)?;
                mounts.extend(scenario_mounts);
                let image = self.image.clone().or(scenario_image);
                let image = image.unwrap_or_else(|| BuiltIn::Desktop.name().to_owned());
                let usual = SandboxSpec::new(image.clone());
                let spec = SandboxSpec {
                    screen: self.screen.unwrap_or(usual.screen),
                    display: self.display_number.unwrap_or(usual.display),
                    mounts,
                    network: self.network.unwrap_or(usual.network),
                    memory: self.memory.unwrap_or(usual.memory),
                    keep: self.keep,
                    ..usual
                };
                ResolvedKind::Docker { guest: GuestBinary::find()?, image, spec: Box::new(spec), cpus: self.cpus }
            }
        };
        Ok(Resolved { kind, tools })
    }

    /// The tools that can work there, as far as it is known without starting anything: the image `base` has no desktop.
    /// Others are not looked into.
    pub(crate) fn without_missing_desktop(&self, tools: &[SandboxTool]) -> Result<Vec<SandboxTool>, Failure> {
        let image = self.image.as_deref().and_then(BuiltIn::named);
        if self.sandbox != PlaceKind::Docker || image != Some(BuiltIn::Base) {
            return Ok(tools.to_vec());
        }
        let needs_desktop = |tool: &&SandboxTool| matches!(tool, SandboxTool::Computer | SandboxTool::Desktop);
        let (missing, rest): (Vec<_>, Vec<_>) = tools.iter().partition(needs_desktop);
        if rest.is_empty() {
            return Err(Failure::usage(
                "the image `base` has no desktop, and --tools asks for nothing else\nhint: leave --image out, or choose other tools",
            ));
        }
        for tool in missing {
            tell(&format!("the image `base` has no desktop, so `{}` is not offered", SandboxTool::name(tool)));
        }
        Ok(rest)
    }

    fn refuse_what_needs_a_container(&self) -> Result<(), Failure> {
        let given = [
            ("--image", self.image.is_some()),
            ("--mount", !self.mount.is_empty()),
            ("--network", self.network.is_some()),
            ("--memory", self.memory.is_some()),
            ("--cpus", self.cpus.is_some()),
            ("--screen", self.screen.is_some()),
            ("--display-number", self.display_number.is_some()),
            ("--keep", self.keep),
        ];
        match given.iter().find(|(_, is_given)| *is_given) {
            Some((flag, _)) => Err(Failure::usage(format!(
                "{flag} makes no sense with --sandbox host: there is no container\nhint: leave one of them out"
            ))),
            None => Ok(()),
        }
    }
}

impl Resolved {
    /// Finds the engine, clears what earlier runs left behind, and sees to the image.
    pub(crate) async fn prepare(self, history: History, activity: &Activity) -> Result<Prepared, Failure> {
        let Self { kind, tools: ChosenTools { tools, settings } } = self;
        let (place, engine) = match kind {
            ResolvedKind::Host(cwd) => (Place::Host(cwd), None),
            ResolvedKind::Docker { guest, image, mut spec, cpus } => {
                let engine = Engine::connect().await?;
                let there_are = engine.processors().await.map_err(Failure::sandbox)?;
                spec.cpus = processors(cpus, spec.cpus, there_are)?;
                let removed = engine.reap().await.map_err(Failure::sandbox)?;
                if removed > 0 {
                    activity.note(&format!("removed {removed} sandbox(es) that an earlier run left behind"));
                }
                spec.image = resolve_image(&engine, &image, activity, &|note| activity.note(note)).await?;
                warn_of_unwritable_mounts(&spec.mounts, activity);
                let place = SandboxPlace { engine: engine.clone(), guest, spec: *spec, history };
                (Place::Sandbox(Box::new(place)), Some(engine))
            }
        };
        Ok(Prepared { workbench: Workbench { place, tools, settings }, engine })
    }
}

/// The processors of a sandbox, of those that the engine has. It refuses to make a container with more.
pub(crate) fn processors(asked: Option<f64>, usual: f64, there_are: f64) -> Result<f64, Failure> {
    match asked {
        Some(asked) if asked > there_are => Err(Failure::usage(format!(
            "--cpus {asked} is more than there is: the engine has {there_are}\nhint: give --cpus {there_are} or less"
        ))),
        Some(asked) => Ok(asked),
        None => Ok(usual.min(there_are)),
    }
}

/// Mounts as written; relative ones start at a folder.
pub(crate) fn parse_mounts(texts: &[String], base: &std::path::Path) -> Result<Vec<Mount>, Failure> {
    texts.iter().map(|text| Mount::parse(text, base).map_err(Failure::from)).collect()
}

/// A mount keeps its owner and mode, and the sandbox's user is nobody special there.
fn warn_of_unwritable_mounts(mounts: &[Mount], activity: &Activity) {
    for mount in mounts.iter().filter(|mount| mount.writable && mount.takes_writing().is_ok_and(|takes| !takes)) {
        activity.note(&format!(
            "warning: the sandbox's user (1000) may not write to `{}`\nhint: setfacl -R -m u:1000:rwX -m d:u:1000:rwX {}",
            mount.host.display(),
            mount.host.display()
        ));
    }
}

/// The engine's reference of an image. Handspike's own are built when they are missing.
pub(crate) async fn resolve_image(
    engine: &Engine,
    name: &str,
    activity: &Activity,
    note: &dyn Fn(&str),
) -> Result<String, Failure> {
    let images = Images::new(engine.clone());
    let Some(image) = BuiltIn::named(name) else {
        return if images.has(name).await.map_err(Failure::sandbox)? {
            Ok(name.to_owned())
        } else {
            Err(Failure::usage(format!(
                "the engine has no image `{name}`\nhint: Handspike's own are base and desktop; others must be pulled or built with docker first"
            )))
        };
    };
    if !images.has(&image.tag()).await.map_err(Failure::sandbox)? {
        note(&format!("the image `{image}` is not built yet; building it takes some minutes, once"));
        images.ensure(image, &BuildOptions::default(), &|line| activity.busy(&line)).await?;
        activity.idle();
    }
    Ok(image.tag())
}

/// Removes whatever carries the session's label, also when making it was cut short.
pub(crate) async fn sweep(engine: &Engine, session: SessionId) -> Result<(), Failure> {
    for left in engine.sandboxes_of(session).await.map_err(Failure::sandbox)? {
        engine.remove(&left.id).await.map_err(Failure::sandbox)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use handspike_types::{ToolSettings, ToolVersions};

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: PlaceArgs,
    }

    fn resolved(line: &[&str]) -> Result<Resolved, Failure> {
        let line = Line::try_parse_from([&["x"], line].concat()).expect("it parses");
        let tools = ChosenTools { tools: Vec::new(), settings: ToolSettings::of(ToolVersions::SCHEMAS) };
        line.args.resolve(tools, None, Vec::new())
    }

    #[test]
    fn processors_are_those_that_the_engine_has() {
        assert_eq!(processors(None, 2.0, 1.0).ok(), Some(1.0));
        assert_eq!(processors(None, 2.0, 8.0).ok(), Some(2.0));
        assert_eq!(processors(Some(0.5), 2.0, 1.0).ok(), Some(0.5));
        let text = format!("{:?}", processors(Some(1000.0), 2.0, 4.0).expect_err("more than there are"));
        assert!(text.contains("--cpus 1000") && text.contains("hint: give --cpus 4"), "{text}");
    }

    #[test]
    fn what_only_a_container_can_give_is_refused_on_the_host() {
        for (flag, value) in [
            ("--image", Some("base")),
            ("--mount", Some("/etc:/etc")),
            ("--network", Some("none")),
            ("--memory", Some("2g")),
            ("--cpus", Some("2")),
            ("--screen", Some("1024x768")),
            ("--display-number", Some("0")),
            ("--keep", None),
        ] {
            let line: Vec<&str> = ["--sandbox", "host", flag].into_iter().chain(value).collect();
            let Err(failure) = resolved(&line) else { panic!("{flag} is ignored") };
            let text = format!("{failure:?}");
            assert!(text.contains("Usage") && text.contains(flag) && text.contains("hint: "), "{text}");
        }
        assert!(matches!(resolved(&["--sandbox", "host"]).map(|place| place.kind), Ok(ResolvedKind::Host(_))));
    }
}
