//! `cargo xtask bench ship`: how long a release takes beside the times that are declared.
//!
//! Three commands, each ten times, against the example service on this machine: `deploy` of a release that is built
//! (to serving everywhere), `ship` of a tree that is built and unchanged but for its commit (the same, with every gate
//! before it), and `rollback` (to weight 0 of the release that is left). Declared waiting is taken off: it is the
//! user's choice, not plimsoll's speed.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::demo::{Stage, clean};
use crate::interrupt::Interrupt;
use crate::{build, workspace};

const RUNS: usize = 10;
const PAGE: &str = "docs/reference/bench-ship.md";
/// What every new instance must stay healthy for; declared below.
const MIN_HEALTHY_SECONDS: f64 = 0.5;
const CONFIGURATION: &str = r#"[service]
name = "greeter"
[build]
type = "rust"
static-libc = true
[run.health]
interval = "100ms"
min-healthy-time = "500ms"
[environments.production]
port = 18080
instances = 2
"#;

pub(crate) fn run() -> Result<()> {
    let plimsoll = build::binary(&[])?;
    let interrupt = Interrupt::listen()?;
    let folder = workspace::target().join("bench-ship");
    let stage = Stage::set(&folder, &plimsoll)?;
    let result = Bench::set_up(&stage, &folder).and_then(|bench| bench.measure(&interrupt));
    stage.clear()?;
    let page = page(&result?)?;
    std::fs::write(workspace::root().join(PAGE), page)
        .with_context(|| format!("{PAGE} cannot be written"))?;
    println!("written: {PAGE}");
    Ok(())
}

/// Seconds of each run, by what was measured.
struct Times {
    deploy: Vec<f64>,
    ship: Vec<f64>,
    rollback: Vec<f64>,
}

struct Bench<'a> {
    stage: &'a Stage,
    project: PathBuf,
}

impl<'a> Bench<'a> {
    /// Two releases, r1 and r2; r2 serves.
    fn set_up(stage: &'a Stage, folder: &Path) -> Result<Self> {
        let project = folder.join("greeter");
        if project.exists() {
            std::fs::remove_dir_all(&project)?;
        }
        let example = workspace::root().join("examples/greeter");
        workspace::run(Command::new("cp").arg("-r").arg(&example).arg(&project))?;
        let bench = Self { stage, project };
        std::fs::write(bench.project.join("plimsoll.toml"), CONFIGURATION)?;
        bench.git(&["init", "--quiet"])?;
        for number in 1..=2 {
            bench.commit(&format!("release {number}"))?;
            bench.plimsoll(&["ship"])?;
        }
        Ok(bench)
    }

    fn measure(&self, interrupt: &Interrupt) -> Result<Times> {
        let mut times = Times { deploy: Vec::new(), ship: Vec::new(), rollback: Vec::new() };
        for run in 1..=RUNS {
            interrupt.check()?;
            let began = jiff::Timestamp::now();
            let (back, lines) = self.plimsoll(&["rollback"])?;
            times.rollback.push(weight_0(&lines).map_or(back, |at| at.duration_since(began).as_secs_f64()));
            // What was gone back from is deployed again only when a person says so; the way is the same as `deploy`'s.
            let (forth, _) = self.plimsoll(&["retry", "r2"])?;
            times.deploy.push(forth);
            println!("  run {run:>2} of {RUNS}: rollback and deploy");
        }
        for run in 1..=RUNS {
            interrupt.check()?;
            self.commit(&format!("run {run}"))?;
            let (ship, _) = self.plimsoll(&["ship"])?;
            times.ship.push(ship);
            println!("  run {run:>2} of {RUNS}: ship");
        }
        Ok(times)
    }

    /// An empty commit: another release, the same program.
    fn commit(&self, subject: &str) -> Result<()> {
        self.git(&["add", "--all"])?;
        self.git(&["commit", "--quiet", "--allow-empty", "--message", subject])
    }

    fn git(&self, words: &[&str]) -> Result<()> {
        let mut git = Command::new("git");
        git.current_dir(&self.project).args(["-c", "user.name=bench", "-c", "user.email=bench@localhost"]);
        workspace::run(git.args(["-c", "commit.gpgsign=false"]).args(words))
    }

    /// Runs a command to its good end. Returns its seconds and what it reported.
    fn plimsoll(&self, words: &[&str]) -> Result<(f64, Vec<Value>)> {
        let mut command = Command::new(self.stage.plimsoll());
        command.args(words).arg("--json").current_dir(&self.project).stdin(Stdio::null());
        clean(&mut command);
        let started = Instant::now();
        let output = command.output()?;
        let seconds = started.elapsed().as_secs_f64();
        let text = String::from_utf8_lossy(&output.stdout);
        ensure!(
            output.status.success(),
            "`plimsoll {}` ended with {}\n{text}{}",
            words.join(" "),
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        Ok((seconds, text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()))
    }
}

/// When the first spread of traffic that one release has to itself was in force.
fn weight_0(lines: &[Value]) -> Option<jiff::Timestamp> {
    let records = lines.iter().map(|line| &line["event"]["record"]);
    let mut routed =
        records.filter(|record| record["entry"]["kind"] == "performed" && gives_all(&record["entry"]));
    routed.find_map(|record| record["at"].as_str()?.parse().ok())
}

fn gives_all(entry: &Value) -> bool {
    let actions = entry["actions"].as_array().into_iter().flatten();
    let mut weights = actions.flat_map(|action| action["action"]["weights"].as_array().into_iter().flatten());
    weights.any(|arm| arm["weight"] == "100%")
}

fn page(times: &Times) -> Result<String> {
    let mut text = format!(
        "# Measured: how long a release takes\n\nWritten by `cargo xtask bench ship` on {}.\n\nMachine: {}. The example \
         service (`examples/greeter`), 2 instances on this machine behind\nplimsoll's proxy, no canary steps, no load. \
         {RUNS} runs each. Every new instance must be healthy for {MIN_HEALTHY_SECONDS} s before it takes\nrequests; \
         that time is declared, and has been taken off.\n\n\
         | what | median | fastest | slowest |\n|---|---:|---:|---:|\n",
        jiff::Timestamp::now().strftime("%Y-%m-%d"),
        machine(),
    );
    let rows = [
        ("`deploy` of a built release, to serving everywhere and the old one drained", &times.deploy),
        ("`ship` of a built tree (build, inspect, sign, deploy), likewise", &times.ship),
        (
            "`rollback`, from the start of the command to weight 0 of the release that is left",
            &times.rollback,
        ),
    ];
    for (what, seconds) in rows {
        let mut own: Vec<f64> =
            seconds.iter().map(|seconds| (seconds - MIN_HEALTHY_SECONDS).max(0.0)).collect();
        own.sort_by(f64::total_cmp);
        let (Some(first), Some(last)) = (own.first(), own.last()) else { bail!("nothing was measured") };
        let median = f64::midpoint(own[(own.len() - 1) / 2], own[own.len() / 2]);
        writeln!(text, "| {what} | {median:.2} s | {first:.2} s | {last:.2} s |")?;
        println!("{what}: median {median:.2} s ({first:.2} to {last:.2})");
    }
    Ok(text)
}

/// Processor and cores, as far as the kernel tells.
pub(crate) fn machine() -> String {
    let about = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = about.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("unknown processor", |(_, name)| name);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{model}, {cores} cores")
}
