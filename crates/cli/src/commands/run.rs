//! `handspike run`: a task or a scenario file in, a live transcript and a record out.

use std::{
    env, io,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use handspike_core::{EventSink, Limits, Model, Transcript};
use handspike_runtime::{Assembly, Scenario, model_named};
use handspike_sandbox::{BuildOptions, BuiltIn, Engine, GuestBinary, Images, Mount, Network, SandboxSpec, Screen};
use handspike_types::SessionId;

use crate::{
    exit::{Exit, Failure, tell},
    interrupt::Interrupt,
    render::{Activity, JsonLines, Report, Terminal},
    units,
};

/// Run an agent session on a task, or play a scenario file.
#[derive(Args)]
#[command(after_help = "Examples:
  handspike run --model openai:gpt-6 \"write a haiku about the kernel into /workspace/haiku.txt\"
  handspike run --model openai:qwen3 --base-url http://127.0.0.1:8080/v1 --mount .:/workspace/src:rw \"fix the tests\"
  handspike run --scenario tests/scenarios/demo/scenario.yaml --out demo")]
pub(crate) struct RunArgs {
    /// What the agent is to do.
    #[arg(required_unless_present = "scenario", conflicts_with = "scenario")]
    prompt: Option<String>,

    /// Play a scenario file: its prompt, its image, and a scripted model instead of a real one.
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,

    /// The model, as PROVIDER:NAME. `openai:NAME` is any server that speaks Chat Completions; the key comes from
    /// OPENAI_API_KEY.
    #[arg(long, value_name = "PROVIDER:NAME", required_unless_present = "scenario", conflicts_with = "scenario")]
    model: Option<String>,

    /// Where the model's server is, up to and with `/v1`. Otherwise OPENAI_BASE_URL, or the provider's own.
    #[arg(long, value_name = "URL", conflicts_with = "scenario")]
    base_url: Option<String>,

    /// The sandbox's image: `base`, `desktop`, or any image that the engine has.  [default: desktop]
    #[arg(long, value_name = "IMAGE")]
    image: Option<String>,

    /// Let the sandbox see a folder or file of this machine; read-only unless `:rw` is said.
    #[arg(long, value_name = "HOST:CONTAINER[:rw]")]
    mount: Vec<String>,

    /// What the sandbox can reach: `none` or `bridge` (the engine's network, usually the Internet).
    #[arg(long, value_name = "NETWORK", default_value = "none")]
    network: Network,

    /// The sandbox's memory.
    #[arg(long, value_name = "SIZE", default_value = "2g", value_parser = units::parse_bytes)]
    memory: u64,

    /// The sandbox's processors.
    #[arg(long, value_name = "N", default_value = "2", value_parser = units::parse_cpus)]
    cpus: f64,

    /// The desktop's size.
    #[arg(long, value_name = "WxH", default_value = "1024x768", value_parser = units::parse_screen)]
    screen: Screen,

    /// Stop after this time.
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = units::parse_duration)]
    timeout: Duration,

    /// Stop after this many requests to the model.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    max_steps: u32,

    /// Stop after this many tokens, in and out.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    max_tokens: Option<u64>,

    /// Leave the sandbox running afterwards, to be looked at with `handspike sandbox shell`.
    #[arg(long)]
    keep: bool,

    /// The folder for transcript, screenshots and report.  [default: a new one below ~/.local/state/handspike]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Write events as JSON lines to standard output.
    #[arg(long)]
    json: bool,
}

/// What is to be run, once everything that can be checked without a container has been.
struct Task {
    prompt: String,
    model: Box<dyn Model>,
    image: String,
    mounts: Vec<Mount>,
}

pub(crate) async fn run(args: RunArgs) -> Result<Exit, Failure> {
    let task = Task::resolve(&args)?;
    let guest = GuestBinary::find()?;
    let session = SessionId::generate();
    let record = Record::open(args.out.clone().unwrap_or_else(|| default_record(session)))?;
    let interrupt = Interrupt::listen().map_err(Failure::internal)?;
    let activity = if args.json { Activity::hidden() } else { Activity::shown() };
    let (engine, image) = tokio::select! {
        prepared = prepare(&task.image, &activity) => prepared?,
        () = interrupt.polite.cancelled() => return Ok(Exit::Interrupted),
    };

    warn_of_unwritable_mounts(&task.mounts, &activity);
    let parts = Parts { engine: engine.clone(), guest, image, session, record, activity };
    let ended = play(&args, task, parts, &interrupt).await;
    let left = if args.keep { tell_what_is_kept(&engine, session).await } else { sweep(&engine, session).await };
    let exit = ended?;
    left?;
    Ok(exit)
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

/// Finds the engine, clears what earlier runs left behind, and sees to the image.
async fn prepare(image: &str, activity: &Activity) -> Result<(Engine, String), Failure> {
    let engine = Engine::connect().await?;
    let removed = engine.reap().await.map_err(Failure::sandbox)?;
    if removed > 0 {
        activity.note(&format!("removed {removed} sandbox(es) that an earlier run left behind"));
    }
    let image = resolve_image(&engine, image, activity).await?;
    Ok((engine, image))
}

struct Parts {
    engine: Engine,
    guest: GuestBinary,
    image: String,
    session: SessionId,
    record: Record,
    activity: Activity,
}

/// Where the session's record goes. It is opened before anything slow begins: it may not be writable.
struct Record {
    folder: PathBuf,
    report: Report,
}

impl Record {
    fn open(folder: PathBuf) -> Result<Self, Failure> {
        let report = std::fs::create_dir_all(&folder)
            .and_then(|()| refuse_what_is_not_a_record(&folder))
            .and_then(|()| Report::create(&folder.join(Report::FILE)));
        match report {
            Ok(report) => Ok(Self { folder, report }),
            Err(error) => Err(Failure::usage(format!(
                "the record's folder `{}` cannot be used: {error}\nhint: --out takes an empty folder, a new one, or one of an earlier run",
                folder.display()
            ))),
        }
    }
}

/// An earlier run's record is replaced; anything else in the folder would be somebody's work.
fn refuse_what_is_not_a_record(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let (name, kind) = (entry.file_name(), entry.file_type()?);
        let is_ours = match name.to_str() {
            Some(Transcript::FILE | Report::FILE) => kind.is_file(),
            Some(Transcript::SCREENSHOTS) => kind.is_dir(),
            _ => false,
        };
        if !is_ours {
            return Err(io::Error::other(format!("it holds `{}`, which is of no record", name.display())));
        }
    }
    Ok(())
}

async fn play(args: &RunArgs, task: Task, parts: Parts, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let Parts { engine, guest, image, session, record: Record { folder, report }, activity } = parts;
    let live: Box<dyn EventSink> =
        if args.json { Box::new(JsonLines) } else { Box::new(Terminal::new(activity.clone(), folder.clone())) };
    let assembly = Assembly {
        session,
        model: task.model,
        engine,
        guest,
        sandbox: SandboxSpec {
            screen: args.screen,
            mounts: task.mounts,
            network: args.network,
            memory: args.memory,
            cpus: args.cpus,
            keep: args.keep,
            ..SandboxSpec::new(image)
        },
        limits: Limits { steps: args.max_steps, wall_time: args.timeout, tokens: args.max_tokens },
        record: folder.clone(),
        sinks: vec![live, Box::new(report)],
    };
    let mut running = assembly.begin().await?;
    let outcome = tokio::select! {
        outcome = running.run_turn(&task.prompt, &interrupt.polite) => Some(outcome),
        () = interrupt.at_once.cancelled() => None,
    };
    let ended = running.end().await;
    if !args.json {
        activity.note(&format!("record: {}\nreport: {}", folder.display(), folder.join(Report::FILE).display()));
    }
    let outcome = outcome.transpose()?;
    ended.map_err(Failure::sandbox)?;
    Ok(outcome.as_ref().map_or(Exit::Interrupted, Exit::from))
}

impl Task {
    fn resolve(args: &RunArgs) -> Result<Self, Failure> {
        let scenario = args.scenario.as_deref().map(Scenario::load).transpose()?;
        let here = env::current_dir().map_err(Failure::internal)?;
        let mut mounts = parse_mounts(&args.mount, &here)?;
        let named = args.image.clone();
        if let Some(scenario) = scenario {
            mounts.extend(parse_mounts(&scenario.mounts, &scenario.folder)?);
            let image = named.or(scenario.image).unwrap_or_else(|| BuiltIn::Desktop.name().to_owned());
            let model = Box::new(scenario.script.into_model());
            return Ok(Self { prompt: scenario.prompt, model, image, mounts });
        }
        let prompt = args.prompt.clone().unwrap_or_default();
        if prompt.trim().is_empty() {
            return Err(Failure::usage(
                "the prompt is empty\nhint: say what the agent is to do, for example handspike run --model openai:NAME \"list the files\"",
            ));
        }
        let model = model_named(args.model.as_deref().unwrap_or_default(), args.base_url.as_deref())?;
        Ok(Self { prompt, model, image: named.unwrap_or_else(|| BuiltIn::Desktop.name().to_owned()), mounts })
    }
}

fn parse_mounts(texts: &[String], base: &Path) -> Result<Vec<Mount>, Failure> {
    texts.iter().map(|text| Mount::parse(text, base).map_err(Failure::from)).collect()
}

/// The engine's reference of an image. Handspike's own are built when they are missing.
async fn resolve_image(engine: &Engine, name: &str, activity: &Activity) -> Result<String, Failure> {
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
        activity.note(&format!("the image `{image}` is not built yet; building it takes some minutes, once"));
        images.ensure(image, &BuildOptions::default(), &|line| activity.busy(&line)).await?;
        activity.idle();
    }
    Ok(image.tag())
}

async fn tell_what_is_kept(engine: &Engine, session: SessionId) -> Result<(), Failure> {
    let kept = engine.sandboxes_of(session).await.map_err(Failure::sandbox)?;
    tell(&match kept.iter().any(|sandbox| sandbox.running) {
        true => format!("the sandbox is kept: handspike sandbox shell {session}"),
        false => "there is no sandbox to be kept: none was made, or it has ended".to_owned(),
    });
    Ok(())
}

/// Removes whatever carries the session's label, also when making it was cut short.
async fn sweep(engine: &Engine, session: SessionId) -> Result<(), Failure> {
    for left in engine.sandboxes_of(session).await.map_err(Failure::sandbox)? {
        engine.remove(&left.id).await.map_err(Failure::sandbox)?;
    }
    Ok(())
}

fn default_record(session: SessionId) -> PathBuf {
    let state = env::var_os("XDG_STATE_HOME")
        .map(PathBuf::from)
        .or_else(|| env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/state")))
        .unwrap_or_else(env::temp_dir);
    state.join("handspike").join(session.to_string())
}
