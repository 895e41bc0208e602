//! The end that ECS announces. PID 1 of a container has no default handler: without this one, SIGTERM
//! would be ignored and every stop would last until the kill.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGTERM (ECS, Docker) and SIGINT (a terminal).
pub(crate) struct Stop {
    term: Signal,
    int: Signal,
}

impl Stop {
    pub(crate) fn listen() -> std::io::Result<Self> {
        Ok(Self { term: signal(SignalKind::terminate())?, int: signal(SignalKind::interrupt())? })
    }

    pub(crate) async fn requested(&mut self) -> &'static str {
        tokio::select! {
            _ = self.term.recv() => "SIGTERM",
            _ = self.int.recv() => "SIGINT",
        }
    }
}
