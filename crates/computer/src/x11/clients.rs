//! The programs that are connected to the display, as processes: the server knows whom it got a local connection from.
//!
//! Its numbers are those of its own namespace. They are believed only if it has the right one for this process.

use x11rb::{
    connection::{Connection as _, RequestConnection as _},
    errors::ReplyError,
    protocol::{
        res::{self, ClientIdMask, ClientIdSpec, ConnectionExt as _},
        xproto::Window,
    },
};

use super::{display::Display, process::Process};

/// Every program but this one, by the resources that are its own.
#[derive(Debug)]
pub(super) struct Clients {
    processes: Vec<(u32, u32)>,
    resource_mask: u32,
}

impl Clients {
    /// Those that there are now. None of them can be seen when the server is on another machine, in another namespace,
    /// or does not tell.
    pub(super) fn list(display: &Display) -> Result<Self, ReplyError> {
        let (connection, own) = (&display.connection, std::process::id());
        let setup = connection.setup();
        let mut clients = Self { processes: Vec::new(), resource_mask: setup.resource_id_mask };
        if !display.is_local() || connection.extension_information(res::X11_EXTENSION_NAME)?.is_none() {
            return Ok(clients);
        }
        let everybody = ClientIdSpec { client: x11rb::NONE, mask: ClientIdMask::LOCAL_CLIENT_PID };
        let ids = connection.res_query_client_ids(&[everybody])?.reply()?.ids;
        let processes = ids.iter().filter_map(|id| Some((id.spec.client, *id.value.first()?)));
        // The server is a client, too, without resources.
        let processes: Vec<_> = processes.filter(|(client, _)| *client != x11rb::NONE).collect();
        if processes.contains(&(setup.resource_id_base, own)) {
            clients.processes = processes.into_iter().filter(|(_, process)| *process != own).collect();
        }
        Ok(clients)
    }

    /// The program that a window belongs to.
    pub(super) fn of_window(&self, window: Window) -> Option<Process> {
        let client = window & !self.resource_mask;
        let (_, process) = self.processes.iter().find(|(candidate, _)| *candidate == client)?;
        Process::seen(*process)
    }

    /// All programs but one.
    pub(super) fn beside(&self, process: Process) -> Vec<Process> {
        let mut ids: Vec<u32> = self.processes.iter().map(|(_, process)| *process).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.into_iter().filter_map(Process::seen).filter(|other| *other != process).collect()
    }
}
