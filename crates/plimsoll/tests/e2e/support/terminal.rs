//! A command at a terminal of its own, and a person who types. `script` (util-linux) makes the terminal.

use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use super::{Project, Run, wait_for};

/// A command that believes in a person.
pub struct Terminal {
    child: Child,
    screen: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl Terminal {
    /// Starts a command of plimsoll; `None` where there is no `script`.
    pub fn start(project: &Project, args: &[&str]) -> Option<Self> {
        let mut inner = project.command(args);
        let words = std::iter::once(inner.get_program()).chain(inner.get_args());
        // Our own words: no shell finds anything in them.
        let line: Vec<_> = words.map(|word| word.to_str().expect("text").to_owned()).collect();
        inner = Command::new("script");
        inner.args(["--quiet", "--flush", "--return", "--command", &line.join(" "), "/dev/null"]);
        inner.current_dir(project.path()).env("TERM", "xterm");
        inner.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = inner.spawn().ok()?;
        let screen = Arc::new(Mutex::new(Vec::new()));
        let mut output = child.stdout.take().expect("it was piped");
        let shown = Arc::clone(&screen);
        let reader = thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut piece) {
                shown.lock().expect("nobody panics with it").extend_from_slice(&piece[..count]);
            }
        });
        Some(Self { child, screen, reader })
    }

    /// What is on the screen so far.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.screen.lock().expect("nobody panics with it")).into_owned()
    }

    /// Waits until this is on the screen.
    #[track_caller]
    pub fn await_text(&self, text: &str) {
        wait_for(text, || self.text().contains(text));
    }

    /// Types a line.
    pub fn type_line(&mut self, line: &str) {
        let keys = self.child.stdin.as_mut().expect("it was piped");
        keys.write_all(format!("{line}\n").as_bytes()).expect("the terminal takes it");
    }

    /// Waits for the command's end.
    pub fn end(mut self) -> Run {
        // Its input stays open: a terminal does not end while somebody sits at it.
        let keys = self.child.stdin.take();
        let status = self.child.wait().expect("it ends");
        drop(keys);
        self.reader.join().expect("the reader does not panic");
        let stdout =
            String::from_utf8_lossy(&self.screen.lock().expect("nobody panics with it")).into_owned();
        Run { code: status.code(), stdout, stderr: String::new() }
    }
}
