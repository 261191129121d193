//! `plimsoll history`: the releases and rollouts of a service, newest first, with outcome and figures.

use plimsoll_model::event::ReleaseLabel;
use plimsoll_model::plan::PlanKind;
use plimsoll_model::record::Outcome;
use plimsoll_model::release::Tree;
use plimsoll_model::verdict::SideTotal;
use plimsoll_model::{EnvironmentName, RolloutId, ServiceName, Timestamp};
use serde::Serialize;

use crate::duration;
use crate::line::{Line, render_all};
use crate::palette::Role;
use crate::rate;
use crate::style::Style;
use crate::table::{Cell, Table, cell};
use crate::words::{kind, source};

/// What happened to a service.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ServiceHistory {
    /// The service.
    pub service: ServiceName,
    /// The moment of asking.
    pub now: Timestamp,
    /// Releases and rollouts, in any order.
    pub entries: Vec<HistoryEntry>,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "what")]
pub enum HistoryEntry {
    /// A release was sealed.
    Release {
        /// When.
        at: Timestamp,
        /// The release.
        release: ReleaseLabel,
        /// The commit's first line.
        subject: Option<String>,
        /// Whether the tree was clean.
        tree: Tree,
        /// Why it is kept for ever, if it is.
        pinned: Option<String>,
    },
    /// A rollout.
    Rollout {
        /// When it began.
        at: Timestamp,
        /// When it ended, if it has.
        ended: Option<Timestamp>,
        /// Which.
        rollout: RolloutId,
        /// Where.
        environment: EnvironmentName,
        /// Why.
        kind: PlanKind,
        /// The release that it brought in.
        release: ReleaseLabel,
        /// The one that served before.
        replaces: Option<ReleaseLabel>,
        /// How it ended, if it has.
        outcome: Option<Outcome>,
        /// Why, in one sentence.
        summary: String,
        /// The canary's requests and the bad ones, where they were counted.
        canary: Option<SideTotal>,
    },
}

impl HistoryEntry {
    const fn at(&self) -> Timestamp {
        match self {
            Self::Release { at, .. } | Self::Rollout { at, .. } => *at,
        }
    }
}

/// The history as text, newest first.
pub fn service_history(view: &ServiceHistory, style: &Style) -> String {
    let mut entries: Vec<&HistoryEntry> = view.entries.iter().collect();
    // Stable, so that of two things in the same millisecond the later one stays below the earlier one's place.
    entries.reverse();
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.at()));
    let mut table = Table::new(2, &[]);
    for entry in &entries {
        table.row(cells(entry, view.now, style));
    }
    let mut lines = vec![Line::new().with(Role::Strong, view.service.as_str())];
    lines.extend(table.lines());
    if entries.is_empty() {
        lines.push(Line::text("  nothing yet; `plimsoll ship` makes the first release"));
    }
    render_all(&lines, style)
}

fn cells(entry: &HistoryEntry, now: Timestamp, style: &Style) -> Vec<Cell> {
    let when = (Role::Quiet, style.moment(entry.at(), now));
    match entry {
        HistoryEntry::Release { release, subject, tree, pinned, .. } => {
            let commit = release.commit.clone().unwrap_or_default();
            let subject = subject.as_ref().map_or(String::new(), |subject| format!(" \"{subject}\""));
            let pinned = pinned.as_ref().map_or(String::new(), |why| format!("; pinned: {why}"));
            let what = format!("{commit}{subject} ({}){pinned}", source::tree(tree).1);
            vec![when, (Role::Strong, release.to_string()), cell("sealed"), cell(""), cell(what.trim_start())]
        }
        HistoryEntry::Rollout { rollout, release, outcome, .. } => {
            let (role, outcome) = outcome.map_or((Role::Running, "under way"), kind::outcome);
            let what = vec![when, (Role::Strong, release.to_string()), (role, outcome.to_owned())];
            what.into_iter().chain([cell(rollout.as_str()), cell(story(entry))]).collect()
        }
    }
}

fn story(entry: &HistoryEntry) -> String {
    let HistoryEntry::Rollout { at, ended, kind: why, replaces, summary, canary, .. } = entry else {
        return String::new();
    };
    let of = replaces.as_ref().map_or(String::new(), |old| format!(" of {old}"));
    let took = ended.map_or(String::new(), |ended| format!(", {}", duration::human(ended.since(*at))));
    let mut pieces = vec![format!("{}{of}{took}", kind::kind(*why))];
    pieces.extend(canary.map(|canary| format!("canary {}", rate::with_base(canary))));
    pieces.extend((!summary.is_empty()).then(|| summary.clone()));
    pieces.join("; ")
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::fixtures::{at, label, screen};

    #[test]
    fn newest_first() {
        let rollout =
            |number: u64, release, time: &str, ended: Option<&str>, outcome| HistoryEntry::Rollout {
                at: at(time),
                ended: ended.map(at),
                rollout: RolloutId::new(&"production".parse().unwrap(), number),
                environment: "production".parse().unwrap(),
                kind: PlanKind::Update,
                release,
                replaces: Some(label(40, "e01c77a")),
                outcome,
                summary: "errors over the limit".to_owned(),
                canary: Some(SideTotal { requests: 71, bad: 7 }),
            };
        let view = ServiceHistory {
            service: "greeter".parse().unwrap(),
            now: at("2026-01-31T15:00:00Z"),
            entries: vec![
                HistoryEntry::Release {
                    at: at("2026-01-30T13:00:00Z"),
                    release: label(41, "51ab03d"),
                    subject: Some("Answer \u{1b}[31mred".to_owned()),
                    tree: Tree::Clean,
                    pinned: Some("the audit's".to_owned()),
                },
                rollout(
                    6,
                    label(41, "51ab03d"),
                    "2026-01-30T13:01:00Z",
                    Some("2026-01-30T13:01:21Z"),
                    Some(Outcome::RolledBack),
                ),
                rollout(7, label(42, "7c1f9e2"), "2026-01-31T14:59:00Z", None, None),
            ],
        };
        assert_snapshot!(service_history(&view, &screen(120)), @r#"
        greeter
          14:59 today  r42  under way    production-7  update of r40; canary 9.9 % (7 of 71); errors over the limit
          Fri 13:01    r41  rolled back  production-6  update of r40, 21 s; canary 9.9 % (7 of 71); errors over the limit
          Fri 13:00    r41  sealed                     51ab03d "Answer \x1b[31mred" (clean); pinned: the audit's
        "#);
    }
}
