//! The first signal asks the program to end; it is told at once, and the program ends in its own order.
//!
//! GitHub cancels a job with SIGINT, 7.5 s later SIGTERM and 2.5 s later a kill (actions/runner, `ProcessInvoker.cs`):
//! whatever follows the first signal belongs to the same cancel.

use std::sync::atomic::{AtomicU8, Ordering};

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Which signal came first, and the token that it cancels.
#[derive(Default)]
pub(crate) struct Signals {
    pub(crate) cancelled: CancellationToken,
    code: AtomicU8,
}

impl Signals {
    /// 130 after SIGINT, 143 after SIGTERM: what a shell would say of a process that the signal ended.
    pub(crate) fn exit_code(&self) -> u8 {
        match self.code.load(Ordering::Relaxed) {
            0 => 130,
            code => code,
        }
    }

    /// Waits for the first signal and returns its name. Must run for as long as the program does.
    pub(crate) async fn first(&self) -> std::io::Result<&'static str> {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let (name, code) = tokio::select! {
            _ = interrupt.recv() => ("SIGINT", 130),
            _ = terminate.recv() => ("SIGTERM", 143),
        };
        self.code.store(code, Ordering::Relaxed);
        self.cancelled.cancel();
        Ok(name)
    }
}
