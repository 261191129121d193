//! `plimsoll history`: what was released when, and how it went; of one rollout, every gate and every number.

use std::path::Path;

use plimsoll_drivers::{Clock as _, SystemClock};
use plimsoll_engine::History;
use plimsoll_engine::history::KnownRollout;
use plimsoll_engine::journal::Query;
use plimsoll_model::record::{Entry, Record};
use plimsoll_model::verdict::SideTotal;
use plimsoll_model::{ExitCode, ReleaseId};
use plimsoll_report::{HistoryEntry, Names, ServiceHistory, counted, rollout_history, service_history};

use crate::cli::Subject;
use crate::failure::Failure;
use crate::output::Output;
use crate::project::Project;

pub(crate) fn run(config: &Path, output: Output, arguments: &Subject) -> Result<ExitCode, Failure> {
    let project = Project::load(config)?;
    let records = project.records(&Query::default())?;
    let history = History::fold(&records);
    match &arguments.subject {
        None => whole(&project, &records, &history, output)?,
        Some(subject) => one(&records, &history, subject, output)?,
    }
    Ok(ExitCode::Success)
}

fn whole(project: &Project, records: &[Record], history: &History, output: Output) -> Result<(), Failure> {
    let releases = history.releases.iter().map(|r| HistoryEntry::Release {
        at: r.sealed,
        release: r.label(),
        subject: r.subject.clone(),
        tree: r.tree.clone(),
        pinned: history.pins.get(&r.release).cloned(),
    });
    let rollouts = history.rollouts.iter().map(|r| rollout_entry(r, records, history));
    let view = ServiceHistory {
        service: project.service.name.clone(),
        now: SystemClock.now(),
        entries: releases.chain(rollouts).collect(),
    };
    output.print(&view, |style| service_history(&view, style))
}

fn rollout_entry(known: &KnownRollout, records: &[Record], history: &History) -> HistoryEntry {
    let plan = &known.plan;
    let of: Vec<&Record> = records.iter().filter(|r| r.rollout.as_ref() == Some(&plan.rollout)).collect();
    let summary = of.iter().rev().find_map(|r| match &r.entry {
        Entry::Finished { summary, .. } => Some(summary.clone()),
        _ => None,
    });
    HistoryEntry::Rollout {
        at: known.began,
        ended: known.ended.map(|(_, at)| at),
        rollout: plan.rollout.clone(),
        environment: plan.environment.clone(),
        kind: plan.kind,
        release: history.label(&plan.release),
        replaces: plan.replaces.as_ref().map(|r| history.label(r)),
        outcome: known.ended.map(|(outcome, _)| outcome),
        summary: summary.unwrap_or_default(),
        canary: canary(&of, &plan.release),
    }
}

/// The canary's requests and the bad ones, by the figures of the analysis that found the most, or by the proxies' counters
/// where no analysis was there to look.
fn canary(records: &[&Record], release: &ReleaseId) -> Option<SideTotal> {
    let figures = records.iter().filter_map(|r| match &r.entry {
        Entry::Assessed { assessment } if assessment.limit.is_some() => Some(assessment.canary),
        _ => None,
    });
    let counted = counted(records.iter().copied(), release)
        .map(|counted| counted.canary)
        .filter(|side| side.requests > 0);
    figures.chain(counted).max_by_key(|side| (side.bad, side.requests))
}

/// One rollout, or the gates and rollouts of one release.
fn one(records: &[Record], history: &History, subject: &str, output: Output) -> Result<(), Failure> {
    let rollout = history.rollouts.iter().find(|r| r.plan.rollout.as_str() == subject);
    let release = history.named(subject).map(|r| r.release.clone());
    let chosen: Vec<Record> = match (rollout, release) {
        (Some(rollout), _) => {
            let is_of = |r: &&Record| r.rollout.as_ref() == Some(&rollout.plan.rollout);
            records.iter().filter(is_of).cloned().collect()
        }
        (None, Some(release)) => of_release(records, history, &release),
        (None, None) => {
            return Err(Failure::usage(format!("there is no rollout or release `{subject}`"))
                .help("plimsoll history    all of them"));
        }
    };
    let value = serde_json::json!({ "records": chosen });
    output.print(&value, |style| rollout_history(&chosen, &Names::from_records(records), style))
}

fn of_release(records: &[Record], history: &History, release: &ReleaseId) -> Vec<Record> {
    let rollouts: Vec<_> =
        history.rollouts.iter().filter(|r| r.plan.release == *release).map(|r| &r.plan.rollout).collect();
    let is_about = |record: &&Record| match &record.entry {
        Entry::Gate { evidence } => evidence.release.as_ref() == Some(release),
        Entry::ReleaseSealed { release: sealed, .. } => sealed == release,
        _ => record.rollout.as_ref().is_some_and(|r| rollouts.contains(&r)),
    };
    records.iter().filter(is_about).cloned().collect()
}
