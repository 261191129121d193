//! `cargo xtask test`: every test of the workspace, and an honest count at the end.
//!
//! libtest hides what a passing test prints, and a test that cannot run here passes after it has printed
//! `skipped: <name>: <why>`. So everything is shown to us (`--show-output`), kept in `target/test.log`, and told on
//! as a line a program, the failures in full, and the list of what was skipped.

mod tally;
mod tools;

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use tally::{News, Tally};

use crate::{processes, workspace};

/// Tests that take longer hang.
const LIMIT: Duration = Duration::from_secs(33 * 60);
/// The same with the slow ones, which go through every record of rollouts over several hosts.
const LIMIT_OF_ALL: Duration = Duration::from_secs(3 * 60 * 60);
/// How many compiled crates are one line of progress.
const CRATES: usize = 50;
/// How much of the log is shown where no test result explains a failure.
const TAIL: usize = 60;

pub(crate) fn run(flags: &[&str]) -> Result<ExitCode> {
    let path = tools::prepare(!flags.contains(&"--no-install"))?;
    let all = flags.contains(&"--all");
    let limit = if all { LIMIT_OF_ALL } else { LIMIT };
    let log = workspace::target().join("test.log");
    std::fs::create_dir_all(workspace::target())?;
    let mut keeper = Keeper { log: File::create(&log).context("target/test.log cannot be written")?, path };
    let started = Instant::now();
    let mut tally = Tally::default();
    let mut broken = Vec::new();
    for mut command in commands(all) {
        let shown = workspace::shown(&command);
        println!("\n{shown}");
        if let Some(why) = keeper.watch(&mut command, &mut tally, started, limit)? {
            broken.push(format!("`{shown}` {why}"));
        }
    }
    report(&tally, &broken, &log, started.elapsed())
}

/// What is run, in this order.
fn commands(all: bool) -> Vec<Command> {
    let arguments: &[&str] = if all { &["--show-output", "--include-ignored"] } else { &["--show-output"] };
    let mut workspace = workspace::cargo();
    workspace.args(["test", "--workspace", "--locked", "--no-fail-fast", "--"]).args(arguments);
    if !all {
        return vec![workspace];
    }
    let mut greeter = workspace::cargo();
    greeter.args([
        "test",
        "--locked",
        "--manifest-path",
        "examples/greeter/Cargo.toml",
        "--",
        "--show-output",
    ]);
    greeter.env("CARGO_TARGET_DIR", workspace::target().join("examples"));
    vec![workspace, greeter]
}

/// Runs commands and keeps all that they print.
struct Keeper {
    log: File,
    /// The path to search programs on.
    path: std::ffi::OsString,
}

impl Keeper {
    /// Runs one command and reads its results. Returns why it failed where it did.
    fn watch(
        &mut self,
        command: &mut Command,
        tally: &mut Tally,
        started: Instant,
        limit: Duration,
    ) -> Result<Option<String>> {
        // One pipe for both, so that results stay behind the program that they are of.
        let (reader, writer) = std::io::pipe()?;
        command.env("PATH", &self.path).env("CARGO_TERM_COLOR", "never");
        command.stdin(std::process::Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
        let mut child = command.spawn().context("cargo did not start")?;
        // The command holds our end of the pipe, which otherwise would never be at its end.
        let program = command.get_program().to_owned();
        *command = Command::new(program);
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            let lines = BufReader::new(reader).split(b'\n').map_while(Result::ok);
            lines.for_each(|line| drop(sender.send(String::from_utf8_lossy(&line).into_owned())));
        });
        let mut progress = Progress::default();
        loop {
            match lines.recv_timeout(limit.saturating_sub(started.elapsed())) {
                Ok(line) => {
                    writeln!(self.log, "{line}")?;
                    progress.show(&line, &tally.line(&line));
                }
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    end(&mut child);
                    return Ok(Some(format!("did not end within {} minutes", limit.as_secs() / 60)));
                }
            }
        }
        let status = child.wait()?;
        tally.end_of_input();
        Ok((!status.success()).then(|| format!("failed: {status}")))
    }
}

/// Ends a command and all that it started.
fn end(child: &mut Child) {
    let descendants = processes::descendants(child.id());
    // Both may be gone already.
    let _ = child.kill();
    descendants.iter().for_each(processes::Process::kill);
    let _ = child.wait();
}

/// What a person sees while it runs.
#[derive(Default)]
struct Progress {
    crates: usize,
}

impl Progress {
    fn show(&mut self, line: &str, news: &News) {
        if line.trim_start().starts_with("Compiling ") {
            self.crates += 1;
            if self.crates.is_multiple_of(CRATES) {
                println!("  ...  {} crates compiled", self.crates);
            }
        }
        match news {
            News::None => {}
            News::Failed { test } => println!("  no   {test}"),
            News::Ended { program, passed, failed, seconds } => {
                let word = if *failed == 0 { "ok" } else { "no" };
                println!("  {word:<4} {program:<44} {passed:>5} passed {failed:>3} failed  {seconds:>8}");
            }
        }
    }
}

fn report(tally: &Tally, broken: &[String], log: &PathBuf, took: Duration) -> Result<ExitCode> {
    for failure in &tally.failures {
        println!("\n---- {} of {}\n{}", failure.test, failure.program, failure.output.trim_end());
    }
    if !broken.is_empty() && tally.failures.is_empty() {
        let text = std::fs::read_to_string(log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        println!("\nthe end of {}:\n{}", log.display(), lines[lines.len().saturating_sub(TAIL)..].join("\n"));
    }
    println!();
    if !tally.skips.is_empty() {
        println!("skipped:");
    }
    for skip in &tally.skips {
        println!("  {skip}");
    }
    for broken in broken {
        println!("{broken}");
    }
    println!(
        "took {} min {:02} s; everything that was printed is in {}",
        took.as_secs() / 60,
        took.as_secs() % 60,
        log.display()
    );
    // A program that crashed has no result of its own and is a failure all the same.
    let failed = if broken.is_empty() { tally.failed } else { tally.failed.max(1) };
    println!("{} passed, {failed} failed, {} skipped", tally.passed, tally.skipped());
    std::io::stdout().flush()?;
    Ok(if failed == 0 && tally.passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
