//! The picture of a rollout that the live view draws: sides, weights, rates of the last seconds, evidence.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use plimsoll_model::event::{Between, ReleaseLabel, RolloutView, SideView, SpreadView};
use plimsoll_model::metrics::{Counters, Histogram};
use plimsoll_model::observation::{FleetObservation, InstanceState};
use plimsoll_model::plan::{HostAction, Plan};
use plimsoll_model::rollout::Step;
use plimsoll_model::{ReleaseId, Share, Span, Timestamp};
use plimsoll_plan::{Decision, RolloutState};

use crate::tally::{Tally, Totals};

/// "Lately" means this long.
const WINDOW: Duration = Duration::from_secs(10);

/// Draws pictures of one rollout.
pub(crate) struct Viewer {
    labels: Vec<ReleaseLabel>,
    tally: Tally,
    window: Window,
}

/// What was counted lately, under the weights of now: rates from before they moved would say that they did not.
#[derive(Default)]
struct Window {
    weights: BTreeMap<ReleaseId, u32>,
    pictures: VecDeque<(Timestamp, Totals)>,
}

impl Window {
    fn add(&mut self, now: Timestamp, weights: BTreeMap<ReleaseId, u32>, totals: &Totals) {
        if weights != self.weights {
            self.weights = weights;
            self.pictures.clear();
        }
        let pictures = &mut self.pictures;
        // A few pictures a second are enough for a rate over ten.
        if pictures.back().is_none_or(|(at, _)| now.since(*at) >= Duration::from_millis(500)) {
            pictures.push_back((now, totals.clone()));
        }
        while pictures.len() > 2 && pictures.front().is_some_and(|(at, _)| now.since(*at) > WINDOW) {
            pictures.pop_front();
        }
    }

    /// The oldest figures of a release: a canary has none in the pictures before it.
    fn before(&self, release: &ReleaseId) -> Option<(Timestamp, &Counters)> {
        self.pictures.iter().find_map(|(since, totals)| Some((*since, totals.get(release)?)))
    }
}

/// The points of each release's weight, over all hosts.
fn weights(fleet: &FleetObservation) -> BTreeMap<ReleaseId, u32> {
    let mut weights = BTreeMap::new();
    for arm in fleet.hosts.iter().filter_map(|h| h.seen.traffic.as_ref()).flat_map(|t| &t.table.arms) {
        *weights.entry(arm.release.clone()).or_default() += arm.weight.points();
    }
    weights
}

impl Viewer {
    /// A viewer that knows these releases by their numbers.
    pub(crate) fn new(labels: Vec<ReleaseLabel>, plan: &Plan) -> Self {
        Self { labels, tally: Tally::new(plan), window: Window::default() }
    }

    /// Remembers what was seen, for rates.
    pub(crate) fn see(&mut self, now: Timestamp, fleet: &FleetObservation) {
        self.tally.count(fleet);
        self.window.add(now, weights(fleet), &self.tally.totals);
    }

    /// The picture now.
    pub(crate) fn view(
        &self,
        state: &RolloutState,
        fleet: &FleetObservation,
        decision: &Decision,
        now: Timestamp,
    ) -> RolloutView {
        let plan = &state.plan;
        let open = state.step;
        let left = left(state, now).filter(|left| !left.duration().is_zero());
        RolloutView {
            rollout: plan.rollout.clone(),
            environment: plan.environment.clone(),
            stable: plan
                .replaces
                .as_ref()
                .filter(|r| **r != plan.release)
                .map(|release| self.side(release, fleet, now)),
            canary: self.side(&plan.release, fleet, now),
            spread: spread(plan, fleet, state),
            step: open.map(|s| s.index),
            steps: u32::try_from(plan.steps.len()).unwrap_or(u32::MAX),
            activity: activity(state, decision, left),
            left,
            assessments: state
                .judges
                .iter()
                .filter(|j| j.is_watching())
                .map(plimsoll_plan::Judge::assessment)
                .collect(),
        }
    }

    /// A release with the names that people use.
    pub(crate) fn label(&self, release: &ReleaseId) -> ReleaseLabel {
        let known = self.labels.iter().find(|l| l.release == *release).cloned();
        known.unwrap_or_else(|| ReleaseLabel { number: None, release: release.clone(), commit: None })
    }

    fn side(&self, release: &ReleaseId, fleet: &FleetObservation, now: Timestamp) -> SideView {
        let arms = fleet.hosts.iter().filter_map(|h| h.seen.traffic.as_ref()).flat_map(|t| &t.table.arms);
        let points: u32 = arms.filter(|a| a.release == *release).map(|a| a.weight.points()).sum();
        let ready = fleet.hosts.iter().flat_map(|h| h.seen.of_release(release));
        let ready = ready.filter(|i| i.state == InstanceState::Ready).count();
        let lately = self.lately(release, now);
        SideView {
            release: self.label(release),
            weight: Share::basis_points(points / u32::try_from(fleet.hosts.len().max(1)).unwrap_or(1)),
            ready: u32::try_from(ready).unwrap_or(u32::MAX),
            rate: lately.as_ref().map(|l| l.0.requests as f64 / l.1),
            error_rate: lately
                .as_ref()
                .filter(|l| l.0.requests > 0)
                .map(|l| l.0.errors as f64 / l.0.requests as f64),
            p99: lately
                .and_then(|l| l.0.latency.quantile_bounds(0.99))
                .map(|(above, at_most)| Between { above, at_most: at_most.is_finite().then_some(at_most) }),
        }
    }

    /// What happened to a release lately, and in how many seconds.
    fn lately(&self, release: &ReleaseId, now: Timestamp) -> Option<(Counters, f64)> {
        let (since, before) = self.window.before(release)?;
        let seconds = now.since(since).as_secs_f64();
        let now = self.tally.totals.get(release)?;
        let counts = now.latency.counts.iter().zip(&before.latency.counts);
        let latency = Histogram {
            bounds: now.latency.bounds.clone(),
            counts: counts.map(|(n, b)| n.saturating_sub(*b)).collect(),
            sum: 0.0,
        };
        let counters = Counters {
            requests: now.requests.checked_sub(before.requests)?,
            errors: now.errors.saturating_sub(before.errors),
            latency,
        };
        (seconds > 0.4).then_some((counters, seconds))
    }
}

fn activity(state: &RolloutState, decision: &Decision, left: Option<Span>) -> String {
    let doing = match decision {
        Decision::Wait(wait) => format!("waiting for {}", wait.waiting_for),
        Decision::Act(actions) => actions.first().map_or(String::new(), |a| act(state, a, actions.len())),
        Decision::Record(_) | Decision::Over(_) => String::new(),
    };
    if state.back.is_some() {
        return format!("going back: {doing}");
    }
    let step = state.step.and_then(|s| state.plan.steps.get(s.index as usize));
    match step.map(|s| &s.step) {
        Some(Step::Pause { duration: Some(duration) }) => format!("pause {duration}"),
        Some(Step::SetWeight { weight, .. }) => format!("set-weight {weight}: {doing}"),
        // Its time may be over while it still waits for data, or for what is under way.
        Some(Step::Analysis { duration, .. }) if left.is_some() => format!("analysis, at most {duration}"),
        _ => doing,
    }
}

/// `start`; of several hosts also where: `start on web3`, `start on 12 hosts`.
fn act(state: &RolloutState, first: &HostAction, count: usize) -> String {
    let name = first.action.name();
    match (state.plan.total(), count) {
        (..=1, _) => name.to_owned(),
        (_, 1) => format!("{name} on {}", first.host),
        _ => format!("{name} on {count} hosts"),
    }
}

/// Where the new release has a share; nothing for a single host.
fn spread(plan: &Plan, fleet: &FleetObservation, state: &RolloutState) -> Option<SpreadView> {
    if plan.total() < 2 {
        return None;
    }
    let weights = fleet.hosts.iter().filter_map(|h| {
        let arms = h.seen.traffic.iter().flat_map(|t| &t.table.arms);
        let weight = arms.filter(|a| a.release == plan.release).map(|a| a.weight).next()?;
        (weight > Share::NONE).then_some((&h.host, weight))
    });
    let (mut hosts, mut count, mut whole) = (Vec::new(), 0, 0);
    for (host, weight) in weights {
        count += 1;
        whole += u32::from(weight == Share::ALL);
        if hosts.len() < SpreadView::NAMED {
            hosts.push(host.clone());
        }
    }
    let aside = plan.set_aside.len() + state.aside.len();
    let whole_number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Some(SpreadView {
        hosts,
        count,
        whole,
        total: whole_number(plan.total()),
        set_aside: whole_number(aside),
    })
}

fn left(state: &RolloutState, now: Timestamp) -> Option<Span> {
    let open = state.step?;
    let (Step::Pause { duration: Some(duration) } | Step::Analysis { duration, .. }) =
        &state.plan.steps.get(open.index as usize)?.step
    else {
        return None;
    };
    Some(Span::from(now.until(open.entered + duration.duration())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_begin_anew_when_the_weights_move() {
        let release: ReleaseId = "0123456789ab".parse().unwrap();
        let at = |seconds: u64| Timestamp::from_millis(seconds * 1000);
        let mut window = Window::default();
        let mut add = |seconds: u64, points: u32, requests: u64| {
            let counters = Counters { requests, ..Counters::default() };
            let totals = Totals::from([(release.clone(), counters)]);
            window.add(at(seconds), BTreeMap::from([(release.clone(), points)]), &totals);
            window.before(&release).map(|(since, counters)| (since, counters.requests))
        };
        assert_eq!(add(1, 500, 10), Some((at(1), 10)));
        assert_eq!(add(2, 500, 20), Some((at(1), 10)));
        assert_eq!(add(3, 5000, 30), Some((at(3), 30)));
        assert_eq!(add(4, 5000, 130), Some((at(3), 30)));
        for seconds in 5..=20 {
            add(seconds, 5000, 100 * seconds);
        }
        assert_eq!(add(21, 5000, 2100), Some((at(11), 1100)));
    }
}
