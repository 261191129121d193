//! The five witnesses. Each says of every host what it serves, in words of its own that are brought to one form.

use std::collections::BTreeMap;
use std::fmt;

use plimsoll_engine::History;
use plimsoll_model::record::{Entry, Outcome, Record};
use serde_json::Value;

use crate::clients::Clients;
use crate::stage::{INSTANCES, Stage};
use crate::support::hosts::said;

/// What a host serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Serves {
    /// This version alone, with all its instances.
    Version(String),
    /// The witness says that it does not know.
    Unknown,
    /// Something else.
    Other(String),
}

/// What a witness says of each host.
pub type Testimony = BTreeMap<String, Serves>;

impl Serves {
    fn version(version: Option<&str>, otherwise: impl FnOnce() -> String) -> Self {
        version.map_or_else(|| Self::Other(otherwise()), |version| Self::Version(version.to_owned()))
    }
}

impl fmt::Display for Serves {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => write!(f, "{version}"),
            Self::Unknown => write!(f, "unknown"),
            Self::Other(what) => write!(f, "({what})"),
        }
    }
}

fn of_each(stage: &Stage, says: impl Fn(&str) -> Serves) -> Testimony {
    stage.hosts().iter().map(|host| (host.name().to_owned(), says(host.name()))).collect()
}

/// What clients get, on new connections.
pub fn clients(stage: &Stage, clients: &Clients, away: &[&str]) -> Testimony {
    of_each(stage, |host| {
        let is_off = stage.fleet.host(host).is_none_or(|host| host.pid1().is_err());
        if is_off || away.contains(&host) && !clients.are_beyond() {
            return Serves::Unknown;
        }
        let mut answers = clients.ask(stage, host);
        answers.sort();
        answers.dedup();
        match &answers[..] {
            [one] if one.parse::<u32>().is_ok() => Serves::Version(one.clone()),
            _ => Serves::Other(answers.join(", ")),
        }
    })
}

/// The instances' main processes with the digest of what they execute, and what is called current.
const LOOK: &str = "for unit in $(systemctl list-units --plain --no-legend --state=active 'greeter@*.service' | cut -d' ' -f1); do
    sha256sum < /proc/$(systemctl show --value --property MainPID $unit)/exe
done
echo current $(basename $(readlink /opt/plimsoll/greeter/current))";

/// What runs, by the hosts themselves: systemd's units, `/proc`, the digest of each program.
pub fn processes(stage: &Stage) -> Testimony {
    of_each(stage, |name| {
        let host = stage.fleet.host(name).expect("a host of the fleet");
        if host.pid1().is_err() {
            return Serves::Unknown;
        }
        let text = said(host, &["sh", "-c", LOOK]);
        let (units, current) = text.rsplit_once("current ").unwrap_or((&text, ""));
        let mut versions: Vec<_> = units
            .lines()
            .map(|line| stage.version_of_program(line.split(' ').next().unwrap_or_default()).unwrap_or("?"))
            .collect();
        let count = versions.len();
        versions.dedup();
        let running = host.processes();
        let running = running.iter().filter(|p| p.arguments.starts_with("/opt/plimsoll/greeter/releases/"));
        let (running, current) = (running.count(), stage.version_of_release(current.trim()));
        match versions[..] {
            [version] if (count, running, current) == (INSTANCES, INSTANCES, Some(version)) => {
                Serves::Version(version.to_owned())
            }
            _ => Serves::Other(format!(
                "{count} instances of {versions:?}, {running} processes, current {current:?}"
            )),
        }
    })
}

/// What `plimsoll status` says.
pub fn status(stage: &Stage) -> Testimony {
    let status = stage.project.status();
    let of = &status["environments"][0];
    let version = |release: &Value| {
        let version = release["release"].as_str().and_then(|id| stage.version_of_release(id));
        Serves::version(version, || release.to_string())
    };
    let whole = |ready: &Value| *ready == INSTANCES;
    let remarks = of["hosts"].as_array().cloned().unwrap_or_default();
    let well = of_each(stage, |host| {
        if !of["rollout"].is_null() {
            return Serves::Other(of["rollout"].to_string());
        }
        match remarks.iter().find(|remark| remark["host"] == host) {
            None => version(&of["release"]),
            Some(said) if said["release"].is_null() && said["health"].is_null() => Serves::Unknown,
            Some(said) if whole(&said["health"]["ready"]) => version(&said["release"]),
            Some(said) => Serves::Other(said["remark"].to_string()),
        }
    });
    // The sum must be that of the hosts: one that is unknown or different is not counted as ready.
    let serving = version(&of["release"]);
    let ready = INSTANCES * well.values().filter(|serves| **serves == serving).count();
    if of["health"] == serde_json::json!({ "ready": ready, "wanted": INSTANCES * stage.hosts().len() }) {
        return well;
    }
    of_each(stage, |host| Serves::Other(format!("{}, with {} in all", well[host], of["health"])))
}

/// What `plimsoll audit` says; its chain must hold, and the hosts' own trails must know nothing that it does not.
pub fn audit(stage: &Stage, away: &[&str]) -> Testimony {
    let run = stage.project.run(&["audit", "--json"]);
    let value: Value = serde_json::from_str(&run.stdout).expect("audit is JSON");
    if run.code != Some(0) {
        return of_each(stage, |_| Serves::Other(format!("{:?}: {}", run.code, value["chain"])));
    }
    let trails = stage.project.run(&["audit", "--hosts"]);
    let expected = match (stage.has_other_journal, away.is_empty()) {
        (true, _) => 1,
        (false, true) => 0,
        (false, false) => 15,
    };
    if trails.code != Some(expected) {
        let text = trails.text();
        let words: Vec<_> = text.lines().filter(|line| !line.starts_with(' ')).collect();
        return of_each(stage, |_| {
            Serves::Other(format!("--hosts: {:?}: {}", trails.code, words.join("; ")))
        });
    }
    let records: Vec<Record> = serde_json::from_value(value["records"].clone()).expect("records");
    let history = History::fold(&records);
    let last = history.rollouts.last().expect("a rollout");
    let serving = history.serving(&last.plan.environment);
    let unknown = unknown(&records);
    of_each(stage, |host| match last.ended {
        None => Serves::Other(format!("{} is not over", last.plan.rollout)),
        Some(_) if unknown.iter().any(|u| u == host) => Serves::Unknown,
        Some(_) => {
            let version = serving.as_ref().and_then(|release| stage.version_of_release(release.as_str()));
            Serves::version(version, || format!("{serving:?}"))
        }
    })
}

/// How the last rollout ended, if it is over.
pub fn outcome(records: &[Record]) -> Option<Outcome> {
    History::fold(records).rollouts.last().and_then(|last| last.ended).map(|(outcome, _)| outcome)
}

/// The hosts of which the last rollout does not know what they serve: those that it set aside, or that it names as
/// silent where it could not bring everything back.
pub fn unknown(records: &[Record]) -> Vec<String> {
    let history = History::fold(records);
    let Some(last) = history.rollouts.last() else { return Vec::new() };
    let aside = last.aside.iter().map(|aside| aside.host.to_string());
    match last.ended {
        Some((outcome, _)) if outcome.is_promoted() => aside.collect(),
        Some((Outcome::Mixed, _)) => {
            let summary = records.iter().rev().find_map(|record| match &record.entry {
                Entry::Finished { summary, .. } => Some(summary),
                _ => None,
            });
            let silent =
                summary.and_then(|summary| summary.split_once("; ")).map_or("", |(_, silent)| silent);
            let words = silent.split([' ', ',']).filter(|word| word.starts_with("web"));
            words.map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

/// What an exit code says: everywhere the new version, everywhere the old one, or, in a mixed fleet, one of the two but for the
/// hosts that are `unknown`.
pub fn exit_code(stage: &Stage, code: i32, (old, new): (&str, &str), records: &[Record]) -> Testimony {
    let unknown = unknown(records);
    let most = if outcome(records) == Some(Outcome::Mixed) { old } else { new };
    of_each(stage, |host| match code {
        0 => Serves::Version(new.to_owned()),
        12 if unknown.iter().any(|u| u == host) => Serves::Unknown,
        12 => Serves::Version(most.to_owned()),
        10 | 11 | 13 | 14 | 15 => Serves::Version(old.to_owned()),
        other => Serves::Other(format!("exit code {other}")),
    })
}

/// One line for people: who says what, `web1 2, web2 2, web3 unknown`.
pub fn shown(testimony: &Testimony) -> String {
    testimony.iter().map(|(host, serves)| format!("{host} {serves}")).collect::<Vec<_>>().join(", ")
}
