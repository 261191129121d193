//! `plimsoll status`: what serves where, since when, how healthy, and each host that differs from the rest.

use plimsoll_model::event::ReleaseLabel;
use plimsoll_model::{EnvironmentName, HostName, ServiceName, Timestamp};
use serde::Serialize;

use crate::line::{Line, render_all};
use crate::palette::Role;
use crate::style::Style;
use crate::table::{Align, Cell, Table, cell};

/// A service at one moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct StatusView {
    /// The service.
    pub service: ServiceName,
    /// The moment.
    pub now: Timestamp,
    /// Its environments, in the order in which they are shown.
    pub environments: Vec<EnvironmentStatus>,
    /// Releases that people keep, and why.
    pub pins: Vec<(ReleaseLabel, String)>,
}

/// An environment.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct EnvironmentStatus {
    /// Its name.
    pub name: EnvironmentName,
    /// Where it is, and where clients reach it: `http://127.0.0.1:8080`, `10 hosts`.
    pub place: String,
    /// Whether anybody answered who could know what serves. Where nobody did, what follows is unknown, not nothing.
    pub answers: bool,
    /// The release that serves; absent where none does, or where nobody answered.
    pub release: Option<ReleaseLabel>,
    /// Since when it serves.
    pub since: Option<Timestamp>,
    /// Its instances; absent where it is not known.
    pub health: Option<Health>,
    /// A rollout that is under way or waits, in one clause: `r42 at step 2 of 5, waits for approval by ops`.
    pub rollout: Option<String>,
    /// Hosts that differ, or that something is to be said about.
    pub hosts: Vec<HostStatus>,
}

/// Instances that are ready of those that are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Health {
    /// Ready ones.
    pub ready: u32,
    /// Wanted ones.
    pub wanted: u32,
}

/// A host with something to be said about.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct HostStatus {
    /// The host.
    pub host: HostName,
    /// What it serves, or served when it was last seen.
    pub release: Option<ReleaseLabel>,
    /// Its instances; absent where it is set aside or did not answer.
    pub health: Option<Health>,
    /// What is to be said, with the next command: ``unreachable since Mon 08:02; `plimsoll deploy --converge` when it
    /// is back``.
    pub remark: String,
}

/// The status as text.
pub fn status(view: &StatusView, style: &Style) -> String {
    let mut table = Table::new(0, &[Align::Left]);
    let title = (Role::Strong, view.service.to_string());
    let heads = ["", "release", "commit", "since", "health"].map(|head| (Role::Quiet, head.to_owned()));
    table.row(std::iter::once(title).chain(heads).collect());
    let mut remarks = vec![];
    for environment in &view.environments {
        table.row(environment_cells(environment, view.now, style));
        remarks.push((Role::Running, environment.rollout.clone().unwrap_or_default()));
        for host in &environment.hosts {
            table.row(host_cells(host));
            remarks.push((Role::Warning, host.remark.clone()));
        }
    }
    let mut rows = table.lines().into_iter();
    let mut lines: Vec<Line> = rows.next().into_iter().collect();
    for (row, (role, remark)) in rows.zip(remarks) {
        lines.extend(remarked(row, role, &remark, style));
    }
    if view.environments.is_empty() {
        lines.push(Line::text("  no environment is declared"));
    }
    for (release, why) in &view.pins {
        lines.push(
            Line::text("  pinned ")
                .with(Role::Strong, release.to_string())
                .plain(format!(": {why}"))
                .wrapped(4),
        );
    }
    render_all(&lines, style)
}

/// A row and what is to be said about it: behind it where that fits or is worth wrapping, else below.
fn remarked(row: Line, role: Role, remark: &str, style: &Style) -> Vec<Line> {
    const WORTH: usize = 40;
    if remark.is_empty() {
        return vec![row];
    }
    let column = row.width() + 3;
    let room = style.columns().map_or(usize::MAX, |columns| columns.saturating_sub(column));
    if room >= WORTH.min(crate::line::width_of(remark)) {
        return vec![row.plain("   ").with(role, remark).wrapped(column)];
    }
    vec![row, Line::text(" ".repeat(10)).with(role, remark).wrapped(10)]
}

fn environment_cells(environment: &EnvironmentStatus, now: Timestamp, style: &Style) -> Vec<Cell> {
    vec![
        cell(format!("  {}", environment.name)),
        cell(&environment.place),
        label(environment.release.as_ref(), if environment.answers { "none" } else { "unknown" }),
        cell(commit(environment.release.as_ref())),
        cell(environment.since.map_or(String::new(), |since| style.moment(since, now))),
        health(environment.health, if environment.release.is_some() { "unknown" } else { "" }),
    ]
}

fn host_cells(host: &HostStatus) -> Vec<Cell> {
    vec![
        cell(format!("      {}", host.host)),
        cell(""),
        label(host.release.as_ref(), "unknown"),
        cell(commit(host.release.as_ref())),
        cell(""),
        health(host.health, ""),
    ]
}

fn label(release: Option<&ReleaseLabel>, absent: &str) -> Cell {
    release.map_or(cell(absent), |release| (Role::Strong, release.to_string()))
}

fn commit(release: Option<&ReleaseLabel>) -> String {
    release.and_then(|release| release.commit.clone()).unwrap_or_default()
}

fn health(health: Option<Health>, absent: &str) -> Cell {
    match health {
        Some(Health { ready, wanted }) => {
            let role = if ready == wanted { Role::Good } else { Role::Warning };
            (role, format!("{ready}/{wanted}"))
        }
        None => (Role::Warning, absent.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::fixtures::{at, label as release, screen};

    #[test]
    fn the_morning_after() {
        let view = StatusView {
            service: "greeter".parse().unwrap(),
            now: at("2026-01-31T10:00:00Z"),
            pins: vec![(release(40, "e01c77a"), "the audit's".to_owned())],
            environments: vec![
                EnvironmentStatus {
                    name: "staging".parse().unwrap(),
                    place: "local".to_owned(),
                    answers: true,
                    release: Some(release(42, "7c1f9e2")),
                    since: Some(at("2026-01-31T09:12:00Z")),
                    health: Some(Health { ready: 1, wanted: 1 }),
                    rollout: None,
                    hosts: vec![],
                },
                EnvironmentStatus {
                    name: "production".parse().unwrap(),
                    place: "10 hosts".to_owned(),
                    answers: true,
                    release: Some(release(41, "51ab03d")),
                    since: Some(at("2026-01-27T16:40:00Z")),
                    health: Some(Health { ready: 19, wanted: 20 }),
                    rollout: Some("r42 waits for approval by ops".to_owned()),
                    hosts: vec![
                        HostStatus {
                            host: "web7".parse().unwrap(),
                            release: Some(release(41, "51ab03d")),
                            health: Some(Health { ready: 1, wanted: 2 }),
                            remark: "greeter@8093 restarted 4 times; last: out of memory (limit 256 MB)"
                                .to_owned(),
                        },
                        HostStatus {
                            host: "web9".parse().unwrap(),
                            release: None,
                            health: None,
                            remark: "set aside: unreachable since Mon 08:02".to_owned(),
                        },
                    ],
                },
            ],
        };
        assert_snapshot!(status(&view, &screen(120)), @r"
        greeter                 release  commit   since        health
          staging     local     r42      7c1f9e2  09:12 today  1/1
          production  10 hosts  r41      51ab03d  Tue 16:40    19/20   r42 waits for approval by ops
              web7              r41      51ab03d               1/2   greeter@8093 restarted 4 times; last: out of memory (limit
                                                                   256 MB)
              web9              unknown                           set aside: unreachable since Mon 08:02
          pinned r40: the audit's
        ");
        assert_snapshot!(status(&view, &screen(80)), @r"
        greeter                 release  commit   since        health
          staging     local     r42      7c1f9e2  09:12 today  1/1
          production  10 hosts  r41      51ab03d  Tue 16:40    19/20
                  r42 waits for approval by ops
              web7              r41      51ab03d               1/2
                  greeter@8093 restarted 4 times; last: out of memory (limit 256 MB)
              web9              unknown
                  set aside: unreachable since Mon 08:02
          pinned r40: the audit's
        ");
    }
}
