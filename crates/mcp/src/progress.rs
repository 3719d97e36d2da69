//! A call's news as progress notifications, for clients that asked for them.

use std::time::Duration;

use rmcp::{
    RoleServer,
    model::{ProgressNotification, ProgressNotificationParam, ProgressToken},
    service::Peer,
};

/// Sends a call's progress to its client.
pub(crate) struct Reporter {
    peer: Peer<RoleServer>,
    token: ProgressToken,
    last: Duration,
}

impl Reporter {
    pub(crate) fn new(peer: Peer<RoleServer>, token: ProgressToken) -> Self {
        Self { peer, token, last: Duration::ZERO }
    }

    /// Sends one text. Once this has come to its end, the text is on its way before anything that is sent later.
    pub(crate) async fn report(&mut self, elapsed: Duration, text: String) {
        // The protocol wants each value above the one before, and two texts may come within a tick of the clock.
        self.last = elapsed.max(self.last + Duration::from_micros(1));
        let params = ProgressNotificationParam::new(self.token.clone(), self.last.as_secs_f64()).with_message(text);
        // A client that can't be told is gone, which its connection finds out.
        let _ = self.peer.send_notification(ProgressNotification::new(params).into()).await;
    }
}
