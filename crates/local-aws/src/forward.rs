//! Copies TCP from where containers reach this machine to loopback, where everything listens.

use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// Forwards until dropped.
#[derive(Debug)]
pub(crate) struct Forward {
    at: SocketAddr,
    ended: Arc<AtomicBool>,
}

impl Forward {
    pub(crate) fn start(listener: TcpListener, port: u16) -> io::Result<Self> {
        let at = listener.local_addr()?;
        let ended = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&ended);
        thread::Builder::new().name(format!("forward-{port}")).spawn(move || {
            for incoming in listener.incoming() {
                if told.load(Ordering::Acquire) {
                    return;
                }
                let Ok(incoming) = incoming else { continue };
                thread::spawn(move || connect(&incoming, port));
            }
        })?;
        Ok(Self { at, ended })
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Release);
        // Wakes the thread, which then lets go of the port.
        let _woken = TcpStream::connect(self.at);
    }
}

fn connect(incoming: &TcpStream, port: u16) {
    let Ok(outgoing) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else { return };
    thread::scope(|both| {
        both.spawn(|| copy(incoming, &outgoing));
        copy(&outgoing, incoming);
    });
}

/// The end of one direction is passed on, the other may still be needed.
fn copy(mut from: &TcpStream, mut to: &TcpStream) {
    let _either_side_may_leave = io::copy(&mut from, &mut to);
    let _already_closed = to.shutdown(Shutdown::Write);
}
