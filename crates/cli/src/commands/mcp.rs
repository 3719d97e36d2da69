//! `handspike mcp`: the tools of a sandbox for any MCP client, on standard streams or on HTTP.

use std::{env, net::SocketAddr};

use clap::Args;
use handspike_mcp::{HttpConfig, HttpServer, ServeError, Server, ServerInfo, ToolHints, serve_stdio};
use handspike_runtime::{History, Order, Place, Workbench};
use handspike_sandbox::{Engine, Network};
use handspike_types::{SessionId, ToolVersions, spec::SandboxTool};
use handspike_web::{ApiKey, Origin};

use crate::{
    address::parse_address,
    approval::consent_to_host,
    exit::{Exit, Failure, tell},
    interrupt::Interrupt,
    place::{PlaceArgs, PlaceKind, Prepared, Resolved, sweep},
    render::Activity,
    tool_args::ToolArgs,
};

/// Where the key for HTTP is looked for when no flag gives it.
const KEY_VARIABLE: &str = "HANDSPIKE_API_KEY";

/// The actions of the computer that only look, where each is a tool of its own.
const LOOKING: [&str; 4] = ["screenshot", "zoom", "cursor_position", "wait"];

/// Offer the tools of a sandbox to an MCP client.
#[derive(Args)]
#[command(after_help = "Examples:
  handspike mcp                                            on standard input and output, as desktop clients start it
  handspike mcp --tools bash,editor --mount .:/workspace/src:rw
  handspike mcp --http 127.0.0.1:8931                      on HTTP, with a key that is told at the start

It serves until the client closes its standard input, or until SIGINT (Ctrl-C) or SIGTERM, and ends with exit code 0 then.
Stopped before it serves, or by a second signal, it ends with 130.")]
pub(crate) struct McpArgs {
    /// The tools to offer: bash, editor, computer, and beyond the published ones shell, terminal, desktop.
    #[arg(long, value_name = "TOOL,...", value_delimiter = ',', default_value = "bash,editor,computer")]
    tools: Vec<SandboxTool>,

    #[command(flatten)]
    place: PlaceArgs,

    #[command(flatten)]
    behaviour: ToolArgs,

    /// Use the sandbox of this session, and leave it as it is at the end.
    #[arg(long, value_name = "ID", conflicts_with_all = [
        "sandbox", "image", "mount", "network", "memory", "cpus", "screen", "display_number", "keep",
    ])]
    session: Option<String>,

    /// Agree in advance to --sandbox host. Standard input belongs to the client, so nobody can be asked.
    #[arg(long)]
    yes: bool,

    /// Serve HTTP instead of standard input and output, at an address, a name such as localhost, or a port of 127.0.0.1.
    /// [without an address: a free port of 127.0.0.1]
    #[arg(long, value_name = "ADDRESS:PORT", num_args = 0..=1, default_missing_value = "127.0.0.1:0", value_parser = parse_address)]
    http: Option<SocketAddr>,

    /// The key that HTTP clients must give, of 16 or more printable characters. Otherwise HANDSPIKE_API_KEY, which other
    /// users of this machine can't see, or a new one.
    #[arg(long, value_name = "KEY", requires = "http")]
    api_key: Option<String>,

    /// Let web pages of this origin use the server; may be repeated.
    #[arg(long, value_name = "ORIGIN", requires = "http")]
    allow_origin: Vec<Origin>,

    /// Let clients call the server by this name or address beside the loopback's; may be repeated. Only with it may
    /// --http listen where other machines reach it.
    #[arg(long, value_name = "HOST", requires = "http")]
    allow_host: Vec<String>,
}

/// How clients come to the server, once it is known that they can.
enum Door {
    Stdio,
    Http(HttpServer),
}

pub(crate) async fn run(args: McpArgs) -> Result<Exit, Failure> {
    let place = args.resolve()?;
    let interrupt = Interrupt::listen().map_err(Failure::internal)?;
    let activity = Activity::shown();
    let prepared = async {
        let door = args.open_door().await?;
        if args.place.sandbox == PlaceKind::Host {
            if !args.yes {
                return Err(Failure::usage("--sandbox host needs --yes: standard input is not there to ask on"));
            }
            consent_to_host(args.yes, &activity).await?;
        }
        let (history, session) = args.session().await?;
        let mut prepared = place.prepare(history, &activity).await?;
        if let (Place::Sandbox(place), History::Perhaps) = (&mut prepared.workbench.place, history) {
            // It is not ours to remove.
            place.spec.keep = true;
        }
        Ok((door, session, prepared))
    };
    let (door, session, Prepared { workbench, engine }) = tokio::select! {
        prepared = prepared => prepared?,
        () = interrupt.polite.cancelled() => return Ok(Exit::Interrupted),
    };

    let ended = serve(door, session, workbench, &interrupt).await;
    let is_ours = args.session.is_none() && !args.place.keep;
    let left = match &engine {
        Some(engine) if is_ours => sweep(engine, session).await,
        Some(_) | None => Ok(()),
    };
    let exit = ended?;
    left?;
    Ok(exit)
}

/// Serves until the client or the user has had enough.
async fn serve(door: Door, session: SessionId, workbench: Workbench, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let info = introduction(&workbench.place);
    let server =
        Server::new(Box::new(workbench.into_tools(session).with_order(Order::PerTool)), info, interrupt.polite.clone());
    tell(&format!("session {session}"));
    let served = async {
        match door {
            Door::Stdio => serve_stdio(server).await,
            Door::Http(http) => http.serve(server).await,
        }
    };
    tokio::select! {
        served = served => served.map(|()| Exit::Done).map_err(|error| match error {
            ServeError::Io(error) => Failure::internal(error),
            ServeError::Close(_) => Failure::sandbox(error),
        }),
        () = interrupt.at_once.cancelled() => Ok(Exit::Interrupted),
    }
}

/// What clients and models are told of the tools together.
fn introduction(place: &Place) -> ServerInfo {
    let (instructions, open_world) = match place {
        Place::Sandbox(place) => {
            let (network, open_world) = match (place.history, place.spec.network) {
                // Somebody else made it, and this one does not know how.
                (History::Perhaps, _) => ("", true),
                (History::None, Network::None) => (" The sandbox has no network.", false),
                (History::None, Network::Bridge) => (" The sandbox can reach the network.", true),
            };
            let text =
                "The tools act inside one Linux sandbox, as an ordinary user whose working directory is /workspace.";
            (format!("{text} They see the same files.{network}"), open_world)
        }
        Place::Host(cwd) => {
            let text = "The tools act on the user's own machine, as the user, with nothing around them.";
            (format!("{text} The working directory is {}.", cwd.display()), true)
        }
    };
    ServerInfo {
        name: "handspike".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        instructions: Some(instructions),
        hints: ToolHints { looking: LOOKING.map(str::to_owned).to_vec(), open_world },
    }
}

impl McpArgs {
    /// Checks everything that can be checked without an engine.
    fn resolve(&self) -> Result<Resolved, Failure> {
        let tools = self.place.without_missing_desktop(&self.tools)?;
        self.place.resolve(self.behaviour.choose(&tools, ToolVersions::BEST_KNOWN), None, Vec::new())
    }

    /// Listens, if that is wanted, before anything slow begins: the address may be taken.
    async fn open_door(&self) -> Result<Door, Failure> {
        let Some(address) = self.http else { return Ok(Door::Stdio) };
        let (key, is_new) = self.key()?;
        let config = HttpConfig {
            address,
            key: key.clone(),
            hosts: self.allow_host.clone(),
            origins: self.allow_origin.clone(),
        };
        let http = HttpServer::bind(config).await.map_err(|error| Failure::listening(&error, "--allow-host"))?;
        tell(&format!("serving MCP at {}", http.url()));
        if is_new {
            tell(&format!("the key for it: {}", key.reveal()));
        }
        Ok(Door::Http(http))
    }

    /// The key, and whether nobody knows it yet.
    fn key(&self) -> Result<(ApiKey, bool), Failure> {
        let given = match &self.api_key {
            Some(key) => Some(("--api-key", key.clone())),
            None => env::var(KEY_VARIABLE).ok().filter(|key| !key.is_empty()).map(|key| (KEY_VARIABLE, key)),
        };
        match given {
            Some((source, text)) => {
                let key = text.parse().map_err(|error| Failure::usage(format!("{source} cannot be used: {error}")))?;
                Ok((key, false))
            }
            None => Ok((ApiKey::generate().map_err(Failure::internal)?, true)),
        }
    }

    /// The session whose sandbox is used, and whether it has one.
    async fn session(&self) -> Result<(History, SessionId), Failure> {
        let Some(name) = &self.session else { return Ok((History::None, SessionId::generate())) };
        let sandboxes = Engine::connect().await?.sandboxes().await.map_err(Failure::sandbox)?;
        let mut sessions: Vec<String> = sandboxes
            .into_iter()
            .map(|sandbox| sandbox.ownership.session)
            .filter(|session| !name.is_empty() && session.starts_with(name))
            .collect();
        sessions.sort_unstable();
        sessions.dedup();
        match sessions.as_slice() {
            [session] => {
                // What carries our label and no id of ours was not made by us.
                let id = serde_json::from_value(session.as_str().into()).map_err(Failure::internal)?;
                Ok((History::Perhaps, id))
            }
            [] => Err(Failure::usage(format!(
                "there is no sandbox of a session `{name}`\nhint: handspike sandbox ls lists them; those of ended sessions are there if --keep was given"
            ))),
            several => {
                Err(Failure::usage(format!("`{name}` may mean {} sessions\nhint: give more of the id", several.len())))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_of_a_desktop_are_not_offered_where_there_is_none() {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            args: McpArgs,
        }
        let offered = |line: &[&str]| {
            let line = <Line as clap::Parser>::try_parse_from([&["x"], line].concat()).expect("it parses");
            line.args.place.without_missing_desktop(&line.args.tools).map_err(|failure| format!("{failure:?}"))
        };
        let all = [SandboxTool::Bash, SandboxTool::Editor, SandboxTool::Computer];
        assert_eq!(offered(&[]).expect("offered"), all);
        assert_eq!(offered(&["--image", "some/other"]).expect("offered"), all);
        assert_eq!(offered(&["--image", "base"]).expect("offered"), all[..2]);
        let nothing = offered(&["--image", "base", "--tools", "computer,desktop"]).expect_err("nothing is left");
        assert!(nothing.contains("no desktop"), "{nothing}");
    }
}
