//! Asks every host of an environment what it is, all at once, and holds the answers against what is needed.
//!
//! Nothing is changed. The judgement itself is `plimsoll_plan::preflight`'s; what a release needs is read from its
//! artifact. The gate's evidence has the findings that are not good and, of each host, the numbers behind them.

use std::collections::BTreeMap;
use std::path::Path;

use plimsoll_artifact::gate::Subject;
use plimsoll_drivers::{Clock, Host, HostError};
use plimsoll_model::agent::{Request, Response};
use plimsoll_model::evidence::GateDecision;
use plimsoll_model::facts::{CpuLevel, Fact, HostFacts};
use plimsoll_model::preflight::{Answer, CheckId, Finding, HostReport, ReleaseNeeds, Severity, Skew};
use plimsoll_model::release::{Manifest, RunSpec, SecretReference};
use plimsoll_model::service::Environment;
use plimsoll_model::{HostName, ReleaseId, ServiceName, Timestamp};
use plimsoll_plan::planner::NoPlan;
use plimsoll_plan::preflight::{Question, Seen, judge};
use serde_json::{Value, json};

use crate::fleet;

/// What a preflight asks about.
#[derive(Debug, Clone, Copy)]
pub struct Examination<'e> {
    /// The service.
    pub service: &'e ServiceName,
    /// The environment.
    pub environment: &'e Environment,
    /// What the release needs; absent where there is none yet.
    pub release: Option<&'e ReleaseNeeds>,
}

/// Asks every host at the same time.
pub fn examine(hosts: &mut [Box<dyn Host>], clock: &dyn Clock, about: &Examination<'_>) -> Vec<HostReport> {
    let environment = about.environment;
    let question = Question {
        requires: &environment.requires,
        listen: environment.listen,
        instances: environment.instances,
        release: about.release,
    };
    let order = Box::new(question.order());
    let answers = fleet::on_all(hosts, environment.target.parallel(), |host| {
        // Opens the connection, so that the time which that takes is not mistaken for a difference of clocks.
        let opened = host.call(about.service, None, Request::Observe, &[]);
        let asked = clock.now();
        let facts = Request::Facts { order: order.clone() };
        (opened.and_then(|_| host.call(about.service, None, facts, &[])), asked, clock.now())
    });
    answers
        .into_iter()
        .map(|(host, (answer, asked, answered))| report(host, answer, asked, answered, &question))
        .collect()
}

fn report(
    host: HostName,
    answer: Result<Response, HostError>,
    asked: Timestamp,
    answered: Timestamp,
    question: &Question<'_>,
) -> HostReport {
    let facts = match answer {
        Ok(Response::Facts { facts }) => *facts,
        Ok(_) => return silent(host, "it gave another answer".to_owned(), Answer::Unknown),
        // An agent that refuses to talk is there, and refuses the release, too.
        Err(error @ HostError::Refused(_)) => return silent(host, fleet::reason(error), Answer::No),
        Err(error) => return silent(host, fleet::reason(error), Answer::Unknown),
    };
    let skew = skew(asked, answered, &facts);
    let findings = judge(question, &Seen { host: &host, facts: &facts, skew: Some(skew) });
    HostReport { host, facts: Fact::Known(facts), skew: Some(skew), findings }
}

/// Of a host that does not answer nothing is known, neither good nor bad.
fn silent(host: HostName, why: String, answer: Answer) -> HostReport {
    let finding = Finding {
        id: CheckId::Reachable,
        severity: Severity::Error,
        host: host.clone(),
        what: "the host does not say what it is".to_owned(),
        measured: why.clone(),
        needed: String::new(),
        fix: "see that it runs and can be reached, then ask again".to_owned(),
        answer,
    };
    HostReport { host, facts: Fact::Unknown(why), skew: None, findings: vec![finding] }
}

/// As NTP does it: the host's clock at both ends of its work stands in the middle of ours, give or take half the time
/// that the question was on its way.
fn skew(asked: Timestamp, answered: Timestamp, facts: &HostFacts) -> Skew {
    let millis = |at: Timestamp| i64::try_from(at.as_millis()).unwrap_or(i64::MAX);
    let (before, after) = (millis(facts.began) - millis(asked), millis(facts.ended) - millis(answered));
    let way = before.saturating_sub(after).unsigned_abs();
    Skew { ahead: before.midpoint(after), within: way.div_ceil(2) }
}

/// What a release needs of the hosts of an environment, read from its manifest and its artifact.
pub fn release_needs(
    release: &ReleaseId,
    manifest: &Manifest,
    run: &RunSpec,
    artifact: Option<&Path>,
) -> ReleaseNeeds {
    let subject = artifact.map(Subject::of_file);
    let program = subject.as_ref().and_then(|subject| subject.program.as_ref().ok());
    let go = subject.as_ref().and_then(|subject| subject.go.build_info());
    let secrets = run.secrets.values().filter_map(|reference| match reference {
        SecretReference::File(path) => Some(path.clone()),
        SecretReference::Env(_) => None,
    });
    ReleaseNeeds {
        release: release.clone(),
        platform: manifest.platform.clone(),
        size: manifest.artifact.size,
        program: program.map(plimsoll_artifact::elf::Facts::needs),
        cpu: go.and_then(|info| match info.setting("GOAMD64")? {
            "v2" => Some(CpuLevel::V2),
            "v3" => Some(CpuLevel::V3),
            "v4" => Some(CpuLevel::V4),
            _ => None,
        }),
        memory: run.limits.memory,
        cores: run.limits.cpu,
        open_files: run.limits.open_files,
        secret_files: secrets.collect(),
    }
}

/// A host whose agent refuses to talk, and why. One that does not answer is the rollout's to deal with.
pub(crate) fn refusing_agent(reports: &[HostReport]) -> Result<(), NoPlan> {
    let refused = |f: &&Finding| f.id == CheckId::Reachable && f.answer == Answer::No;
    let found = reports.iter().flat_map(|report| &report.findings).find(refused);
    found.map_or(Ok(()), |f| {
        Err(NoPlan::Unreachable { host: f.host.clone(), reason: f.measured.clone(), more: 0, allowed: 0 })
    })
}

/// What a gate makes of the reports.
pub(crate) struct Conclusion {
    pub(crate) decision: GateDecision,
    pub(crate) summary: String,
    /// What to do, each thing once.
    pub(crate) help: Vec<String>,
}

/// Only what certainly fails stops a release. A host that is silent is not judged here: the rollout itself refuses it.
pub(crate) fn conclude(reports: &[HostReport]) -> Conclusion {
    let findings: Vec<&Finding> = reports.iter().flat_map(|report| &report.findings).collect();
    let refusing: Vec<&Finding> = findings.iter().copied().filter(|finding| finding.refuses()).collect();
    let told: Vec<&Finding> = findings.iter().copied().filter(|finding| finding.matters()).collect();
    if let Some(first) = refusing.first() {
        let mut help: Vec<String> = Vec::new();
        for finding in refusing.iter().filter(|finding| !finding.fix.is_empty()) {
            if !help.contains(&finding.fix) {
                help.push(finding.fix.clone());
            }
        }
        let more = others(&refusing);
        let needed =
            if first.needed.is_empty() { String::new() } else { format!("; needed: {}", first.needed) };
        let summary = format!("{}: {} ({}{needed}){more}", first.host, first.what, first.measured);
        return Conclusion { decision: GateDecision::Refused, summary, help };
    }
    let hosts = reports.len();
    let asked = if hosts == 1 { "1 host".to_owned() } else { format!("{hosts} hosts") };
    let Some(first) = told.first() else {
        let summary = format!("{asked} fit, {} questions each", findings.len() / hosts.max(1));
        return Conclusion { decision: GateDecision::Passed, summary, help: Vec::new() };
    };
    let open = if first.answer == Answer::Unknown { "not known whether: " } else { "" };
    let summary = format!("{open}{} on {} ({}){}", first.what, first.host, first.measured, others(&told));
    Conclusion { decision: GateDecision::Warned, summary, help: Vec::new() }
}

fn others(findings: &[&Finding]) -> String {
    match findings.len().saturating_sub(1) {
        0 => String::new(),
        1 => "; 1 more finding, see `plimsoll doctor`".to_owned(),
        more => format!("; {more} more findings, see `plimsoll doctor`"),
    }
}

/// The measured values of the gate's evidence.
pub(crate) fn measured(reports: &[HostReport], environment: &Environment) -> BTreeMap<String, Value> {
    let told: Vec<_> = reports.iter().flat_map(|r| &r.findings).filter(|f| f.answer != Answer::Yes).collect();
    let values = [
        ("environment", json!(environment.name)),
        ("requires", json!(environment.requires)),
        ("findings", json!(told)),
        ("hosts", reports.iter().map(numbers).collect()),
    ];
    values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The numbers behind the answers about one host.
fn numbers(report: &HostReport) -> Value {
    match &report.facts {
        Fact::Unknown(why) => json!({ "host": report.host, "silent": why }),
        Fact::Known(facts) => json!({
            "host": report.host,
            "platform": facts.platform.to_string(),
            "kernel": facts.kernel,
            "glibc": facts.glibc,
            "memory": facts.memory,
            "disk": facts.root.disk,
            "port": facts.listen.as_ref().map(|listen| &listen.port),
            "skew": report.skew,
            "answered-yes": report.findings.iter().filter(|f| f.answer == Answer::Yes).count(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_measured_at_both_ends() {
        let at = Timestamp::from_millis;
        let mut facts = sample();
        // 30 ms there, 2 s of work, 10 ms back; the host is 5 s behind.
        (facts.began, facts.ended) = (at(1_000_030 - 5000), at(1_002_030 - 5000));
        let found = skew(at(1_000_000), at(1_002_040), &facts);
        assert_eq!((found.ahead, found.within), (-4990, 20));
    }

    fn sample() -> HostFacts {
        serde_json::from_str(include_str!("../../plimsoll-model/tests/data/facts.json")).unwrap()
    }

    #[test]
    fn only_errors_stop() {
        let finding = |severity, answer| Finding {
            id: CheckId::Disk,
            severity,
            host: HostName::local(),
            what: "too little room".to_owned(),
            measured: "1 MB".to_owned(),
            needed: String::new(),
            fix: "prune".to_owned(),
            answer,
        };
        let decide = |findings: Vec<Finding>| {
            let facts = Fact::unknown("");
            let reports = [HostReport { host: HostName::local(), facts, skew: None, findings }];
            let Conclusion { decision, summary, .. } = conclude(&reports);
            (decision, summary)
        };
        let (decision, summary) = decide(vec![
            finding(Severity::Warning, Answer::No),
            finding(Severity::Error, Answer::No),
            finding(Severity::Error, Answer::No),
        ]);
        assert_eq!(decision, GateDecision::Refused);
        assert_eq!(summary, "local: too little room (1 MB); 1 more finding, see `plimsoll doctor`");
        let warned = [(Severity::Warning, Answer::No), (Severity::Error, Answer::Unknown)];
        for (severity, answer) in warned {
            assert_eq!(decide(vec![finding(severity, answer)]).0, GateDecision::Warned);
        }
        for (severity, answer) in [(Severity::Error, Answer::Yes), (Severity::Info, Answer::No)] {
            assert_eq!(decide(vec![finding(severity, answer)]).0, GateDecision::Passed);
        }
    }
}
