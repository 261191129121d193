//! Gate "inspect": can the artifact run where it is going?
//!
//! The first few questions only; the full set of checks is `plimsoll-rules`' and is asked from here.

use std::path::Path;

use plimsoll_artifact::gate::{Code, Severity, Subject, Target, first_gate};
use plimsoll_drivers::build::Built;
use plimsoll_model::evidence::{Gate, GateDecision};
use plimsoll_model::release::{Platform, Source, Tree};
use serde_json::json;

use super::{Finding, Ship, Stop, measured};

impl Ship<'_> {
    pub(super) fn inspect(&mut self, source: &Source, built: &Built) -> Result<(), Stop> {
        let started = self.start(Gate::Inspect, "the program and what it needs");
        let subject = Subject::of_file(&built.artifact);
        // The local target is this machine: its platform and its root.
        let platform = this_platform();
        let target = Target { platform: &platform, root: Path::new("/"), folder: None };
        let mut judgement = first_gate(&subject, &target);
        // That the tree was not the commit is said by the build already.
        let told = !matches!(source.tree, Tree::Clean);
        judgement.findings.retain(|finding| !(told && finding.code == Code::GoDirtyBuild));
        let decision = judgement.decision();
        let worst = judgement.findings.first();
        let summary = match worst {
            Some(finding) if decision == GateDecision::Refused => finding.message.clone(),
            Some(finding) => format!("{}; {}", judgement.summary, finding.message),
            None => judgement.summary.clone(),
        };
        let digest = file_digest(&built.artifact);
        self.found(
            started,
            Finding {
                gate: Gate::Inspect,
                release: None,
                artifact: digest,
                question: format!("can it run on {platform} here?"),
                measured: measured([
                    ("findings", json!(judgement.findings)),
                    ("facts", json!(subject.program.as_ref().ok())),
                    ("summary", json!(judgement.summary)),
                ]),
                decision,
                summary: summary.clone(),
            },
        )?;
        if decision != GateDecision::Refused {
            return Ok(());
        }
        let refusing = judgement.findings.iter().filter(|f| f.severity == Severity::Refuse);
        let help = refusing.map(|f| f.fix.clone()).collect();
        Err(Stop::Refused { gate: Gate::Inspect, summary, help })
    }
}

/// The platform of this machine, in Go's words.
fn this_platform() -> Platform {
    let arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    };
    Platform { os: std::env::consts::OS.to_owned(), arch: arch.to_owned() }
}

pub(super) fn file_digest(path: &Path) -> Option<plimsoll_model::Digest> {
    let mut file = std::fs::File::open(path).ok()?;
    plimsoll_model::Digest::of_reader(&mut file).ok()
}
