//! What a reporter remembers between events: the gate at work, the rollout as it was last seen, the names of
//! releases, the last lines of output. Both text reporters keep one, so that they never tell different stories.

use std::collections::VecDeque;

use plimsoll_model::event::{Event, News, ReleaseLabel, RolloutView};
use plimsoll_model::evidence::{Evidence, Gate, GateDecision};
use plimsoll_model::hook::HookRun;
use plimsoll_model::plan::PlanKind;
use plimsoll_model::record::{BackReason, Entry, HoldReason, Record};
use plimsoll_model::rollout::Step;
use plimsoll_model::{EnvironmentName, Timestamp};

use crate::line::Line;
use crate::names::Names;
use crate::palette::Role;
use crate::style::Style;
use crate::visible::visible;
use crate::water;
use crate::words::mark::{INDENT, Mark};
use crate::words::{back, command, gate, hold, hook, kind, source};

/// Lines of output kept for the case that the gate fails.
const OUTPUT_KEPT: usize = 20;

/// Everything remembered.
#[derive(Default)]
pub(crate) struct Board {
    pub(crate) names: Names,
    running: Option<Running>,
    pub(crate) rollout: Option<RolloutSeen>,
    output: VecDeque<String>,
    told: Told,
    trouble: Option<String>,
    now: Timestamp,
}

/// What has its line already, so that the ending does not say it again.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Told {
    /// A gate that stops the flow.
    pub(crate) stopped: bool,
    /// What an earlier command had left behind.
    pub(crate) recovered: bool,
}

struct Running {
    gate: Gate,
    detail: String,
    since: Timestamp,
}

/// A rollout as far as its events told.
pub(crate) struct RolloutSeen {
    environment: EnvironmentName,
    course: String,
    pub(crate) steps: Vec<Step>,
    view: Option<(Timestamp, RolloutView)>,
    hold: Option<(HoldReason, Timestamp)>,
    back: Option<BackReason>,
}

impl RolloutSeen {
    /// How far it is, by hosts; before any has a share, and where there is only one, what it is for.
    fn stands(&self) -> String {
        let spread = self.view.as_ref().and_then(|(_, view)| water::spread(view));
        spread.unwrap_or_else(|| self.course.clone())
    }
}

impl Board {
    /// Remembers an event and returns what is now true for good, as lines.
    pub(crate) fn take(&mut self, event: &Event, style: &Style) -> Vec<Line> {
        self.pass(event.at);
        self.names.learn_news(&event.news);
        match &event.news {
            News::Begun { service, source } => vec![source::line(service, source).wrapped(4)],
            News::Sealed { release, replaces, .. } => {
                vec![source::sealed(release, replaces.as_ref()).wrapped(4)]
            }
            News::GateStarted { gate, detail } => self.gate_started(*gate, detail),
            News::GateFinished { evidence } => self.gate_finished(evidence, style),
            News::Output { line, .. } => self.output(line, style),
            News::RolloutStarted { environment, kind, release, replaces, resumed, .. } => {
                self.rollout_started(environment, course(*kind, release, replaces.as_ref()));
                self.told.recovered |= resumed.is_some();
                resumed.iter().map(|resumed| note(Mark::Note, resumed)).collect()
            }
            News::Recorded { record } => self.recorded(record, style),
            News::Watching { view } => self.watching(event.at, view),
            News::Sent { host, bytes, size, base } => {
                vec![note(
                    Mark::Note,
                    &sent(
                        host.as_str(),
                        *bytes,
                        *size,
                        base.as_ref().map(|base| self.names.release(&base.release)),
                    ),
                )]
            }
            News::Warning { message } => vec![note(Mark::Warned, message)],
        }
    }

    /// Time goes on; clocks never run backwards on the screen.
    pub(crate) fn pass(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
    }

    /// What has its line already.
    pub(crate) const fn told(&self) -> Told {
        self.told
    }

    /// The unfinished part: what is at work, and the rollout as it was last seen.
    pub(crate) fn unfinished(&self, style: &Style) -> Vec<Line> {
        let mut lines = vec![];
        if let Some(running) = &self.running {
            let (line, _) = Mark::Running.named(self.name_of(running.gate));
            let took = self.now.since(running.since);
            let clock = if took.as_secs() == 0 { String::new() } else { crate::duration::left(took) };
            lines.push(line.plain(self.detail_of(running)).right(Role::Quiet, clock));
        } else if let Some(rollout) = &self.rollout {
            let (line, _) = Mark::Running.named(rollout.environment.as_str());
            lines.push(line.plain(rollout.stands()));
        }
        match &self.rollout {
            Some(rollout) => lines.extend(self.rollout_lines(rollout, style)),
            None => lines.extend(self.last_output()),
        }
        lines
    }

    /// The rollout's picture with blank lines around it, as it is left on the screen when a person is waited for.
    pub(crate) fn picture(&self, style: &Style) -> Vec<Line> {
        match &self.rollout {
            Some(RolloutSeen { view: Some((at, view)), steps, .. }) => {
                let mut lines = water::lines(view, steps, self.now.since(*at), style);
                lines.insert(0, Line::new());
                lines
            }
            _ => vec![],
        }
    }

    /// The hold is told elsewhere.
    pub(crate) fn forget_hold(&mut self) {
        if let Some(rollout) = &mut self.rollout {
            rollout.hold = None;
        }
    }

    fn rollout_lines(&self, rollout: &RolloutSeen, style: &Style) -> Vec<Line> {
        let mut lines = self.picture(style);
        if let Some((reason, until)) = &rollout.hold {
            let clause = hold::clause(reason, *until, self.now, style);
            lines.push(Line::text(" ".repeat(INDENT)).with(Role::Warning, clause).wrapped(INDENT));
            let head = Line::text(" ".repeat(INDENT));
            lines.extend(crate::flow::flow(head, hold::answers(&rollout.environment), style.columns()));
        }
        if let Some(reason) = &rollout.back {
            let clause = format!("going back: {}", back::clause(reason, &self.names));
            lines.push(Line::text(" ".repeat(INDENT)).with(Role::Bad, clause).wrapped(INDENT));
        }
        lines
    }

    fn last_output(&self) -> Option<Line> {
        let last = self.output.back()?;
        self.running.as_ref()?;
        Some(Line::text(" ".repeat(INDENT)).with(Role::Quiet, last))
    }

    /// The rollout's gate goes by the name of its environment.
    fn name_of(&self, gate: Gate) -> &str {
        match (&self.rollout, gate) {
            (Some(rollout), Gate::Rollout) => rollout.environment.as_str(),
            _ => gate.name(),
        }
    }

    fn detail_of(&self, running: &Running) -> String {
        match &self.rollout {
            Some(rollout) if running.detail.is_empty() => rollout.stands(),
            _ => running.detail.clone(),
        }
    }

    fn gate_started(&mut self, gate: Gate, detail: &str) -> Vec<Line> {
        self.output.clear();
        self.running = Some(Running { gate, detail: detail.to_owned(), since: self.now });
        vec![]
    }

    fn gate_finished(&mut self, evidence: &Evidence, style: &Style) -> Vec<Line> {
        let decision = evidence.decision;
        let stops = matches!(decision, GateDecision::Refused | GateDecision::Unknown);
        let rolls = matches!(evidence.gate, Gate::Rollout | Gate::Staging);
        let went_back = self.rollout.as_ref().and_then(|rollout| rollout.back.as_ref());
        let why = went_back.filter(|_| stops && rolls).map(|reason| back::clause(reason, &self.names));
        // What a host refused before it took any traffic has not come back from anywhere.
        let refused = evidence.measured.get("outcome").is_some_and(|outcome| outcome == "refused");
        let mark = if why.is_some() && !refused { Mark::Back } else { gate::mark(decision) };
        let what = if stops { self.names.in_text(&evidence.summary) } else { evidence.summary.clone() };
        let summary = why.map_or_else(|| what.clone(), |why| format!("{what}: {why}"));
        let mut lines = vec![gate::line(mark, self.name_of(evidence.gate), &summary, evidence)];
        if stops && !style.verbose {
            let kept = self.output.iter().map(|line| output_line(line));
            lines.extend(kept);
        }
        self.told.stopped |= stops;
        self.running = None;
        self.output.clear();
        if rolls {
            self.rollout = None;
        }
        lines
    }

    fn output(&mut self, line: &str, style: &Style) -> Vec<Line> {
        if style.verbose {
            return vec![output_line(line)];
        }
        if self.output.len() == OUTPUT_KEPT {
            self.output.pop_front();
        }
        self.output.push_back(visible(line).into_owned());
        vec![]
    }

    fn rollout_started(&mut self, environment: &EnvironmentName, course: String) {
        let environment = environment.clone();
        self.rollout =
            Some(RolloutSeen { environment, course, steps: vec![], view: None, hold: None, back: None });
    }

    fn watching(&mut self, at: Timestamp, view: &RolloutView) -> Vec<Line> {
        if self.rollout.is_none() {
            let course = match &view.stable {
                Some(stable) => format!("{} replaces {}", view.canary.release, stable.release),
                None => view.canary.release.to_string(),
            };
            self.rollout_started(&view.environment, course);
        }
        if let Some(rollout) = &mut self.rollout {
            rollout.view = Some((at, view.clone()));
        }
        vec![]
    }

    fn recorded(&mut self, record: &Record, style: &Style) -> Vec<Line> {
        if let Some(rollout) = &mut self.rollout {
            rollout.record(&record.entry);
        }
        let said = match &record.entry {
            Entry::TakenOver { course } => {
                note(Mark::Note, &format!("{} took an unfinished rollout over: {course}", record.author))
            }
            Entry::Commanded { command } => {
                note(Mark::Note, &format!("{} {}", record.author, command::clause(command, &self.names)))
            }
            Entry::ActionFailed { error, retry, .. } => {
                // What is not tried again is the reason to go back, told next; a trouble that stays is told once.
                if !retry || self.trouble.as_ref() == Some(error) {
                    return vec![];
                }
                self.trouble = Some(error.clone());
                note(Mark::Warned, &crate::words::entry::clause(&record.entry, &self.names))
            }
            Entry::HookEnded { run } => return hook_lines(run, style),
            _ => return vec![],
        };
        vec![said]
    }
}

impl RolloutSeen {
    fn record(&mut self, entry: &Entry) {
        match entry {
            Entry::Planned { plan } => self.steps = plan.steps.iter().map(|step| step.step.clone()).collect(),
            Entry::Held { reason, until } => self.hold = Some((reason.clone(), *until)),
            Entry::GoingBack { reason } => {
                self.hold = None;
                self.back = Some(reason.clone());
            }
            Entry::StepEntered { .. }
            | Entry::StepDone { .. }
            | Entry::Commanded { .. }
            | Entry::Promoting { .. }
            | Entry::Finished { .. } => self.hold = None,
            _ => {}
        }
    }
}

/// `web1: sent 1.1 MB of 46 MB, as a patch against r41`.
fn sent(host: &str, bytes: u64, size: u64, base: Option<String>) -> String {
    let human = plimsoll_model::size::human;
    let how = match base {
        Some(base) => format!(", as a patch against {base}"),
        None if bytes < size => ", compressed".to_owned(),
        None => String::new(),
    };
    format!("{host}: sent {} of {}{how}", human(bytes), human(size))
}

fn note(mark: Mark, text: &str) -> Line {
    mark.line().plain(text).wrapped(INDENT)
}

/// A hook, and what it wrote where it failed.
fn hook_lines(run: &HookRun, style: &Style) -> Vec<Line> {
    let mark = match (run.passed, run.hook.decides()) {
        (true, _) => Mark::Passed,
        (false, true) => Mark::Refused,
        (false, false) => Mark::Warned,
    };
    let mut lines = vec![note(mark, &hook::with_meaning(run))];
    if !run.passed || style.verbose {
        lines.extend(run.last_lines.iter().map(|line| output_line(line)));
    }
    lines
}

fn output_line(line: &str) -> Line {
    Line::text(" ".repeat(INDENT)).with(Role::Quiet, "| ").plain(line).wrapped(INDENT + 2)
}

/// `r42 replaces r41`, `back from r42 to r41`.
fn course(why: PlanKind, release: &ReleaseLabel, replaces: Option<&ReleaseLabel>) -> String {
    match (why, replaces) {
        (PlanKind::Rollback, Some(old)) => format!("back from {old} to {release}"),
        (PlanKind::Update, Some(old)) => format!("{release} replaces {old}"),
        _ => format!("{}: {release}", kind::kind(why)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent() {
        let base = Some("r41".to_owned());
        assert_eq!(
            sent("web1", 211_511, 52_646_050, base),
            "web1: sent 212 kB of 52.6 MB, as a patch against r41"
        );
        assert_eq!(sent("web1", 13_000_000, 52_646_050, None), "web1: sent 13 MB of 52.6 MB, compressed");
        assert_eq!(sent("web1", 900, 900, None), "web1: sent 900 B of 900 B");
    }
}
