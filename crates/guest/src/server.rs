//! The guest as an MCP server: one service for every connection to the socket, all on the same tools.

use std::{
    env, fs,
    io::{self, ErrorKind},
    os::fd::AsRawFd as _,
    path::Path,
    process,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use handspike_guest::{Runs, Service, serve_streams};
use handspike_local::{Caller, LocalConfig, Tools, WorkerFailed};
use handspike_types::{SandboxCall, ToolOutput, ToolSettings};
use nix::{
    errno::Errno,
    sys::{
        signal::SigSet,
        socket::{MsgFlags, recv},
    },
};
use tokio::{
    io::Interest,
    net::{
        UnixListener, UnixStream,
        unix::pipe::{Receiver, Sender},
    },
    sync::watch,
    time::timeout,
};

use crate::{
    connect::{HANDOVER, Streams, take_streams},
    descriptors::Descriptors,
    desktop::Desktop,
    memory,
};

/// Serves until the process is ended, or until nobody has been connected for the idle time.
pub(crate) fn run(socket: &Path) -> io::Result<()> {
    memory::give_back_what_is_free();
    // What init blocks for itself would otherwise be blocked in every command of the sandbox.
    SigSet::empty().thread_set_mask()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = listen(socket)?;
        serve(listener, Arc::new(SandboxTools::start(socket)?), idle_limit()).await
    })
}

/// The tools and the desktop that their programs show themselves on.
struct SandboxTools {
    tools: Tools,
    desktop: Desktop,
    descriptors: Descriptors,
}

impl SandboxTools {
    /// Starts the tools, with the desktop coming up meanwhile. What survives the guest's own end is kept beside its
    /// socket.
    fn start(socket: &Path) -> io::Result<Self> {
        let desktop = Desktop::start();
        let cwd = env::current_dir().unwrap_or_else(|_| "/".into());
        let config = LocalConfig { cwd, undo_journal: Some(socket.with_file_name("undo")), spool: env::temp_dir() };
        let displays = desktop.clone();
        let tools = Tools::start(config, move || displays.clone())?;
        Ok(Self { tools, desktop, descriptors: Descriptors::now() })
    }
}

impl Runs for SandboxTools {
    async fn run(
        &self,
        call: SandboxCall,
        settings: ToolSettings,
        caller: Caller<impl Future<Output = ()> + Send>,
    ) -> Result<ToolOutput, WorkerFailed> {
        if !self.descriptors.are_still_allowed() {
            eprintln!("handspike-guest: somebody has lowered how many files the guest may open; it ends");
            process::exit(1);
        }
        match call {
            // They may start programs with windows.
            SandboxCall::Shell(..) | SandboxCall::Terminal(..) => self.desktop.first_start().await,
            SandboxCall::CloseShell(_)
            | SandboxCall::Editor(_)
            | SandboxCall::Computer(_)
            | SandboxCall::ComputerBatch(_)
            | SandboxCall::Desktop(_) => {}
        }
        self.tools.call(call, settings, caller).await
    }
}

/// Something that no other run of a guest has.
fn name_of_this_run() -> Arc<str> {
    let by_time = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos().to_string();
    let name = fs::read_to_string("/proc/sys/kernel/random/uuid").unwrap_or_else(|_| by_time());
    name.trim().into()
}

/// Listens under another name first, so that the socket's own name never leads to one that does not listen yet.
fn listen(socket: &Path) -> io::Result<UnixListener> {
    let unready = socket.with_extension("starting");
    for stale in [&*unready, socket] {
        match fs::remove_file(stale) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    let listener = UnixListener::bind(&unready)?;
    fs::rename(&unready, socket)?;
    Ok(listener)
}

fn idle_limit() -> Option<Duration> {
    env::var("HANDSPIKE_IDLE").ok()?.parse().ok().map(Duration::from_secs)
}

async fn serve(listener: UnixListener, tools: Arc<SandboxTools>, idle_limit: Option<Duration>) -> io::Result<()> {
    // Each connection holds a receiver, so their number says whether anybody is there.
    let (connections, _) = watch::channel(());
    let run = name_of_this_run();
    loop {
        let idle = async {
            connections.closed().await;
            match idle_limit {
                Some(limit) => tokio::time::sleep(limit).await,
                None => std::future::pending().await,
            }
        };
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(_) => {
                    // No descriptor is free: those who have one will give some back.
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
            () = idle => return Ok(()),
        };
        let (service, connection) =
            (Service::new(Arc::clone(&tools)).of_run(Arc::clone(&run)), connections.subscribe());
        let (tools, connections) = (Arc::clone(&tools), connections.clone());
        tokio::spawn(async move {
            // A client that goes away or speaks no MCP is its own problem; the next one is served all the same.
            let _ = serve_connection(service, stream).await;
            drop(connection);
            if connections.is_closed() {
                tools.tools.release_held().await;
            }
        });
    }
}

/// How long to wait after a client could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long a client may take for its first message.
const GREETING_LIMIT: Duration = Duration::from_secs(30);

/// Serves one client: over the socket itself, or over streams that it hands over.
async fn serve_connection(service: Service<SandboxTools>, stream: UnixStream) -> io::Result<()> {
    let handover = timeout(GREETING_LIMIT, async {
        loop {
            stream.readable().await?;
            let mut first = [0];
            match recv(stream.as_raw_fd(), &mut first, MsgFlags::MSG_PEEK) {
                Ok(0) => return Ok(None),
                Ok(_) => return Ok(Some(first[0] == HANDOVER)),
                // Tell tokio that there was nothing yet, so that it waits again.
                Err(Errno::EAGAIN) => {
                    drop(stream.try_io(Interest::READABLE, || Err::<(), _>(ErrorKind::WouldBlock.into())))
                }
                Err(error) => return Err(io::Error::from(error)),
            }
        }
    });
    match handover.await?? {
        None => Ok(()),
        Some(false) => {
            let (read, write) = stream.into_split();
            serve_streams(service, read, write).await
        }
        Some(true) => {
            let Streams { input, output } = take_streams(stream.as_raw_fd())?;
            // The socket stays open meanwhile: its end tells the client's process that it may go. That process's own end
            // is seen here and not on its streams, which this one keeps open.
            let client = service.client();
            let serving = serve_streams(service, Receiver::from_owned_fd(input)?, Sender::from_owned_fd(output)?);
            let end = async {
                let _ = until_closed(&stream).await;
                client.gone();
                std::future::pending().await
            };
            let served = tokio::select! {
                served = serving => served,
                never = end => never,
            };
            drop(stream);
            served
        }
    }
}

/// Ends when the other side has closed the socket or is gone. What it says meanwhile is passed over.
async fn until_closed(stream: &UnixStream) -> io::Result<()> {
    let mut said = [0; 64];
    loop {
        stream.readable().await?;
        match stream.try_read(&mut said) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}
