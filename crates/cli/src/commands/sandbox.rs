//! `handspike sandbox`: build images; list, enter and remove sandboxes.

use std::{
    io::{self, IsTerminal as _, Write as _},
    time::{SystemTime, UNIX_EPOCH},
};

use clap::{Args, Subcommand};
use futures_util::StreamExt as _;
use handspike_sandbox::{
    BuildOptions, BuiltIn, Engine, Images,
    container::Listed,
    exec::{ExecOutput, Piece},
    owner::Life,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{
    exit::{Exit, Failure},
    render::{Activity, unless_unread},
    units::show_age,
};

#[derive(Subcommand)]
pub(crate) enum SandboxCommand {
    /// Build the images that sandboxes start from; those that are up to date are left as they are.
    Build(BuildArgs),
    /// List sandboxes, running or not.
    Ls,
    /// Open a shell in a sandbox, beside the agent's.
    Shell(ShellArgs),
    /// Run a program in a sandbox and end with its exit status.
    Exec(ExecArgs),
    /// End and remove sandboxes.
    Rm(RmArgs),
    /// Remove every sandbox that no running session owns, kept ones included but not those of servers; images that are out of date; and images with
    /// the guest in them, which the next start makes again in a moment.
    Prune,
}

#[derive(Args)]
pub(crate) struct BuildArgs {
    /// Which images; all when none is named.
    #[arg(value_name = "base|desktop", value_parser = parse_image)]
    images: Vec<BuiltIn>,
    /// Start from this image, of Debian or Ubuntu, instead of a root file system made from Debian packages.
    #[arg(long, value_name = "IMAGE")]
    from: Option<String>,
    /// Build again what is up to date.
    #[arg(long)]
    force: bool,
}

#[derive(Args)]
pub(crate) struct ShellArgs {
    /// The sandbox's id or its session's, or the beginning of either.
    sandbox: String,
}

#[derive(Args)]
pub(crate) struct ExecArgs {
    /// The sandbox's id or its session's, or the beginning of either.
    sandbox: String,
    /// The program and its arguments.
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<String>,
}

#[derive(Args)]
pub(crate) struct RmArgs {
    /// Ids of sandboxes or sessions, or their beginnings.
    #[arg(required = true)]
    sandboxes: Vec<String>,
}

fn parse_image(name: &str) -> Result<BuiltIn, String> {
    BuiltIn::named(name).ok_or_else(|| "the images are base and desktop".to_owned())
}

pub(crate) async fn run(command: SandboxCommand) -> Result<Exit, Failure> {
    let engine = Engine::connect().await?;
    match command {
        SandboxCommand::Build(args) => build(engine, args).await,
        SandboxCommand::Ls => list(&engine).await,
        SandboxCommand::Shell(args) => shell(&engine, &args.sandbox).await,
        SandboxCommand::Exec(args) => exec(&engine, args).await,
        SandboxCommand::Rm(args) => remove(&engine, &args.sandboxes).await,
        SandboxCommand::Prune => prune(&engine).await,
    }
}

async fn build(engine: Engine, args: BuildArgs) -> Result<Exit, Failure> {
    let images = Images::new(engine);
    let activity = Activity::shown();
    // The desktop is built on the base, so it stands for both.
    let is_base = !args.images.is_empty() && !args.images.contains(&BuiltIn::Desktop);
    let image = if is_base { BuiltIn::Base } else { BuiltIn::Desktop };
    let options = BuildOptions { from: args.from, force: args.force };
    let say = |line: String| {
        if line.contains("up to date") || line.contains("built (") || !io::stderr().is_terminal() {
            activity.note(&line);
        } else {
            activity.busy(&line);
        }
    };
    tokio::select! {
        built = images.ensure(image, &options, &say) => built?,
        _ = tokio::signal::ctrl_c() => return Ok(Exit::Interrupted),
    }
    activity.idle();
    Ok(Exit::Done)
}

async fn list(engine: &Engine) -> Result<Exit, Failure> {
    let sandboxes = engine.sandboxes().await.map_err(Failure::sandbox)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let mut out = io::stdout().lock();
    let mut write = || -> io::Result<()> {
        writeln!(out, "{:12}  {:36}  {:8}  {:7}  {:6}  IMAGE", "SANDBOX", "SESSION", "STATE", "OWNER", "AGE")?;
        for sandbox in &sandboxes {
            let state = if sandbox.running { "running" } else { "ended" };
            let id = &sandbox.id[..12.min(sandbox.id.len())];
            let age = show_age(now.saturating_sub(sandbox.created));
            let (session, owner) = (&sandbox.ownership.session, owner(sandbox));
            writeln!(out, "{id:12}  {session:36}  {state:8}  {owner:7}  {age:6}  {}", sandbox.ownership.image)?;
        }
        Ok(())
    };
    unless_unread(write()).map_err(Failure::internal)?;
    Ok(Exit::Done)
}

fn owner(sandbox: &Listed) -> &'static str {
    if sandbox.ownership.server.is_some() {
        return "server";
    }
    match sandbox.ownership.life() {
        Life::Alive => "alive",
        Life::Gone if sandbox.ownership.keep => "kept",
        Life::Gone => "gone",
        Life::Unknown => "unknown",
    }
}

/// The one sandbox that a person means.
async fn find(engine: &Engine, name: &str) -> Result<Listed, Failure> {
    if name.is_empty() {
        return Err(Failure::usage("the sandbox's name is empty\nhint: handspike sandbox ls lists them"));
    }
    let is_meant = |sandbox: &Listed| sandbox.id.starts_with(name) || sandbox.ownership.session.starts_with(name);
    let mut meant: Vec<Listed> =
        engine.sandboxes().await.map_err(Failure::sandbox)?.into_iter().filter(is_meant).collect();
    match (meant.pop(), meant.len()) {
        (Some(sandbox), 0) => Ok(sandbox),
        (Some(_), more) => {
            Err(Failure::usage(format!("`{name}` may mean {} sandboxes\nhint: give more of the id", more + 1)))
        }
        (None, _) => {
            Err(Failure::usage(format!("there is no sandbox `{name}`\nhint: handspike sandbox ls lists them")))
        }
    }
}

async fn exec(engine: &Engine, args: ExecArgs) -> Result<Exit, Failure> {
    let sandbox = find(engine, &args.sandbox).await?;
    let program = engine.exec(&sandbox.id, args.command, false).await.map_err(Failure::sandbox)?;
    relay(program).await
}

async fn shell(engine: &Engine, name: &str) -> Result<Exit, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::usage(
            "a shell needs a terminal\nhint: handspike sandbox exec runs a program without one",
        ));
    }
    let sandbox = find(engine, name).await?;
    let command = ["sh", "-c", "command -v bash >/dev/null && exec bash || exec sh"].map(str::to_owned).to_vec();
    let program = engine.exec(&sandbox.id, command, true).await.map_err(Failure::sandbox)?;
    let (height, width) = console::Term::stdout().size();
    program.resize(width, height).await.map_err(Failure::sandbox)?;
    let raw = crate::commands::raw_terminal::RawTerminal::enter().map_err(Failure::internal)?;
    let ended = relay(program).await;
    drop(raw);
    ended
}

/// Carries standard streams to and from a program, each way on its own, and ends with its exit status.
async fn relay(program: ExecOutput) -> Result<Exit, Failure> {
    let (mut output, mut input, running) = program.into_parts();
    let feed = async {
        let mut stdin = tokio::io::stdin();
        let mut buffer = vec![0; 16 << 10];
        while let Ok(bytes @ 1..) = stdin.read(&mut buffer).await {
            // A program that reads no more is about to end, and its end is what we wait for.
            if input.write_all(&buffer[..bytes]).await.is_err() {
                break;
            }
        }
        let _ = input.shutdown().await;
        std::future::pending::<()>().await;
    };
    let show = async {
        while let Some(piece) = output.next().await {
            match piece.map_err(Failure::sandbox)? {
                Piece::Out(bytes) => write_to(io::stdout().lock(), &bytes)?,
                Piece::Err(bytes) => write_to(io::stderr().lock(), &bytes)?,
            }
        }
        Ok::<(), Failure>(())
    };
    tokio::select! {
        shown = show => shown?,
        () = feed => {}
    }
    let status = running.exit_status().await.map_err(Failure::sandbox)?;
    Ok(Exit::Program(u8::try_from(status).unwrap_or(u8::MAX)))
}

fn write_to(mut out: impl io::Write, bytes: &[u8]) -> Result<(), Failure> {
    unless_unread(out.write_all(bytes).and_then(|()| out.flush())).map_err(Failure::internal)
}

async fn remove(engine: &Engine, names: &[String]) -> Result<Exit, Failure> {
    for name in names {
        let sandbox = find(engine, name).await?;
        engine.remove(&sandbox.id).await.map_err(Failure::sandbox)?;
        println_id(&sandbox)?;
    }
    Ok(Exit::Done)
}

async fn prune(engine: &Engine) -> Result<Exit, Failure> {
    for sandbox in engine.sandboxes().await.map_err(Failure::sandbox)? {
        if sandbox.ownership.life() == Life::Gone {
            engine.remove(&sandbox.id).await.map_err(Failure::sandbox)?;
            println_id(&sandbox)?;
        }
    }
    for tag in Images::new(engine.clone()).prune().await.map_err(Failure::sandbox)? {
        write_to(io::stdout().lock(), format!("{tag}\n").as_bytes())?;
    }
    Ok(Exit::Done)
}

fn println_id(sandbox: &Listed) -> Result<(), Failure> {
    write_to(io::stdout().lock(), format!("{}\n", &sandbox.id[..12.min(sandbox.id.len())]).as_bytes())
}
