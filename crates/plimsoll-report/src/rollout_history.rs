//! `plimsoll history <name>`: a rollout, or all of a release, in full: every gate with what it measured, every number, every
//! step.

use plimsoll_model::Timestamp;
use plimsoll_model::evidence::Evidence;
use plimsoll_model::record::{Entry, Record};

use crate::duration;
use crate::line::{Line, render_all};
use crate::names::Names;
use crate::number::counted;
use crate::palette::Role;
use crate::style::Style;
use crate::words::{entry, gate};

/// Everything that `records` tell: gates first, then each rollout with times from its beginning.
///
/// The caller picks the records: those of the release's gates and those of the rollout.
pub fn rollout_history(records: &[Record], names: &Names, style: &Style) -> String {
    let (gates, mut course): (Vec<&Record>, Vec<&Record>) =
        records.iter().partition(|record| matches!(record.entry, Entry::Gate { .. }));
    let looks = course.iter().filter(|record| matches!(record.entry, Entry::Looked { .. })).count() as u64;
    if !style.verbose {
        course.retain(|record| !matches!(record.entry, Entry::Looked { .. }));
    }
    let mut lines = vec![];
    for record in gates {
        if let Entry::Gate { evidence } = &record.entry {
            lines.extend(gate_lines(evidence, style));
        }
    }
    if !lines.is_empty() && !course.is_empty() {
        lines.push(Line::new());
    }
    // The sealing of the release belongs to no rollout and is told before their clocks start.
    let (outside, inside): (Vec<&Record>, Vec<&Record>) = course.iter().partition(|r| r.rollout.is_none());
    lines.extend(outside.iter().map(|record| line(record, None, names, style)));
    for rollout in by_rollout(&inside) {
        lines.push(head(rollout[0], style));
        lines.extend(rollout.iter().map(|record| line(record, Some(rollout[0].at), names, style)));
    }
    if looks > 0 && !style.verbose {
        let text = format!("  {} at the metrics are not shown; -v shows them", counted(looks, "look"));
        lines.push(Line::new().with(Role::Quiet, text));
    }
    if lines.is_empty() {
        lines.push(Line::text("nothing is recorded about it"));
    }
    render_all(&lines, style)
}

/// The records of each rollout, in the order in which these began.
fn by_rollout<'r>(records: &[&'r Record]) -> Vec<Vec<&'r Record>> {
    let mut rollouts: Vec<Vec<&Record>> = vec![];
    for &record in records {
        match rollouts.iter_mut().find(|rollout| rollout[0].rollout == record.rollout) {
            Some(rollout) => rollout.push(record),
            None => rollouts.push(vec![record]),
        }
    }
    rollouts
}

/// What a gate measured can be a table of every file and host: beyond this it is cut, unless everything is wanted.
const MEASURED: usize = 160;

fn gate_lines(evidence: &Evidence, style: &Style) -> Vec<Line> {
    let mut lines = vec![
        gate::line(gate::mark(evidence.decision), evidence.gate.name(), &evidence.summary, evidence)
            .wrapped(19),
    ];
    let indent = " ".repeat(19);
    lines.push(Line::text(&indent).with(Role::Quiet, &evidence.question).wrapped(19));
    for (what, value) in &evidence.measured {
        let value = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
        let value = match value.char_indices().nth(MEASURED) {
            Some((end, _)) if !style.verbose => format!("{}... (-v shows all)", &value[..end]),
            _ => value,
        };
        lines.push(Line::text(&indent).plain(format!("{what} = {value}")).wrapped(21));
    }
    lines
}

fn head(first: &Record, style: &Style) -> Line {
    let rollout = first.rollout.as_ref().map_or_else(|| "release".to_owned(), ToString::to_string);
    let since = style.time(first.at);
    let zoned = crate::clock::stamp(first.at);
    let time = if since == zoned { since } else { format!("{since} ({zoned})") };
    Line::new().with(Role::Strong, rollout).plain(format!(", begun {time} by {}", first.author))
}

fn line(record: &Record, begun: Option<Timestamp>, names: &Names, style: &Style) -> Line {
    let passed = begun.map_or(String::new(), |begun| format!("+{}", duration::human(record.at.since(begun))));
    let head =
        Line::text("  ").with(Role::Quiet, format!("{}  {passed:>8}", style.time(record.at))).plain("  ");
    let hang = head.width();
    head.with(role(&record.entry), entry::clause(&record.entry, names)).wrapped(hang)
}

fn role(entry: &Entry) -> Role {
    match entry {
        Entry::GoingBack { .. } | Entry::ActionFailed { .. } => Role::Bad,
        Entry::Held { .. } | Entry::TakenOver { .. } => Role::Warning,
        Entry::StepEntered { .. } | Entry::Finished { .. } => Role::Strong,
        Entry::HookEnded { run } if !run.passed => Role::Bad,
        Entry::Intended { .. } | Entry::HooksDue { .. } | Entry::HookStarted { .. } => Role::Quiet,
        _ => Role::Plain,
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::fixtures::{Script, screen};

    #[test]
    fn a_rollout_in_full() {
        let records = Script::rollback().records();
        let names = Names::from_records(&records);
        assert_snapshot!(rollout_history(&records, &names, &screen(100)), @r#"
          ok   build       linux/amd64, go 1.26, 6.2 MB
                           does build pass?
                           exit = 0
          ok   inspect     static; no libraries; time zones embedded; CA roots on 10 of 10 hosts
                           does inspect pass?
                           exit = 0
          ok   sign        key RWQf6LRC..., manifest
                           does sign pass?
                           exit = 0
          ok   staging     1 of 1 instances proved
                           does staging pass?
                           exit = 0
          ok   test        go test ./e2e: 41 passed
                           does test pass?
                           exit = 0
          no   rollout     rolled back
                           does rollout pass?
                           exit = 0

          14:02:43            release r42 (8c29417a658c) sealed from 7c1f9e2 "Answer in the caller's
                              language" (clean)
        production-7, begun 14:02:49 (2026-01-31T14:02:49Z) by ann@laptop
          14:02:49     +0 ms  update: r42 on 10 hosts in 5 steps, replacing 6d395c363435
          14:02:49     +0 ms  step 1 entered
          14:02:49     +0 ms  done: start r42.0 on web3
          14:02:52    +3.0 s  done: route 6d395c363435 95 %, r42 5 % on web3
          14:02:52    +3.0 s  step 1 done: weight verified
          14:02:52    +3.0 s  step 2 entered
          14:03:19     +29 s  `errors` BAD (canary 9.9 % (7 of 71); stable 0 % (0 of 1,331); limit 1 %;
                              against the limit 6.30 of 4.60; against stable 7.30 of 4.60; for the canary
                              -3.15 of 3.00; dispersion 1.00; 3 looks)
          14:03:19     +29 s  decided to go back: 7 of 71 canary requests bad, 0 of 1,331 stable ones (p <
                              0.0001)
          14:03:19     +29 s  done: route 6d395c363435 100 % on web3
          14:03:19     +30 s  done: drain and stop r42.0 on web3
          14:03:19     +30 s  rolled back: r42 answered 9.9 % with 5xx (limit 1 %); r41 0 %
          2 looks at the metrics are not shown; -v shows them
        "#);
    }

    #[test]
    fn nothing_recorded() {
        assert_eq!(rollout_history(&[], &Names::default(), &screen(80)), "nothing is recorded about it\n");
    }
}
