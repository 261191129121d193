//! Runs `plimsoll ship --json` and hands on what it reports, line by line, as it comes.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::interrupt::Interrupt;

/// A version that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(150);
/// How long an interrupted command may take to leave.
const GRACE: Duration = Duration::from_secs(10);

/// What is to be shipped, and by what.
pub(super) struct Shipment<'a> {
    pub(super) plimsoll: &'a Path,
    pub(super) folder: &'a Path,
    /// File that keeps every line.
    pub(super) events: PathBuf,
}

/// How the command ended.
pub(super) struct Run {
    /// Its exit code; absent where it was killed.
    pub(super) code: Option<i32>,
    /// Its last line.
    pub(super) ending: Option<Value>,
    /// What it said on standard error.
    pub(super) complaint: String,
}

/// What to do after an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    GoOn,
    /// End the command as a power cut would.
    Kill,
}

impl Shipment<'_> {
    /// Runs the command to its end, or to the event after which it is to be killed.
    pub(super) fn run(&self, interrupt: &Interrupt, on_event: &mut dyn FnMut(&Value) -> Next) -> Result<Run> {
        let errors = self.events.with_extension("err");
        let mut command = Command::new(self.plimsoll);
        command.args(["ship", "--env", "production", "--json"]).current_dir(self.folder);
        clean(&mut command);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(File::create(&errors)?);
        let mut child = command.spawn().context("plimsoll did not start")?;
        let lines = lines(&mut child)?;
        let mut log = File::create(&self.events)?;
        let mut ending = None;
        let until = Instant::now() + LIMIT;
        loop {
            match lines.recv_timeout(Duration::from_millis(100)) {
                Ok(line) => {
                    writeln!(log, "{line}")?;
                    let value: Value =
                        serde_json::from_str(&line).with_context(|| format!("no JSON: {line}"))?;
                    if let Some(end) = value.get("ending") {
                        ending = Some(end.clone());
                    }
                    if on_event(&value) == Next::Kill {
                        child.kill()?;
                        break;
                    }
                }
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) if interrupt.came() => {
                    leave(&mut child)?;
                    interrupt.check()?;
                }
                Err(RecvTimeoutError::Timeout) if Instant::now() > until => {
                    leave(&mut child)?;
                    anyhow::bail!("`plimsoll ship` did not end within {} s", LIMIT.as_secs());
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
        let code = child.wait()?.code();
        Ok(Run { code, ending, complaint: std::fs::read_to_string(errors).unwrap_or_default() })
    }
}

/// Takes out what cargo says to the programs that it runs, and what would move the builds of the demo elsewhere.
pub(crate) fn clean(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let of_package = ["CARGO_PKG_", "CARGO_BIN_", "CARGO_MANIFEST_"].iter().any(|p| text.starts_with(p));
        if of_package
            || text == "CARGO_TARGET_DIR"
            || text.starts_with("PLIMSOLL_")
            || text.starts_with("GIT_")
        {
            command.env_remove(&name);
        }
    }
}

fn lines(child: &mut Child) -> Result<Receiver<String>> {
    let stdout = child.stdout.take().context("the command has no output")?;
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let lines = BufReader::new(stdout).lines().map_while(Result::ok);
        lines.for_each(|line| drop(sender.send(line)));
    });
    Ok(receiver)
}

/// Asks a command to leave, and ends it if it does not.
fn leave(child: &mut Child) -> Result<()> {
    let pid = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw);
    if let Some(pid) = pid {
        // It may have left by itself.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::INT);
    }
    let until = Instant::now() + GRACE;
    while child.try_wait()?.is_none() {
        if Instant::now() > until {
            child.kill()?;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}
