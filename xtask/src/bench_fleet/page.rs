//! The page: one table for each case, and how each tool was used.

use std::fmt::Write as _;
use std::fs;

use anyhow::Result;

use super::meter::Measured;
use super::service::Service;
use super::traffic::RATE;
use super::{Case, HOSTS, Outcome, Report};
use crate::workspace;

/// plimsoll's default `min-healthy-time`, declared and not its speed.
const MIN_HEALTHY_SECONDS: f64 = 3.0;

pub(super) fn write(reports: &[Report], service: &Service, loads: &[String; 2]) -> Result<String> {
    let size = fs::metadata(service.program(1))?.len() as f64 / 1e6;
    let mut text = format!(
        "# Measured: plimsoll beside other tools that deploy over ssh\n\n\
         Written by `cargo xtask bench fleet` on {}.\n\n\
         Machine: {}; load average before {}, after {} (hosts, client and tools share the processor). {HOSTS} hosts of the \
         test fleet (docs/design/test-fleet.md), new for every tool. A Go service of {size:.1} MB, built before; the change \
         is one line of its source. A client asks every host for its version {RATE} times a second, each time on a new \
         connection.\n\n\
         `serving` is the time until every host gave the version that was meant and never again another (for what serves \
         already: until the command ended). plimsoll lets a new instance be healthy for {MIN_HEALTHY_SECONDS:.0} s before it \
         takes requests, where the others have no such time; the number in brackets is without it. `bytes` is what passed \
         over ssh, both ways. `processor` and `memory` are of the tool and all that it started on this machine, \
         `memory` as the most anonymous memory at one time. Once each.\n",
        workspace::today()?,
        crate::bench_ship::machine(),
        loads[0],
        loads[1],
    );
    for case in [Case::First, Case::Change, Case::Same, Case::Rollback] {
        write!(
            text,
            "\n## {}\n\n| tool | serving | command | bytes | of what the programs have | lost | processor | memory |\n\
             |---|---:|---:|---:|---:|---:|---:|---:|\n",
            title(case)
        )?;
        for report in reports {
            let outcome =
                report.outcomes.iter().find(|(which, _)| *which == case).map(|(_, outcome)| outcome);
            if let Some(outcome) = outcome {
                row(&mut text, report.name, case, outcome, size * f64::from(HOSTS))?;
            }
        }
    }
    text += "\n## How each was used\n\n";
    for report in reports {
        writeln!(text, "- **{}** {}: {}", report.name, report.version, report.how)?;
    }
    Ok(text)
}

fn title(case: Case) -> &'static str {
    match case {
        Case::First => "First deployment",
        Case::Change => "After a change of one line",
        Case::Rollback => "Rollback",
        Case::Same => "The same again",
    }
}

fn row(text: &mut String, name: &str, case: Case, outcome: &Outcome, megabytes: f64) -> Result<()> {
    let measured = match outcome {
        Ok(measured) => measured,
        Err(why) => {
            let why = why.lines().next().unwrap_or_default();
            writeln!(text, "| {name} | {why} | | | | | | |")?;
            return Ok(());
        }
    };
    let Measured { serving, command, bytes, lost, cpu, memory } = measured;
    let serving = serving.as_secs_f64();
    let own = (name == "plimsoll" && case != Case::Same)
        .then(|| format!(" ({:.1} s)", (serving - MIN_HEALTHY_SECONDS).max(0.0)));
    let lost = lost.map_or(String::new(), |(lost, of)| format!("{lost} of {of}"));
    let sent = *bytes as f64 / 1e6;
    writeln!(
        text,
        "| {name} | {serving:.1} s{} | {:.1} s | {sent:.1} MB | {:.1} % | {lost} | {:.1} s | {:.0} MB |",
        own.unwrap_or_default(),
        command.as_secs_f64(),
        100.0 * sent / megabytes,
        cpu.as_secs_f64(),
        *memory as f64 / 1e6
    )?;
    Ok(())
}
