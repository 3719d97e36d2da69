//! `handspike serve`: the sessions API over HTTP, on a database of its own.
//!
//! The configuration is read and checked as a whole before anything is touched. Then comes what may fail soonest: the
//! socket, the database, the key. What was told at the start is all that a person needs to use it and to stop it.

mod announce;
mod key;
mod log;
mod sandboxes;

use std::{
    io::{self, Write as _},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use clap::Args;
use handspike_core::{Limits, ModelSource as _};
use handspike_runtime::OfferedModels;
use handspike_server::{Config, Defaults};
use handspike_store::{Location, Store};
use handspike_telemetry::{Telemetry, TraceConfig, Traces};
use handspike_types::with_causes;
use handspike_web::{ListenError, Listening};

use crate::{
    config::{self, Flags, Layers, Settings},
    exit::{Exit, Failure, tell},
    interrupt::Interrupt,
    render::unless_unread,
};
use announce::Announcer;

/// The flag that names the hosts by which clients call the server.
const HOSTS: &str = "--host";

/// How long the last spans may take to be delivered.
const TRACES_LIMIT: Duration = Duration::from_secs(5);

/// Serve the sessions API over HTTP.
#[derive(Args)]
#[command(after_help = "Examples:
  handspike serve                                            on 127.0.0.1:8080, with a key that is told at the first start
  handspike serve --model openai:gpt-6 --image base
  handspike serve --listen 0.0.0.0:8080 --host box.example   where HANDSPIKE_API_KEY is set
  handspike serve --config /etc/handspike.toml --check-config

Each key is given in the file, by its variable or by its flag; what is named later goes first. It serves until SIGINT (Ctrl-C)
or SIGTERM: then no turn begins any more and running ones come to their end, or are gone on with at the next start. A second
signal ends it at once, with exit code 130.")]
pub(crate) struct ServeArgs {
    /// Read this configuration file, in TOML.  [variable HANDSPIKE_CONFIG]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Print the configuration that is in force, secrets as `***`, and end.
    #[arg(long)]
    check_config: bool,

    #[command(flatten)]
    flags: Flags,
}

pub(crate) async fn run(args: ServeArgs) -> Result<Exit, Failure> {
    let (layers, notes) = config::layers(args.config, args.flags.0)?;
    let settings = Settings::read(&layers)?;
    let models = resolve(&settings)?;
    if args.check_config {
        return show(&settings, &layers, &notes);
    }
    log::begin(&settings);
    let announcer = Announcer::of(settings.log_format);
    for note in notes {
        announcer.say(&note);
    }
    let interrupt = Interrupt::listen_saying(move |stage| announcer.stage(stage)).map_err(Failure::internal)?;
    tokio::select! {
        ended = serve(settings, models, announcer, &interrupt) => ended,
        () = interrupt.at_once.cancelled() => Ok(Exit::Interrupted),
    }
}

/// Checks what the values mean together, as far as it can be known without doing anything.
fn resolve(settings: &Settings) -> Result<OfferedModels, Failure> {
    let listen = settings.listen;
    if !listen.ip().is_loopback() {
        if settings.api_key.is_none() {
            return Err(Failure::usage(format!(
                "`{listen}` can be reached from other machines, and no key is given\nhint: set HANDSPIKE_API_KEY, or listen on 127.0.0.1"
            )));
        }
        if settings.hosts.is_empty() {
            return Err(Failure::listening(&ListenError::NotLoopback(listen), HOSTS));
        }
    }
    Ok(OfferedModels::new(settings.models.clone())?)
}

fn show(settings: &Settings, layers: &Layers, notes: &[String]) -> Result<Exit, Failure> {
    for note in notes {
        tell(note);
    }
    let shown = io::stdout().lock().write_all(config::show(settings, layers).as_bytes());
    unless_unread(shown).map_err(Failure::internal)?;
    Ok(Exit::Done)
}

async fn serve(
    settings: Settings,
    models: OfferedModels,
    announcer: Announcer,
    interrupt: &Interrupt,
) -> Result<Exit, Failure> {
    let listening =
        Listening::at(settings.listen, &settings.hosts).await.map_err(|error| Failure::listening(&error, HOSTS))?;
    let location = &settings.store.location;
    let store = Store::open(location).await?;
    let boxes = sandboxes::open(&settings.sandbox, &store, announcer).await?;
    let telemetry = telemetry_of(&settings.traces)?;
    // Last, for a new key is told once, and a start that fails before that would have made one that nobody saw.
    let key = key::of(settings.api_key.clone(), location)?;

    let address = listening.address();
    announcer.say(&format!("serving the sessions API at http://{address}, described at http://{address}/docs"));
    announcer.say(&format!("  key        {}", key.words(announcer)));
    announcer.say(&format!("  database   {}", place_of(location)));
    announcer.say(&format!("  models     {}", words_of(&models, &settings)));
    announcer.say(&format!("  sandboxes  {}", boxes.words(&settings.sandbox)));
    if telemetry.traces.is_some() {
        announcer.say(&format!("  traces     to {}", settings.traces.endpoint));
    }
    announcer.say("stop it with Ctrl-C or SIGTERM");

    let config = Config {
        listening,
        key: key.key,
        hosts: settings.hosts,
        origins: settings.origins,
        store: store.clone(),
        models: Arc::new(models),
        sandboxes: boxes.sandboxes(),
        defaults: defaults_of(&settings.limits, settings.auto_run),
        telemetry: telemetry.clone(),
        stop_after: settings.stop_after,
    };
    let served = handspike_server::serve(config, interrupt.polite.clone()).await;
    boxes.close().await;
    store.close().await;
    if let Some(traces) = telemetry.traces {
        traces.flush(TRACES_LIMIT).await;
    }
    served?;
    announcer.say("stopped");
    Ok(Exit::Done)
}

fn telemetry_of(config: &TraceConfig) -> Result<Telemetry, Failure> {
    let is_wanted = !config.endpoint.is_empty();
    let traces = is_wanted.then(|| Traces::begin(config)).transpose();
    let traces = traces.map_err(|error| Failure::usage(with_causes(&error)))?;
    Ok(Telemetry { traces, ..Telemetry::default() })
}

/// What holds where neither a request nor its session or agent say anything.
fn defaults_of(limits: &Limits, auto_run_tools: bool) -> Defaults {
    let limits = handspike_api::Limits {
        max_steps: Some(limits.steps.into()),
        max_tokens: limits.tokens,
        max_seconds: Some(limits.wall_time.as_secs_f64()),
        max_cost: None,
    };
    Defaults { auto_run_tools, limits, ..Defaults::default() }
}

fn place_of(location: &Location) -> String {
    match location {
        Location::Sqlite { file } => file.display().to_string(),
        Location::Postgres { url, .. } => config::without_password(url),
    }
}

fn words_of(models: &OfferedModels, settings: &Settings) -> String {
    let names = models.names();
    let names = if names.is_empty() { "any openai:NAME".to_owned() } else { names.join(", ") };
    let place = settings.models.base_url.as_ref().map(|url| format!(" at {url}")).unwrap_or_default();
    let key =
        if models.clients_bring_keys() { "; OPENAI_API_KEY is not set, so clients bring their own key" } else { "" };
    format!("{names}{place}{key}")
}
