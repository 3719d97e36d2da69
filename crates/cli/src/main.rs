//! `handspike`: agent sessions with real tools in locked-down sandboxes, from the command line.
//!
//! A thin program: it parses at the edge, checks everything that can be checked before a container is made, hands
//! over to `handspike-runtime` and `handspike-sandbox`, and turns how it ended into an exit code.

mod address;
mod approval;
mod commands;
mod config;
mod exit;
mod interrupt;
mod place;
mod render;
mod state_folder;
mod tool_args;
mod units;

use std::{
    io::{self, IsTerminal as _},
    process::ExitCode,
};

use clap::{Parser, Subcommand};

use crate::exit::{Exit, Failure};

/// Runs agent sessions whose tools are real: a shell, an editor and a desktop inside a locked-down container.
#[derive(Parser)]
#[command(name = "handspike", version, after_help = after_help(), max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run an agent session on a task, or play a scenario file.
    Run(commands::run::RunArgs),
    /// Build sandbox images; list, enter and remove sandboxes.
    #[command(subcommand)]
    Sandbox(commands::sandbox::SandboxCommand),
    /// Offer the tools of a sandbox to an MCP client.
    Mcp(commands::mcp::McpArgs),
    /// Serve the sessions API over HTTP: agents, users, sessions and their chats, with tools in sandboxes.
    Serve(Box<commands::serve::ServeArgs>),
    /// Look after a server's database: bring it up to date, check, copy and restore it.
    #[command(subcommand)]
    Db(commands::db::DbCommand),
    /// Check a tool server against what good tools do: our own, or anybody's.
    Conformance(commands::conformance::ConformanceArgs),
}

/// The variables that are read, beside those of the terminal.
const ENVIRONMENT: &str = "Environment:
  HANDSPIKE_GUEST    the program that goes into sandboxes; otherwise `handspike-guest` beside this one
  HANDSPIKE_API_KEY  the key of clients of `mcp --http` and of `serve`, whose other variables its --help names
  HANDSPIKE_LOG      what is logged to standard error, such as `handspike=debug`
  DOCKER_HOST        the Docker Engine; otherwise unix:///var/run/docker.sock
  OPENAI_API_KEY, OPENAI_BASE_URL
                     the key and the address of the model's server
  XDG_STATE_HOME     where records go, in a folder `handspike`; otherwise ~/.local/state";

fn after_help() -> String {
    format!("{ENVIRONMENT}\n\n{}", exit::HELP)
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage.into() } else { Exit::Done.into() };
        }
    };
    // A server serves many at once, and its configuration says how it logs.
    let mut runtime = match cli.command {
        Command::Serve(_) => tokio::runtime::Builder::new_multi_thread(),
        Command::Run(_) | Command::Sandbox(_) | Command::Mcp(_) | Command::Db(_) | Command::Conformance(_) => {
            begin_log();
            tokio::runtime::Builder::new_current_thread()
        }
    };
    let runtime = match runtime.enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Failure::internal(error).report(),
    };
    let ended = runtime.block_on(async {
        match cli.command {
            Command::Run(args) => commands::run::run(args).await,
            Command::Sandbox(command) => commands::sandbox::run(command).await,
            Command::Mcp(args) => commands::mcp::run(args).await,
            Command::Serve(args) => commands::serve::run(*args).await,
            Command::Db(command) => commands::db::run(command).await,
            Command::Conformance(args) => commands::conformance::run(args).await,
        }
    });
    // A thread that still reads standard input must not hold up the end.
    runtime.shutdown_background();
    match ended {
        Ok(exit) => exit.into(),
        Err(failure) => failure.report(),
    }
}

fn begin_log() {
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("HANDSPIKE_LOG").unwrap_or_else(|_| "handspike=warn".into()),
        )
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .init();
}
