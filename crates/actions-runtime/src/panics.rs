//! A defect of the program, told as every other error is. Released programs do not unwind, so the hook is the last of them
//! that runs: it has the report made and ends the process.

use std::{
    panic,
    process::exit,
    sync::{Mutex, mpsc},
    thread,
    time::Duration,
};

/// How long a report may take: what the panic left locked would hold it up for ever.
const PATIENCE: Duration = Duration::from_secs(2);

/// Has the first panic told by `tell`. Those that follow from it say nothing new.
#[expect(clippy::exit, reason = "nothing is left to return to")]
pub(crate) fn become_reports(tell: impl Fn(&miette::Report) + Send + 'static) {
    let tell = Mutex::new(Some(tell));
    panic::set_hook(Box::new(move |panic| {
        let (done, end) = mpsc::channel::<()>();
        // The first panic takes it, and no other finds it.
        let tell = tell.lock().ok().and_then(|mut tell| tell.take());
        if let Some(tell) = tell {
            let (report, done) = (report(panic), done.clone());
            thread::spawn(move || {
                tell(&report);
                let _too_late = done.send(());
            });
        }
        // Where another panic was first, whoever tells that one ends the process.
        let _told_or_too_late = end.recv_timeout(PATIENCE);
        exit(1);
    }));
}

fn report(panic: &panic::PanicHookInfo<'_>) -> miette::Report {
    let message = panic.payload_as_str().unwrap_or("no message");
    let place = panic
        .location()
        .map(|place| format!(" at {}:{}", place.file(), place.line()))
        .unwrap_or_default();
    miette::miette!(
        help = "this is a defect of the program: please report it with the log of this step",
        "the program stopped unexpectedly: {message}{place}"
    )
}
