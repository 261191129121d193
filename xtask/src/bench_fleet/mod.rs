//! `cargo xtask bench fleet`: plimsoll beside other tools that deploy over ssh, on ten real test hosts.
//!
//! Every tool gets ten fresh hosts of the same root and the same two programs, and does the same four things. A client
//! asks every host for its version throughout, so what is measured is what a user of the service sees. `service.rs` has
//! the programs, `meter.rs` the instruments, `tools.rs` and the files beside it how each tool is used.

mod ansible;
mod fujin;
mod meter;
mod page;
mod plimsoll;
mod service;
mod slipway;
mod tools;
mod traffic;

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use plimsoll_testkit::fleet::{Fleet, FleetOptions};

use crate::interrupt::Interrupt;
use crate::workspace;
use meter::Meter;
use service::Service;
use tools::Tool;

const HOSTS: u8 = 10;
const PORT: u16 = 8080;
const PAGE: &str = "docs/reference/bench-fleet.md";
/// What the tools need on hosts: Ansible and fujin a Python, fujin `rsync`, slipway a command that asks for a page.
const PACKAGES: &[&str] = &["curl", "python3", "rsync"];

/// What is done, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    /// Version 1 on hosts that have nothing.
    First,
    /// Version 2, one line of source away.
    Change,
    /// Back to version 1.
    Rollback,
    /// Version 1 again, which serves already.
    Same,
}

impl Case {
    const ALL: [Self; 4] = [Self::First, Self::Change, Self::Rollback, Self::Same];

    /// The version that serves afterwards.
    fn version(self) -> u32 {
        if self == Self::Change { 2 } else { 1 }
    }
}

/// What one case of one tool came to, or why it could not be had.
type Outcome = std::result::Result<meter::Measured, String>;

/// A tool with what was measured of it.
struct Report {
    name: &'static str,
    version: String,
    how: &'static str,
    outcomes: Vec<(Case, Outcome)>,
}

/// Measures the tools that are named, or all, and writes the page where it was all.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    let interrupt = Interrupt::listen()?;
    let folder = workspace::target().join("bench-fleet");
    std::fs::create_dir_all(&folder)?;
    let service = Service::make(&folder)?;
    let load = meter::load_average();
    let mut reports = Vec::new();
    for tool in tools::all(&folder, &service) {
        if words.is_empty() || words.contains(&tool.name()) {
            interrupt.check()?;
            reports.push(measure(tool, &interrupt)?);
        }
    }
    let text = page::write(&reports, &service, &[load, meter::load_average()])?;
    if words.is_empty() {
        let path: PathBuf = workspace::root().join(PAGE);
        std::fs::write(&path, text).with_context(|| format!("{PAGE} cannot be written"))?;
        println!("written: {PAGE}");
    } else {
        print!("{text}");
    }
    Ok(())
}

/// Takes one tool through every case on a fleet of its own.
fn measure(mut tool: Box<dyn Tool + '_>, interrupt: &Interrupt) -> Result<Report> {
    println!("{}", tool.name());
    let mut report =
        Report { name: tool.name(), version: String::new(), how: tool.how(), outcomes: Vec::new() };
    match tool.install() {
        Ok(version) => report.version = version,
        Err(error) => {
            println!("  not here: {error:#}");
            report.outcomes = Case::ALL.map(|case| (case, Err(format!("not here: {error:#}")))).into();
            return Ok(report);
        }
    }
    let options = FleetOptions { hosts: HOSTS, packages: PACKAGES, ..FleetOptions::default() };
    let fleet = Fleet::up(options)?;
    let meter = Meter::new(&fleet)?;
    tool.prepare(&fleet)?;
    for case in Case::ALL {
        interrupt.check()?;
        let outcome = tool.command(case).and_then(|command| meter.measure(case, command, interrupt));
        let outcome = outcome.map_err(|error| format!("failed: {error:#}"));
        match &outcome {
            Ok(measured) => println!("  {case:?}: {measured:?}"),
            Err(why) => println!("  {case:?}: {why}"),
        }
        report.outcomes.push((case, outcome));
    }
    tool.finish();
    Ok(report)
}
