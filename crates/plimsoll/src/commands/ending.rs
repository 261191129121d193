//! From what the engine answers to what is told last. Figures come from the journal, states from the data plane.

use plimsoll_drivers::{Clock as _, SystemClock};
use plimsoll_engine::History;
use plimsoll_engine::deploy::Deployed;
use plimsoll_engine::journal::Query;
use plimsoll_engine::ship::{ShipEnd, Shipped};
use plimsoll_model::agent::{LogStream, Request, Response};
use plimsoll_model::event::ReleaseLabel;
use plimsoll_model::evidence::Gate;
use plimsoll_model::plan::{Action, PlanKind};
use plimsoll_model::record::{BackReason, Entry, HoldReason, Outcome, Record};
use plimsoll_model::service::Environment;
use plimsoll_model::{EnvironmentName, ExitCode, ReleaseId, RolloutId, Span, Timestamp};
use plimsoll_report::{Ending, EndingStory, Hint, Names, back_reason, rollback_timeline, users_hit};

use crate::failure::Failure;
use crate::project::Project;

/// An ending and what it stands on.
pub(crate) struct Told {
    pub(crate) ending: Ending,
}

impl Told {
    /// A command that could not do its work.
    pub(crate) fn failed(failure: &Failure) -> Self {
        let mut lines = failure.message.lines();
        let summary = lines.next().unwrap_or_default().to_owned();
        let detail = lines.collect::<Vec<_>>().join("; ");
        let hints = failure.help.iter().map(|help| hint(help)).collect();
        Self::new(failure.exit, EndingStory::Stopped { summary, detail }, None, hints)
    }

    /// That it came back is what was asked for.
    pub(crate) fn back_as_asked(mut self) -> Self {
        if self.ending.exit == ExitCode::RolledBack {
            self.ending.exit = ExitCode::Success;
        }
        self
    }

    /// That it is held is what was asked for.
    pub(crate) fn held_as_asked(mut self) -> Self {
        if matches!(self.ending.story, EndingStory::Waiting { .. }) {
            self.ending.exit = ExitCode::Success;
        }
        self
    }

    fn new(exit: ExitCode, story: EndingStory, recovered: Option<String>, hints: Vec<Hint>) -> Self {
        Self { ending: Ending { at: SystemClock.now(), exit, story, recovered, hints } }
    }
}

/// Advice as a hint: what stands before a gap of several spaces is a command, the rest is what it gives.
fn hint(advice: &str) -> Hint {
    match advice.split_once("    ") {
        Some((command, gives)) => Hint::new(command.trim(), gives.trim()),
        None => Hint::new(advice, ""),
    }
}

/// The end of a command that worked on one environment.
pub(crate) fn of_deployment(
    project: &Project,
    environment: &Environment,
    deployed: &Deployed,
    since: usize,
) -> Result<Told, Failure> {
    let records = project.records(&Query::default())?;
    let began = records.get(since).map_or_else(|| SystemClock.now(), |r| r.at);
    let printed = last_words(project, environment, &records, began);
    let (history, environment) = (History::fold(&records), environment.name.clone());
    Ok(Story { history, records, environment, began, printed }.of(deployed, None))
}

/// The end of `prune`: what was removed here, and what was removed and kept in words.
pub(crate) fn of_pruning(
    project: &Project,
    environment: &Environment,
    removed: &[ReleaseId],
    summary: String,
) -> Result<Told, Failure> {
    let history = project.history()?;
    let removed = removed.iter().map(|release| history.label(release)).collect();
    let story = EndingStory::Pruned { environment: environment.name.clone(), removed, summary };
    Ok(Told::new(ExitCode::Success, story, None, Vec::new()))
}

/// The end of a shipment.
pub(crate) fn of_shipment(
    project: &Project,
    environment: &Environment,
    shipped: &Shipped,
    began: Timestamp,
) -> Result<Told, Failure> {
    let records = project.records(&Query::default())?;
    let history = History::fold(&records);
    let place = match &shipped.end {
        ShipEnd::Deployed { environment, .. } => project.service.environments.get(environment),
        _ => None,
    };
    let printed = last_words(project, place.unwrap_or(environment), &records, began);
    let story = Story { history, records, environment: environment.name.clone(), began, printed };
    Ok(match &shipped.end {
        ShipEnd::Sealed => story.built(shipped.release.as_ref()),
        ShipEnd::Refused { gate, summary, help } => {
            let release = shipped.release.as_ref().map(|r| story.history.label(r));
            // A release that its test refused has come as far as the environment that it was tested in.
            let tested = project.service.test.as_ref().filter(|_| *gate == Gate::Test);
            let tested = tested.map(|test| test.environment.clone());
            let serves_in = tested.filter(|at| story.history.serving(at) == shipped.release);
            let summary = summary.clone();
            let story = EndingStory::Refused { gate: Some(*gate), release, serves_in, summary };
            Told::new(ExitCode::Refused, story, None, help.iter().map(|h| hint(h)).collect())
        }
        ShipEnd::NotVerified { summary } => {
            let story = EndingStory::Stopped {
                summary: "the rollout is over, but what answers is not what was released".to_owned(),
                detail: summary.clone(),
            };
            Told::new(
                ExitCode::MixedFleet,
                story,
                None,
                vec![Hint::new("plimsoll status", "what runs where")],
            )
        }
        ShipEnd::Deployed { environment, deployed } => {
            Story { environment: environment.clone(), ..story }.of(deployed, shipped.release.as_ref())
        }
    })
}

/// A journal, told.
struct Story {
    history: History,
    records: Vec<Record>,
    environment: EnvironmentName,
    began: Timestamp,
    /// What an instance that failed printed last.
    printed: Vec<String>,
}

impl Story {
    fn of(&self, deployed: &Deployed, release: Option<&ReleaseId>) -> Told {
        match deployed {
            Deployed::AlreadyServing => self.shipped(release, None, None, "it served already"),
            Deployed::Held { rollout, wait } => self.held(rollout, wait.until),
            Deployed::Over { rollout, outcome, taken_over } => {
                let recovered = taken_over
                    .as_ref()
                    .map(|course| format!("an earlier command had left it unfinished; {course}"));
                let known = self.history.rollouts.iter().find(|r| r.plan.rollout == *rollout);
                let Some(plan) = known.map(|r| &r.plan) else {
                    return self.shipped(release, None, recovered, "");
                };
                match outcome {
                    Outcome::PromotedInPart => self.shipped_in_part(rollout, &plan.release, recovered),
                    Outcome::Promoted => {
                        // What was gone back from is not a release to return to.
                        let kept = plan.kind != PlanKind::Rollback;
                        let replaces = plan.replaces.as_ref().filter(|r| kept && **r != plan.release);
                        self.shipped(Some(&plan.release), replaces, recovered, &self.summary(rollout))
                    }
                    _ => self.back(rollout, *outcome, recovered),
                }
            }
        }
    }

    /// A release that was sealed and went nowhere.
    fn built(&self, release: Option<&ReleaseId>) -> Told {
        let release = self.history.label(release.expect("what is sealed has its identity"));
        let hints = vec![
            Hint::new(format!("plimsoll deploy {release} -e {}", self.environment), "rolls it out"),
            Hint::new(format!("plimsoll plan {release} -e {}", self.environment), "what that would do"),
        ];
        let took = Span::from(SystemClock.now().since(self.began));
        Told::new(ExitCode::Success, EndingStory::Built { release, took }, None, hints)
    }

    fn shipped(
        &self,
        release: Option<&ReleaseId>,
        replaces: Option<&ReleaseId>,
        recovered: Option<String>,
        summary: &str,
    ) -> Told {
        let serving = self.history.serving(&self.environment);
        let Some(release) = release.or(serving.as_ref()) else {
            let story = EndingStory::Stopped { summary: "nothing serves".to_owned(), detail: String::new() };
            return Told::new(ExitCode::Internal, story, recovered, Vec::new());
        };
        let label = self.history.label(release);
        let mut hints = vec![Hint::new("plimsoll status", "what runs where, and how it is")];
        if let Some(replaces) = replaces {
            let command = format!("plimsoll rollback -e {}", self.environment);
            hints.push(Hint::new(command, format!("back to {}", self.history.label(replaces))));
        }
        let story = EndingStory::Shipped {
            environment: self.environment.clone(),
            release: label,
            replaces: replaces.map(|r| self.history.label(r)),
            took: Span::from(SystemClock.now().since(self.began)),
            summary: summary.to_owned(),
        };
        Told::new(ExitCode::Success, story, recovered, hints)
    }

    /// It serves, but not on the hosts that were set aside.
    fn shipped_in_part(&self, rollout: &RolloutId, release: &ReleaseId, recovered: Option<String>) -> Told {
        let last = self.of_rollout(rollout).into_iter().rev().find_map(|r| match r.entry {
            Entry::Finished { summary, .. } => Some(summary),
            _ => None,
        });
        let told = self.shipped(Some(release), None, recovered, &last.unwrap_or_default());
        let command = format!("plimsoll deploy --converge -e {}", self.environment);
        let mut hints = told.ending.hints;
        hints.push(Hint::new(command, "once the others are back"));
        Told { ending: Ending { exit: Outcome::PromotedInPart.exit_code(), hints, ..told.ending } }
    }

    fn held(&self, rollout: &RolloutId, until: Timestamp) -> Told {
        let records = self.of_rollout(rollout);
        let held = records.iter().rev().find_map(|r| match &r.entry {
            Entry::Held { reason, .. } => Some(reason.clone()),
            _ => None,
        });
        let plan = self.history.rollouts.iter().find(|r| r.plan.rollout == *rollout).map(|r| &r.plan);
        let release = plan.map(|p| self.history.label(&p.release));
        let Some(release) = release else {
            return self.shipped(None, None, None, "");
        };
        let environment = &self.environment;
        let story = EndingStory::Waiting {
            environment: environment.clone(),
            release,
            reason: held.unwrap_or(HoldReason::Pause),
            until,
        };
        let hints = vec![
            Hint::new(format!("plimsoll promote -e {environment}"), "go on"),
            Hint::new(format!("plimsoll abort -e {environment}"), "go back now"),
            Hint::new(format!("plimsoll history {rollout}"), "every gate, every number"),
        ];
        Told::new(ExitCode::Inconclusive, story, None, hints)
    }

    fn back(&self, rollout: &RolloutId, outcome: Outcome, recovered: Option<String>) -> Told {
        let records = self.of_rollout(rollout);
        let plan = self.history.rollouts.iter().find(|r| r.plan.rollout == *rollout).map(|r| &r.plan);
        let Some(plan) = plan else { return self.shipped(None, None, recovered, "") };
        let names = Names::from_records(&self.records);
        let release = self.history.label(&plan.release);
        let summary = back_reason(&records, &names).unwrap_or_else(|| self.summary(rollout));
        // Of what a host refused there is nothing to tell but why.
        let refused = outcome == Outcome::Refused;
        let timeline = if refused { Vec::new() } else { rollback_timeline(&records, &plan.release, &names) };
        let users = users_hit(&records, &plan.release);
        let hints = self.ways_on(rollout, outcome, &release, &records);
        let story = EndingStory::Back {
            environment: self.environment.clone(),
            serves: plan.replaces.as_ref().map(|r| self.history.label(r)),
            release,
            outcome,
            summary,
            timeline,
            users,
            printed: self.printed.clone(),
        };
        Told::new(outcome.exit_code(), story, recovered, hints)
    }

    /// What a person may want next after a release came back.
    fn ways_on(
        &self,
        rollout: &RolloutId,
        outcome: Outcome,
        release: &ReleaseLabel,
        records: &[Record],
    ) -> Vec<Hint> {
        let environment = &self.environment;
        let started = |r: &Record| match &r.entry {
            Entry::Performed { actions, .. } => {
                actions.iter().any(|a| matches!(a.action, Action::Start { .. }))
            }
            _ => false,
        };
        let mut hints = Vec::new();
        if records.iter().any(started) {
            hints.push(Hint::new(format!("plimsoll logs {release} -e {environment}"), "what it printed"));
        }
        hints.push(Hint::new(format!("plimsoll history {rollout}"), "every gate, every number"));
        match outcome {
            Outcome::RolledBack => hints.push(Hint::new(
                format!("plimsoll retry {release} -e {environment}"),
                "try it again as it is",
            )),
            Outcome::Refused => hints.push(Hint::new(
                format!("plimsoll deploy {release} -e {environment}"),
                "once that is mended",
            )),
            _ => {}
        }
        hints
    }

    fn of_rollout(&self, rollout: &RolloutId) -> Vec<Record> {
        self.records.iter().filter(|r| r.rollout.as_ref() == Some(rollout)).cloned().collect()
    }

    fn summary(&self, rollout: &RolloutId) -> String {
        let records = self.of_rollout(rollout);
        let last = records.iter().rev().find_map(|r| match &r.entry {
            Entry::Assessed { assessment } => Some(assessment.reason.clone()),
            _ => None,
        });
        last.unwrap_or_default()
    }
}

/// Lines of an instance that are shown when it failed.
const LAST_WORDS: u32 = 5;

/// What the instance printed last for which a rollout of this command went back; nothing where that cannot be told.
fn last_words(
    project: &Project,
    environment: &Environment,
    records: &[Record],
    since: Timestamp,
) -> Vec<String> {
    let failed = records.iter().rev().take_while(|r| r.at >= since).find_map(|r| match &r.entry {
        Entry::GoingBack { reason: BackReason::InstanceFailed { instance, .. } }
            if r.environment.as_ref() == Some(&environment.name) =>
        {
            Some(instance.clone())
        }
        _ => None,
    });
    let Some(instance) = failed else { return Vec::new() };
    // Remarks of the agent stand between the lines; more are asked for than are shown.
    let request =
        Request::Logs { release: None, instance: Some(instance), lines: LAST_WORDS * 6, after: None };
    let Ok(mut hosts) = project.running_hosts(environment, &[]) else { return Vec::new() };
    let answers = hosts.iter_mut().map(|host| host.call(&project.service.name, None, request.clone(), &[]));
    let lines = answers.filter_map(|answer| match answer {
        Ok(Response::Lines { lines, .. }) => Some(lines),
        _ => None,
    });
    let mut said: Vec<String> =
        lines.flatten().filter(|l| l.stream != LogStream::Agent).map(|l| l.text).collect();
    // An instance that was started again and again says the same each time.
    said.dedup();
    said.split_off(said.len().saturating_sub(LAST_WORDS as usize))
}
