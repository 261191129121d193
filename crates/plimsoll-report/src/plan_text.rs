//! `plimsoll plan` and `--dry-run`: what would be done, step by step, with shares as counts.

use plimsoll_model::event::ReleaseLabel;
use plimsoll_model::observation::LostHost;
use plimsoll_model::plan::{Before, HostPlan, HostShare, Plan, PlanKind, PlannedStep};
use plimsoll_model::rollout::{AnalysisSpec, Check, Step};
use plimsoll_model::{HostName, Share};

use crate::line::{Line, render_all};
use crate::number::counted;
use crate::palette::Role;
use crate::rate::share;
use crate::style::Style;
use crate::words::{kind, step};

/// A plan and the names in it.
#[derive(Debug, Clone)]
pub struct PlanView<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The release to bring in.
    pub release: ReleaseLabel,
    /// The one that serves now.
    pub replaces: Option<ReleaseLabel>,
    /// What else is known, one clause a line: `present on 9 of 10 hosts, nothing to upload`,
    /// `GREETING_TTL 60s -> 30s`.
    pub remarks: Vec<String>,
}

/// The plan as text. Nothing of it has been done.
pub fn plan(view: &PlanView<'_>, style: &Style) -> String {
    let mut lines = vec![head(view)];
    lines.extend(view.remarks.iter().map(|remark| Line::text("  ").plain(remark).wrapped(4)));
    lines.push(Line::new());
    lines.extend(hosts(view));
    lines.push(Line::new());
    lines.extend(steps(view));
    lines.extend(rules(view.plan));
    lines.push(Line::new());
    lines.push(Line::text("Nothing was changed."));
    render_all(&lines, style)
}

fn head(view: &PlanView<'_>) -> Line {
    let Plan { service, environment, kind: why, .. } = view.plan;
    let commit = view.release.commit.as_ref().map_or(String::new(), |commit| format!(" ({commit})"));
    let release = &view.release;
    let would = match (why, &view.replaces) {
        (PlanKind::Rollback, Some(old)) => {
            format!("would return {environment} from {old} to {release}{commit}")
        }
        (PlanKind::Converge, _) => format!("would bring every host of {environment} to {release}{commit}"),
        (_, Some(old)) => format!("would bring {release}{commit} into {environment}, replacing {old}"),
        (_, None) => format!("would bring {release}{commit} into {environment}, where nothing serves"),
    };
    let hosts = counted(view.plan.hosts.len() as u64, "host");
    let kind = kind::kind(*why);
    Line::new().with(Role::Strong, service.as_str()).plain(format!(" {would} ({kind}, {hosts})")).wrapped(2)
}

/// Hosts that get the same are told together, and those that get nothing with the reason.
fn hosts(view: &PlanView<'_>) -> Vec<Line> {
    type Same<'p> = (Option<&'p Before>, usize, usize);
    let mut groups: Vec<(Same<'_>, Vec<&HostName>)> = vec![];
    for HostPlan { host, differs, old, new } in &view.plan.hosts {
        let same = (differs.as_ref(), old.len(), new.len());
        match groups.iter_mut().find(|(known, _)| *known == same) {
            Some((_, hosts)) => hosts.push(host),
            None => groups.push((same, vec![host])),
        }
    }
    let replaced = view.replaces.as_ref().map_or("the old release".to_owned(), ToString::to_string);
    let aside = |lost: &LostHost| {
        Line::new().with(Role::Warning, format!("  {} is set aside: {}", lost.host, lost.reason)).wrapped(4)
    };
    groups
        .iter()
        .map(|((differs, before, after), hosts)| {
            let old = match differs {
                Some(Before::Release(other)) => other.to_string(),
                _ => replaced.clone(),
            };
            let gets = format!("start {} of {}", counted(*after as u64, "instance"), view.release);
            let goes =
                if *before == 0 { String::new() } else { format!(", then drain and stop {before} of {old}") };
            let each = if hosts.len() == 1 { "" } else { "each " };
            Line::text(format!("  {}: {each}{gets}{goes}", listed(hosts))).wrapped(4)
        })
        .chain(view.plan.set_aside.iter().map(aside))
        .collect()
}

fn steps(view: &PlanView<'_>) -> Vec<Line> {
    let steps = &view.plan.steps;
    let migrate = view.plan.migration().map(|hook| {
        let text = format!("       first the hook migrate, on one host: {}", hook.command.join(" "));
        Line::text(text).wrapped(6)
    });
    let numbered: Vec<Line> = steps
        .iter()
        .enumerate()
        .map(|(i, planned)| {
            let text = format!("{}{}", step::clause(&planned.step), meaning(planned, view.plan));
            Line::text(format!("  {:>2}  {text}", i + 1)).wrapped(6)
        })
        .collect();
    let mut lines: Vec<Line> = migrate.into_iter().chain(numbered).collect();
    let rest = if steps.is_empty() {
        "all traffic at once, as soon as it is proved"
    } else {
        "the rest of the traffic"
    };
    let at_a_time = match view.plan.max_parallel {
        most if (most as usize) < view.plan.hosts.len() => {
            format!(", {} at a time", counted(u64::from(most), "host"))
        }
        _ => String::new(),
    };
    lines.push(
        Line::text(format!(
            "  {:>2}  {rest}{at_a_time}, then the old instances drain and stop",
            steps.len() + 1
        ))
        .wrapped(6),
    );
    lines
}

/// `: canary on web3: 1 of 10 hosts, 50 % of its requests, 5 % of all; 2 instances`. A single host's share is told
/// as it is.
fn meaning(planned: &PlannedStep, plan: &Plan) -> String {
    if !matches!(planned.step, Step::SetWeight { .. }) {
        return String::new();
    }
    let taking: Vec<&HostShare> = planned.shares.iter().filter(|share| share.weight > Share::NONE).collect();
    let instances = taking.iter().map(|share| u64::from(share.instances)).sum();
    let instances = counted(instances, "instance");
    let hosts: Vec<&HostName> = taking.iter().map(|share| &share.host).collect();
    let [first, ..] = taking.as_slice() else { return ": no traffic".to_owned() };
    let total = plan.total();
    if total == 1 {
        return format!(": {} of the requests on 1 host ({}), {instances}", share(first.weight), first.host);
    }
    let points: u64 = taking.iter().map(|share| u64::from(share.weight.points())).sum();
    let of_all = Share::basis_points(u32::try_from(points.div_ceil(total as u64)).unwrap_or(u32::MAX));
    let same = taking.iter().all(|share| share.weight == first.weight);
    let part = if same { share(first.weight) } else { "up to 100 %".to_owned() };
    let whose = if hosts.len() == 1 { "its" } else { "their" };
    let (count, all) = (hosts.len(), counted(total as u64, "host"));
    let of_all = share(of_all);
    format!(
        ": canary on {}: {count} of {all}, {part} of {whose} requests, {of_all} of all; {instances}",
        listed(&hosts)
    )
}

fn rules(plan: &Plan) -> Vec<Line> {
    if plan.kind == PlanKind::Initial || plan.steps.is_empty() {
        return vec![Line::text("  no canary, no analysis")];
    }
    let rules = &plan.rules;
    let mut lines: Vec<Line> = rules.analyses.iter().map(analysis).collect();
    if lines.is_empty() {
        lines.push(
            Line::new()
                .with(Role::Warning, "  no analysis is declared: only instances that fail bring it back"),
        );
    }
    lines.push(
        Line::text(format!(
            "  goes back after {} without progress, {} without an answer, or {} without word from here",
            rules.progress_deadline, rules.person_deadline, rules.dead_man_switch
        ))
        .wrapped(4),
    );
    let undecided = step::policy(rules.on_inconclusive);
    lines.push(Line::text(format!("  where nothing can be shown: {undecided}")).wrapped(4));
    lines
}

fn analysis(spec: &AnalysisSpec) -> Line {
    let watched = match &spec.check {
        Check::Errors { max, .. } => format!("at most {} of the requests answered with 5xx", share(*max)),
        Check::Latency { limit, exceedance, .. } => {
            format!("at most {} of the requests slower than {limit}", share(*exceedance))
        }
        Check::Threshold { query, min, max, .. } => {
            let least = min.map_or(String::new(), |min| format!(" at least {min}"));
            let most = max.map_or(String::new(), |max| format!(" at most {max}"));
            format!("`{query}`{least}{most}")
        }
    };
    let every = spec.interval;
    Line::text("  watches ")
        .with(Role::Strong, &spec.name)
        .plain(format!(": {watched}, every {every}; no data: {}", step::policy(spec.on_no_data)))
        .wrapped(4)
}

/// Up to four names; of more, how many.
fn listed(hosts: &[&HostName]) -> String {
    const SHOWN: usize = 4;
    let shown: Vec<&str> = hosts.iter().take(SHOWN).map(|host| host.as_str()).collect();
    match hosts.len().checked_sub(SHOWN) {
        Some(more) if more > 0 => format!("{} and {more} more", shown.join(", ")),
        _ => shown.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::fixtures::{label, plan as fixture, screen};

    #[test]
    fn shares_are_counts() {
        let plan = fixture(10);
        let view = PlanView {
            plan: &plan,
            release: label(42, "7c1f9e2"),
            replaces: Some(label(41, "51ab03d")),
            remarks: vec!["present on 9 of 10 hosts, 6.2 MB to upload to 1".to_owned()],
        };
        assert_snapshot!(super::plan(&view, &screen(100)), @r"
        greeter would bring r42 (7c1f9e2) into production, replacing r41 (update, 10 hosts)
          present on 9 of 10 hosts, 6.2 MB to upload to 1

          web1, web2, web3, web4 and 6 more: each start 1 instance of r42, then drain and stop 1 of r41

           1  set weight 5 %: canary on web1: 1 of 10 hosts, 50 % of its requests, 5 % of all; 1 instance
           2  pause 10m
           3  set weight 50 %: canary on web1, web2, web3, web4 and 1 more: 5 of 10 hosts, 100 % of their
              requests, 50 % of all; 5 instances
           4  wait until all analyses show it good, at most 5m
           5  approval by ops
           6  the rest of the traffic, 2 hosts at a time, then the old instances drain and stop
          watches errors: at most 1 % of the requests answered with 5xx, every 5s; no data: hold and ask a
            person
          goes back after 10m without progress, 1d without an answer, or 1m without word from here
          where nothing can be shown: hold and ask a person

        Nothing was changed.
        ");
    }

    #[test]
    fn one_host_splits_its_traffic() {
        let plan = fixture(1);
        let view = PlanView { plan: &plan, release: label(42, "7c1f9e2"), replaces: None, remarks: vec![] };
        let text = super::plan(&view, &screen(100));
        assert!(text.contains("set weight 5 %: 5 % of the requests on 1 host (web1), 1 instance"), "{text}");
    }
}
