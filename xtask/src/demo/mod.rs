//! `cargo xtask demo`: five versions of a small service go out under load. Two are good, one answers with errors, one
//! is slow, and once the command that ships is killed in the middle. Nothing is scripted but the versions: what is
//! told is what `plimsoll --json` reports, what the client counts, and what the service answers.
//!
//! [`versions`] is the plot, [`project`] the service's repository, [`ship`] runs the command, [`load`] the client,
//! [`story`] what is shown, [`summary`] what is judged and written.

mod cleanup;
mod load;
mod moments;
mod project;
mod ship;
mod story;
mod summary;
mod versions;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
pub(crate) use cleanup::Stage;
use load::Load;
use moments::Moments;
use plimsoll_testkit::load::Connection;
use project::{Language, Project};
pub(crate) use ship::clean;
use ship::{Next, Run, Shipment};
use story::Story;
use summary::{Outcome, Row, Summary};
use versions::{Trouble, VERSIONS, Version};

use crate::interrupt::Interrupt;
use crate::{build, workspace};

/// Where clients reach production, as the examples' plimsoll.toml says.
const PRODUCTION: SocketAddr = address(18080);
const STAGING: SocketAddr = address(18081);
/// How long the load runs against the first version before the second one comes.
const BASELINE: Duration = Duration::from_secs(3);

const fn address(port: u16) -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

pub(crate) fn run(flags: &[&str]) -> Result<ExitCode> {
    let language = if flags.contains(&"--go") { Language::Go } else { Language::Rust };
    let keep = flags.contains(&"--keep");
    language.check()?;
    println!("building the static plimsoll (minutes the first time, seconds afterwards)");
    let built = build::binary(&[])?;
    let interrupt = Interrupt::listen()?;
    let folder = workspace::target().join("demo");
    let stage = Stage::set(&folder, &built)?;
    let result = play(&folder, &stage, language, &interrupt);
    let cleared = if keep { stage.keep() } else { stage.clear() };
    let good = result?;
    cleared?;
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn play(folder: &Path, stage: &Stage, language: Language, interrupt: &Interrupt) -> Result<bool> {
    for address in [PRODUCTION, STAGING] {
        let why = || format!("{address} is taken by something else, and the demo needs it");
        drop(TcpListener::bind(address).with_context(why)?);
    }
    let mut demo =
        Demo { stage, project: Project::make(language, folder)?, load: None, rows: Vec::new(), interrupt };
    let started = Instant::now();
    story::opening(&demo.project.folder);
    let result = VERSIONS.iter().try_for_each(|version| demo.version(version));
    let seconds = started.elapsed().as_secs_f64();
    let summary = demo.summary();
    let file = folder.join("summary.json");
    std::fs::write(&file, summary.to_json()).context("summary.json cannot be written")?;
    story::table(&summary, seconds);
    println!("written: {}", file.display());
    result?;
    let problems = summary.problems();
    for problem in &problems {
        println!("  no   {problem}");
    }
    Ok(problems.is_empty())
}

struct Demo<'a> {
    stage: &'a Stage,
    project: Project,
    load: Option<Load>,
    rows: Vec<Row>,
    interrupt: &'a Interrupt,
}

impl Demo<'_> {
    /// Takes one version through everything.
    fn version(&mut self, version: &Version) -> Result<()> {
        self.interrupt.check()?;
        let commit = self.project.commit(version)?;
        story::version(version, &commit);
        if let Some(load) = &self.load {
            load.window(version.number);
        }
        let started = Instant::now();
        let (run, moments) = self.ship(version)?;
        story::ended(&run, started.elapsed());
        if self.load.is_none() {
            ensure!(
                run.code == Some(0),
                "the first version was not shipped, so there is nothing to go on with"
            );
            self.load = Some(Load::start(PRODUCTION, version.number));
            println!("       {} requests a second from here on", load::RATE);
            wait(BASELINE, self.interrupt)?;
        }
        let row = self.row(version, &run, &moments);
        story::verdict(version, &row);
        self.rows.push(row);
        check_served(version)
    }

    /// Ships; where the version's trouble is a killed command, kills it and ships again.
    fn ship(&self, version: &Version) -> Result<(Run, Moments)> {
        let shipment = |attempt: u32| Shipment {
            plimsoll: self.stage.plimsoll(),
            folder: &self.project.folder,
            events: self.stage.events(version.number, attempt),
        };
        let mut moments = Moments::default();
        let mut story = Story::default();
        if version.trouble == Trouble::Killed {
            let run = shipment(1).run(self.interrupt, &mut |event| {
                story.event(event);
                moments.note(event);
                if moments.first_weight.is_some() { Next::Kill } else { Next::GoOn }
            })?;
            ensure!(run.code.is_none(), "the command ended with {:?} before it could be killed", run.code);
            story::killed();
            moments = Moments::default();
        }
        let run = shipment(2).run(self.interrupt, &mut |event| {
            story.event(event);
            moments.note(event);
            Next::GoOn
        })?;
        Ok((run, moments))
    }

    fn row(&self, version: &Version, run: &Run, moments: &Moments) -> Row {
        let window = self.load.as_ref().map(|load| load.read(version.number)).unwrap_or_default();
        let (bad_answers, first) = match version.trouble {
            Trouble::Slow => window.slow_of(moments.release.as_deref()),
            _ => window.errors(),
        };
        let gone = moments.weight_0.filter(|_| version.trouble.is_bad());
        Row {
            version: version.number,
            outcome: Outcome::of(run),
            expected: version.expected,
            exit_code: run.code,
            requests: window.requests,
            failed: window.failed,
            why_failed: window.why_failed,
            bad_answers,
            seconds_to_weight_0: first.zip(gone).map(|(first, gone)| (gone - first).max(0.0)),
        }
    }

    /// What there is to tell; the first version's window goes on until the second one's begins.
    fn summary(&mut self) -> Summary {
        let (requests_per_second, windows) = self.load.take().map_or_else(Default::default, Load::stop);
        for row in &mut self.rows {
            if let Some(window) = windows.iter().find(|window| window.version == row.version) {
                row.requests = window.requests;
                row.failed = window.failed;
                row.why_failed.clone_from(&window.why_failed);
            }
        }
        Summary { rows: std::mem::take(&mut self.rows), requests_per_second }
    }
}

/// Asks the service itself which version it is: every answer must be the expected one's.
fn check_served(version: &Version) -> Result<()> {
    let mut connection = Connection::open(PRODUCTION).context("production does not answer")?;
    for _ in 0..20 {
        let answer = connection.get("/", false).context("production does not answer")?;
        let wanted = format!("\"version\":\"{}\"", version.serves_then);
        if answer.status != 200 || !answer.body.contains(&wanted) {
            bail!(
                "v{} should serve everywhere, and production says: {}",
                version.serves_then,
                answer.body.trim()
            );
        }
    }
    println!("       v{} serves: 20 of 20 answers are its own", version.serves_then);
    Ok(())
}

fn wait(time: Duration, interrupt: &Interrupt) -> Result<()> {
    let until = Instant::now() + time;
    while Instant::now() < until {
        interrupt.check()?;
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// Where the events of a run are kept.
fn events_file(folder: &Path, version: u32, attempt: u32) -> PathBuf {
    folder.join(format!("events-v{version}-{attempt}.jsonl"))
}
