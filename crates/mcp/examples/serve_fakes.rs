//! A server of tools that do nothing real, for trying out clients and for tests.
//!
//!     serve_fakes stdio            on standard input and output
//!     serve_fakes http KEY         on a free port of the loopback; prints the URL on standard error

#[allow(dead_code, unreachable_pub, reason = "shared with tests")]
#[path = "../tests/support/fakes.rs"]
mod fakes;

use std::{env, error::Error};

use fakes::FakeTools;
use handspike_mcp::{HttpConfig, HttpServer, Server, ServerInfo, ToolHints, serve_stdio};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let served = runtime.block_on(serve());
    // A thread that still reads standard input must not hold up the end.
    runtime.shutdown_background();
    served
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let stop = CancellationToken::new();
    let mut terminations = signal(SignalKind::terminate())?;
    let stopping = stop.clone();
    tokio::spawn(async move {
        terminations.recv().await;
        stopping.cancel();
    });
    let tools = FakeTools::default();
    let notes = tools.notes.clone();
    let info = ServerInfo {
        name: "fakes".to_owned(),
        version: "1".to_owned(),
        instructions: None,
        hints: ToolHints::default(),
    };
    let server = Server::new(Box::new(tools), info, stop);
    match env::args().skip(1).collect::<Vec<_>>().as_slice() {
        [transport] if transport == "stdio" => serve_stdio(server).await?,
        [transport, key] if transport == "http" => {
            let address = ([127, 0, 0, 1], 0).into();
            let config = HttpConfig { address, key: key.parse()?, hosts: Vec::new(), origins: Vec::new() };
            let http = HttpServer::bind(config).await?;
            eprintln!("{}", http.url());
            http.serve(server).await?;
        }
        _ => return Err("usage: serve_fakes stdio | http KEY".into()),
    }
    eprintln!("{}", notes.read().join(", "));
    Ok(())
}
