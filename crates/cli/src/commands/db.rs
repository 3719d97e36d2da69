//! `handspike db`: a server's database, looked after while the server is stopped.

use std::{
    io::{self, Write as _},
    path::PathBuf,
};

use clap::{Args, Subcommand};
use handspike_store::{BackupError, Location, OpenError, Store};

use crate::{
    config::{self, StoreFlags, StoreSettings},
    exit::{Exit, Failure},
    render::{Activity, unless_unread},
};

#[derive(Subcommand)]
pub(crate) enum DbCommand {
    /// Make the database where there is none, and bring its schema up to date. `serve` does the same at its start.
    Migrate(PlaceArgs),
    /// Look for damage in the database and in all that is stored beside it. Ends with 7 where it finds some.
    Check(PlaceArgs),
    /// Copy the database, and all that is stored beside it, to a new folder.
    Backup(BackupArgs),
    /// Put a backup where no database is.
    Restore(RestoreArgs),
}

/// Which database.
#[derive(Args)]
pub(crate) struct PlaceArgs {
    /// Read the configuration file of the server, in TOML.  [variable HANDSPIKE_CONFIG]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    #[command(flatten)]
    flags: StoreFlags,
}

#[derive(Args)]
pub(crate) struct BackupArgs {
    /// The folder to make.
    #[arg(value_name = "FOLDER")]
    to: PathBuf,
    #[command(flatten)]
    place: PlaceArgs,
}

#[derive(Args)]
pub(crate) struct RestoreArgs {
    /// The folder that a backup was made to.
    #[arg(value_name = "FOLDER")]
    from: PathBuf,
    #[command(flatten)]
    place: PlaceArgs,
}

pub(crate) async fn run(command: DbCommand) -> Result<Exit, Failure> {
    let activity = Activity::shown();
    let work = async {
        match command {
            DbCommand::Migrate(place) => migrate(&place.location(&activity)?).await,
            DbCommand::Check(place) => check(&place.location(&activity)?, &activity).await,
            DbCommand::Backup(args) => backup(&args.place.location(&activity)?, args.to, &activity).await,
            DbCommand::Restore(args) => restore(&args.place.location(&activity)?, args.from, &activity).await,
        }
    };
    let ended = tokio::select! {
        ended = work => ended,
        // What was half done bears another name, and the next attempt removes it.
        _ = tokio::signal::ctrl_c() => Ok(Exit::Interrupted),
    };
    activity.idle();
    ended
}

async fn migrate(location: &Location) -> Result<Exit, Failure> {
    let was_there = exists(location);
    let store = open(location).await?;
    let version = store.schema_version().await?;
    store.close().await;
    let made = if was_there { "is" } else { "was made, and is" };
    say(&format!("{} {made} at schema version {version}", named(location)))?;
    Ok(Exit::Done)
}

async fn check(location: &Location, activity: &Activity) -> Result<Exit, Failure> {
    let store = open_existing(location).await?;
    activity.busy(&format!("reading all of {}", named(location)));
    let problems = store.check().await;
    store.close().await;
    activity.idle();
    let problems = problems?;
    for problem in &problems {
        say(problem)?;
    }
    match problems.len() {
        0 => say(&format!("{} is sound", named(location))).map(|()| Exit::Done),
        number => Err(Failure::database(format!(
            "{} is damaged: {number} problem(s), named above\nhint: restore a backup to another file with handspike db restore, and keep this one",
            named(location)
        ))),
    }
}

async fn backup(location: &Location, to: PathBuf, activity: &Activity) -> Result<Exit, Failure> {
    let store = open_existing(location).await?;
    activity.busy(&format!("copying {} to {}", named(location), to.display()));
    let copied = store.backup(&to).await;
    store.close().await;
    activity.idle();
    copied.map_err(refused)?;
    say(&format!("{} is copied to {}", named(location), to.display()))?;
    Ok(Exit::Done)
}

async fn restore(location: &Location, from: PathBuf, activity: &Activity) -> Result<Exit, Failure> {
    activity.busy(&format!("copying {} to {}", from.display(), named(location)));
    let copied = Store::restore(&from, location).await;
    activity.idle();
    copied.map_err(refused)?;
    // What was copied is opened once, so that what it can't be used for shows here and not at the next start.
    open(location).await?.close().await;
    say(&format!("{} is what {} holds", named(location), from.display()))?;
    Ok(Exit::Done)
}

impl PlaceArgs {
    fn location(&self, activity: &Activity) -> Result<Location, Failure> {
        let (layers, notes) = config::layers(self.config.clone(), self.flags.0.clone())?;
        for note in notes {
            activity.note(&note);
        }
        Ok(StoreSettings::read(&layers)?.location)
    }
}

/// Opens a database that nobody else has.
async fn open(location: &Location) -> Result<Store, Failure> {
    Store::open(location).await.map_err(not_opened)
}

/// Opens one that is there: to look for a database must not make one.
async fn open_existing(location: &Location) -> Result<Store, Failure> {
    if !exists(location) {
        return Err(Failure::database(format!(
            "there is no database {}\nhint: name it with --database, or with the server's --config",
            named(location)
        )));
    }
    open(location).await
}

fn exists(location: &Location) -> bool {
    match location {
        Location::Sqlite { file } => file.exists(),
        // It always exists, perhaps empty.
        Location::Postgres { .. } => true,
    }
}

fn not_opened(error: OpenError) -> Failure {
    match error {
        OpenError::InUse { file, process } => Failure::database(format!(
            "`{}` is in use by process {process}\nhint: stop that server first (Ctrl-C, kill {process} or systemctl stop handspike); it goes on where it was when it is started again",
            file.display()
        )),
        error => error.into(),
    }
}

fn refused(error: BackupError) -> Failure {
    match error {
        BackupError::Target(error) => not_opened(error),
        // What is wrong is what was asked for, and nothing has happened.
        BackupError::Postgres | BackupError::NotEmpty(_) | BackupError::NoBackup(_) => {
            Failure::usage(error.to_string())
        }
        error => error.into(),
    }
}

fn named(location: &Location) -> String {
    match location {
        Location::Sqlite { file } => format!("`{}`", file.display()),
        Location::Postgres { url, .. } => format!("`{}`", config::without_password(url)),
    }
}

fn say(text: &str) -> Result<(), Failure> {
    unless_unread(writeln!(io::stdout(), "{text}")).map_err(Failure::internal)
}
