//! `handspike run`: a task or a scenario file in, a live transcript and a record out.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use handspike_core::{AllowAll, EventSink, Limits, Model, Policy, Transcript};
use handspike_runtime::{Assembly, History, KeyInFile, Scenario, Workbench, model_named};
use handspike_sandbox::Engine;
use handspike_types::{Message, SessionId, ToolVersions, spec::SandboxTool};

use crate::{
    approval::{Approve, AskEachTime, consent_to_host, somebody_to_ask},
    exit::{Exit, Failure, tell},
    interrupt::Interrupt,
    place::{PlaceArgs, PlaceKind, Prepared, Resolved, parse_mounts, sweep},
    render::{Activity, JsonLines, Report, Terminal},
    state_folder::state_folder,
    tool_args::ToolArgs,
    units,
};

/// Run an agent session on a task, or play a scenario file.
#[derive(Args)]
#[command(
    override_usage = "handspike run [OPTIONS] --model <PROVIDER:NAME> <PROMPT>
       handspike run [OPTIONS] --scenario <FILE>",
    after_help = "Examples:
  handspike run --model openai:gpt-6 \"write a haiku about the kernel into /workspace/haiku.txt\"
  handspike run --model openai:qwen3 --base-url http://127.0.0.1:8080/v1 --mount .:/workspace/src:rw \"fix the tests\"
  handspike run --model openai:gpt-6 --sandbox host \"tidy up my downloads folder\"
  handspike run --scenario tests/scenarios/demo/scenario.yaml --out demo"
)]
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

    #[command(flatten)]
    place: PlaceArgs,

    #[command(flatten)]
    behaviour: ToolArgs,

    /// The tools to offer: bash, editor, computer, and beyond the published ones shell, terminal, desktop.
    #[arg(
        long,
        value_name = "TOOL,...",
        value_delimiter = ',',
        default_value = "bash,editor,computer,shell,terminal,desktop"
    )]
    tools: Vec<SandboxTool>,

    /// Who says yes to each call: `ask` (you, on the terminal) or `all`.  [default: all in a sandbox, ask on the host]
    #[arg(long, value_name = "WHO")]
    approve: Option<Approve>,

    /// Agree in advance to what --sandbox host asks before it starts.
    #[arg(long)]
    yes: bool,

    /// Stop after this time.
    #[arg(long, value_name = "TIME", default_value = "30m", value_parser = units::parse_duration)]
    timeout: Duration,

    /// Stop after this many requests to the model.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    max_steps: u32,

    /// Stop after this many tokens, in and out.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    max_tokens: Option<u64>,

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
    place: Resolved,
}

pub(crate) async fn run(args: RunArgs) -> Result<Exit, Failure> {
    let task = Task::resolve(&args)?;
    let session = SessionId::generate();
    let record = Record::open(args.out.clone(), session)?;
    let interrupt = Interrupt::listen().map_err(Failure::internal)?;
    let activity = if args.json { Activity::hidden() } else { Activity::shown() };
    let prepared = async {
        if args.place.sandbox == PlaceKind::Host {
            consent_to_host(args.yes, &activity).await?;
        }
        task.place.prepare(History::None, &activity).await
    };
    let Prepared { workbench, engine } = tokio::select! {
        prepared = prepared => prepared?,
        () = interrupt.polite.cancelled() => return Ok(Exit::Interrupted),
    };

    let parts = Parts { prompt: task.prompt, model: task.model, workbench, session, record, activity };
    let ended = play(&args, parts, &interrupt).await;
    let left = match &engine {
        Some(engine) if args.place.keep => tell_what_is_kept(engine, session).await,
        Some(engine) => sweep(engine, session).await,
        None => Ok(()),
    };
    let exit = ended?;
    left?;
    Ok(exit)
}

struct Parts {
    prompt: String,
    model: Box<dyn Model>,
    workbench: Workbench,
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
    fn open(given: Option<PathBuf>, session: SessionId) -> Result<Self, Failure> {
        let hint = match given {
            Some(_) => "--out takes an empty folder, a new one, or one of an earlier run",
            None => "give another one with --out",
        };
        let folder = given.unwrap_or_else(|| default_record(session));
        let report = std::fs::create_dir_all(&folder)
            .and_then(|()| refuse_what_is_not_a_record(&folder))
            .and_then(|()| Report::create(&folder.join(Report::FILE)));
        match report {
            Ok(report) => Ok(Self { folder, report }),
            Err(error) => Err(Failure::usage(format!(
                "the record's folder `{}` cannot be used: {error}\nhint: {hint}",
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

async fn play(args: &RunArgs, parts: Parts, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let Parts { prompt, model, workbench, session, record: Record { folder, report }, activity } = parts;
    let live: Box<dyn EventSink> =
        if args.json { Box::new(JsonLines) } else { Box::new(Terminal::new(activity.clone(), folder.clone())) };
    let assembly = Assembly {
        session,
        model,
        workbench,
        policy: args.policy(&activity),
        limits: Limits { steps: args.max_steps, wall_time: args.timeout, tokens: args.max_tokens, ..Limits::default() },
        record: folder.clone(),
        sinks: vec![live, Box::new(report)],
    };
    let mut running = assembly.begin().await?;
    let outcome = tokio::select! {
        outcome = running.run_turn(vec![Message::user(prompt)], &interrupt.polite) => Some(outcome),
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

impl RunArgs {
    fn approve(&self) -> Approve {
        self.approve.unwrap_or(match self.place.sandbox {
            PlaceKind::Docker => Approve::All,
            PlaceKind::Host => Approve::Ask,
        })
    }

    fn policy(&self, activity: &Activity) -> Box<dyn Policy> {
        match self.approve() {
            Approve::Ask => Box::new(AskEachTime::new(activity.clone())),
            Approve::All => Box::new(AllowAll),
        }
    }
}

impl Task {
    fn resolve(args: &RunArgs) -> Result<Self, Failure> {
        if args.approve() == Approve::Ask {
            somebody_to_ask()?;
        }
        let scenario = args.scenario.as_deref().map(Scenario::load).transpose()?;
        let tools = args.behaviour.choose(&args.tools, ToolVersions::SCHEMAS);
        if let Some(scenario) = scenario {
            if args.place.sandbox == PlaceKind::Host {
                refuse_wishes_for_a_container(args.scenario.as_deref(), &scenario)?;
            }
            let mounts = parse_mounts(&scenario.mounts, &scenario.folder)?;
            let place = args.place.resolve(tools, scenario.image, mounts)?;
            return Ok(Self { prompt: scenario.prompt, model: Box::new(scenario.script.into_model()), place });
        }
        let prompt = args.prompt.clone().unwrap_or_default();
        if prompt.trim().is_empty() {
            return Err(Failure::usage(
                "the prompt is empty\nhint: say what the agent is to do, for example handspike run --model openai:NAME \"list the files\"",
            ));
        }
        let place = args.place.resolve(tools, None, Vec::new())?;
        let model = model_named(args.model.as_deref().unwrap_or_default(), args.base_url.as_deref())?;
        Ok(Self { prompt, model, place })
    }
}

fn refuse_wishes_for_a_container(file: Option<&Path>, scenario: &Scenario) -> Result<(), Failure> {
    let Some(KeyInFile { key, line, column }) = scenario.wants_container else { return Ok(()) };
    let file = file.unwrap_or(&scenario.folder).display();
    Err(Failure::usage(format!(
        "the scenario `{file}` says `{key}` (line {line} column {column}), which makes no sense with --sandbox host: there is no container\nhint: leave one of them out"
    )))
}

async fn tell_what_is_kept(engine: &Engine, session: SessionId) -> Result<(), Failure> {
    let kept = engine.sandboxes_of(session).await.map_err(Failure::sandbox)?;
    tell(&match kept.iter().any(|sandbox| sandbox.running) {
        true => format!("the sandbox is kept: handspike sandbox shell {session}"),
        false => "there is no sandbox to be kept: none was made, or it has ended".to_owned(),
    });
    Ok(())
}

fn default_record(session: SessionId) -> PathBuf {
    state_folder().join(session.to_string())
}
