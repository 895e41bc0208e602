//! A person at a terminal: colours, and a second Ctrl-C that means it. `script` (bsdutils) plays the terminal.

use std::{
    io::{Read as _, Write as _},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use crate::{
    root::{ROOT, Root},
    signals::{SLOW, started},
};

/// The program in a terminal of its own.
struct Terminal {
    child: Child,
    keys: ChildStdin,
    text: mpsc::Receiver<String>,
}

impl Terminal {
    fn start(root: &Root, command: &str) -> Self {
        let program = env!("CARGO_BIN_EXE_provision-infra");
        let line = format!("{program} {command} --working-directory=root --outputs-file=out.json");
        let mut child = Command::new("script")
            .args(["--quiet", "--return", "--flush", "--command", &line, "/dev/null"])
            .current_dir(root.path())
            .env_remove("GITHUB_ACTIONS")
            .env_remove("NO_COLOR")
            .env("TERM", "xterm")
            .env("TF_CLI_CONFIG_FILE", "/dev/null")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (send, text) = mpsc::channel();
        let mut screen = child.stdout.take().unwrap();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = screen.read(&mut buffer) {
                let _nobody_reads =
                    send.send(String::from_utf8_lossy(&buffer[..count]).into_owned());
            }
        });
        let keys = child.stdin.take().unwrap();
        Self { child, keys, text }
    }

    fn press_control_c(&mut self) {
        self.keys.write_all(b"\x03").unwrap();
        self.keys.flush().unwrap();
    }

    /// What is on the screen up to `words`.
    fn wait_for(&self, words: &str) -> String {
        let mut seen = String::new();
        while !seen.contains(words) {
            match self.text.recv_timeout(Duration::from_mins(1)) {
                Ok(text) => seen.push_str(&text),
                Err(error) => panic!("`{words}` was not shown ({error}); this was:\n{seen}"),
            }
        }
        seen
    }

    fn finish(mut self) -> (Option<i32>, String) {
        let code = self.child.wait().unwrap().code();
        (code, self.text.iter().collect())
    }
}

#[test]
fn a_terminal_shows_the_plan_in_colours() {
    let (code, text) = Terminal::start(&Root::new(ROOT), "plan").finish();
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("\u{1b}[32m    + terraform_data.value\u{1b}[0m"), "{text}");
}

#[test]
fn a_second_ctrl_c_of_a_person_is_passed_on_after_a_warning() {
    let root = Root::new(&SLOW.replace("sleep 3", "trap '' INT; sleep 30"));
    let mut terminal = Terminal::start(&root, "apply");
    started(&root);
    terminal.press_control_c();
    terminal.wait_for("a second Ctrl-C makes it stop at once");
    terminal.press_control_c();
    let (code, text) = terminal.finish();
    assert_eq!(code, Some(130), "{text}");
    // Terraform did not wait for the thirty seconds.
    assert!(text.contains("operation canceled"), "{text}");
}
