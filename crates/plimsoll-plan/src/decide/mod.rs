//! What a rollout does next: a pure function of its state, of what the hosts see, and of the time.
//!
//! Each call answers one thing: write this record, make these changes, wait (for what, and until when), or it is
//! over. The engine does what is answered, appends to the journal and asks again, so a coordinator that dies between
//! any two answers leaves a journal from which the next one gets the same answer.
//!
//! Order matters: what ends the rollout is looked for before anything that goes on, so that a failed verdict reaches
//! weight 0 whatever pause or approval is open (I3).

mod back;
#[cfg(test)]
mod fleet_tests;
mod forward;
mod lost;
mod migrate;
#[cfg(test)]
mod migrate_tests;
mod sides;
mod split;
mod steps;
#[cfg(test)]
mod tests;
mod triggers;
#[cfg(test)]
mod unwritten_tests;

use std::collections::HashMap;

use plimsoll_model::observation::{FleetObservation, HostObservation};
use plimsoll_model::plan::{HostAction, HostPlan};
use plimsoll_model::record::{Entry, Outcome};
use plimsoll_model::{HostName, Timestamp};

pub use sides::{back_to, switch_orders};
pub use split::{SplitCheck, check_split};

use crate::state::RolloutState;

/// What to do next.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Append this to the journal and ask again.
    Record(Box<Entry>),
    /// Make these changes, at the same time, and ask again.
    Act(Vec<HostAction>),
    /// Nothing to do now.
    Wait(Wait),
    /// The rollout is over.
    Over(Outcome),
}

/// Why nothing is done now. Every wait ends by itself or names who ends it (I4).
#[derive(Debug, Clone, PartialEq)]
pub struct Wait {
    /// What is waited for, for people: `2 instances to be proved`.
    pub waiting_for: String,
    /// When the answer will be another one even if nothing else happens.
    pub until: Timestamp,
    /// Whether a person can end it sooner.
    pub person: bool,
}

/// Answers what to do next.
pub fn decide(state: &RolloutState, fleet: &FleetObservation, now: Timestamp) -> Decision {
    if let Some(outcome) = state.finished {
        return Decision::Over(outcome);
    }
    let at = Moment { state, fleet, now, seen: fleet.by_host() };
    if let Some(back) = &state.back {
        return back::decide(&at, back);
    }
    if let Some(entry) = triggers::unrecorded_commit(&at) {
        return record(entry);
    }
    if !state.committed.is_empty() {
        return lost::set_aside(&at).map_or_else(|| forward::settle(&at), record);
    }
    if let Some(decision) = triggers::unknown_commit(&at) {
        return decision;
    }
    if let Some(reason) = triggers::reason_to_go_back(&at) {
        return record(Entry::GoingBack { reason });
    }
    lost::set_aside(&at).map_or_else(|| forward::decide(&at), record)
}

/// Everything that a decision is made from.
struct Moment<'a> {
    state: &'a RolloutState,
    fleet: &'a FleetObservation,
    now: Timestamp,
    /// The fleet by name: a search through it for each host would be too slow for many.
    seen: HashMap<&'a HostName, &'a HostObservation>,
}

fn record(entry: Entry) -> Decision {
    Decision::Record(Box::new(entry))
}

impl<'a> Moment<'a> {
    /// What a host sees, if it answered.
    fn seen(&self, host: &HostName) -> Option<&'a HostObservation> {
        self.seen.get(host).copied()
    }

    /// The hosts that take part: all of the plan but those that were set aside.
    fn hosts(&self) -> impl Iterator<Item = &'a HostPlan> + use<'a> {
        let aside = &self.state.aside;
        self.state.plan.hosts.iter().filter(move |h| !aside.contains_key(&h.host))
    }

    /// The hosts that take part, in batches that are changed one after another. Where a batch begins does not depend on
    /// hosts that are set aside meanwhile.
    fn batches(&self) -> impl Iterator<Item = Vec<&'a HostPlan>> + use<'a> {
        let aside = &self.state.aside;
        let size = usize::try_from(self.state.plan.max_parallel).unwrap_or(usize::MAX).max(1);
        let taking_part =
            move |batch: &'a [HostPlan]| batch.iter().filter(|h| !aside.contains_key(&h.host)).collect();
        self.state.plan.hosts.chunks(size).map(taking_part)
    }

    /// A wait that the progress deadline ends.
    fn wait(&self, waiting_for: impl Into<String>) -> Decision {
        Decision::Wait(Wait { waiting_for: waiting_for.into(), until: self.deadline(), person: false })
    }

    /// When there has been no progress for too long. The way back as a whole has that long: what people ask for
    /// meanwhile does not move its end. While a hold is open, it ends at the latest with it; while a step has a clock
    /// of its own, what is in the way may last until that is over, and then that long.
    fn deadline(&self) -> Timestamp {
        let state = self.state;
        let since =
            match (&state.back, &state.hold, migrate::own_end(state).or_else(|| steps::own_end(state))) {
                (Some(back), _, _) => back.since,
                (None, Some(hold), _) => return hold.until,
                (None, None, Some(end)) => end,
                (None, None, None) => state.last_progress,
            };
        since + state.plan.rules.progress_deadline.duration()
    }

    /// The actions, but for those that failed just now: they wait for a growing pause first.
    fn act(&self, actions: Vec<HostAction>) -> Decision {
        let pause = actions.iter().filter_map(|a| self.retry_at(a)).max();
        let name = actions[0].action.name();
        let due = |a: &HostAction| self.retry_at(a).is_none_or(|until| until <= self.now);
        let due: Vec<_> = actions.into_iter().filter(due).collect();
        match pause {
            Some(until) if due.is_empty() => {
                let waiting_for = format!("a pause before trying again to {name}");
                Decision::Wait(Wait { waiting_for, until, person: false })
            }
            _ => Decision::Act(due),
        }
    }

    /// When a failed action is tried again: after 0.5 s, 1 s, 2 s, ... at most 10 s.
    fn retry_at(&self, action: &HostAction) -> Option<Timestamp> {
        let key = (action.host.clone(), action.action.name().to_owned());
        let failures = self.state.failures.get(&key)?;
        let millis = (500_u64 << (failures.count - 1).min(5)).min(10_000);
        Some(failures.at + std::time::Duration::from_millis(millis))
    }
}
