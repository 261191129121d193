//! Requests: how many come, which side they fall to, and how they are answered.
//!
//! The proxy in memory counts nothing by itself. Here its counters grow as the real one's would: a request is
//! assigned to a side by the weights, answered by a ready instance of it or else of another side with weight, and
//! fails where the instance's process is gone.

use std::collections::BTreeMap;
use std::time::Duration;

use fastrand::Rng;
use plimsoll_agent::memory::Host;
use plimsoll_model::metrics::Histogram;
use plimsoll_model::traffic::{Arm, ArmTraffic, TrafficReport};
use plimsoll_model::{InstanceId, ReleaseId};

use super::release::Answers;
use crate::random::{binomial, normal_below, poisson};

/// The traffic of an environment.
#[derive(Debug, Clone, Default)]
pub struct Traffic {
    /// Requests a second to each host.
    pub rate: f64,
    /// How each release answers; one that is not here answers well.
    pub answers: BTreeMap<ReleaseId, Answers>,
    /// Requests that came to each release, answered or not.
    pub came: BTreeMap<ReleaseId, u64>,
    /// Requests that nobody answered well, since the beginning.
    pub lost: u64,
}

impl Traffic {
    /// Lets requests come to a host for some time.
    pub(super) fn flow(&mut self, host: &Host, rng: &mut Rng, time: Duration) {
        let requests = poisson(rng, self.rate * time.as_secs_f64());
        if requests == 0 {
            return;
        }
        let running = host.running();
        let (answers, came) = (&self.answers, &mut self.came);
        let mut lost = 0;
        host.edit_report(|report| lost = spread(report, requests, answers, came, &running, rng));
        self.lost += lost;
    }
}

/// Spreads requests over the arms; answers how many were not answered well.
fn spread(
    report: &mut TrafficReport,
    requests: u64,
    answers: &BTreeMap<ReleaseId, Answers>,
    came: &mut BTreeMap<ReleaseId, u64>,
    running: &[InstanceId],
    rng: &mut Rng,
) -> u64 {
    let arms = report.table.arms.clone();
    let bounds = report.table.latency_bounds.clone();
    let (mut left, mut share_left, mut lost) = (requests, 1.0, 0);
    for arm in &arms {
        let fraction = arm.weight.fraction();
        let count = if share_left <= fraction { left } else { binomial(rng, left, fraction / share_left) };
        (left, share_left) = (left - count, share_left - fraction);
        if count == 0 {
            continue;
        }
        counters(report, &arm.release, &bounds).assigned += count;
        let able = |a: &&Arm| a.weight.points() > 0 && a.backends.iter().any(|b| b.ready);
        let Some(target) = std::iter::once(arm).chain(&arms).find(able) else {
            counters(report, &arm.release, &bounds).proxy_errors += count;
            lost += count;
            continue;
        };
        *came.entry(target.release.clone()).or_default() += count;
        let answers = answers.get(&target.release).cloned().unwrap_or_default();
        lost += answer(counters(report, &target.release, &bounds), target, count, &answers, running, rng);
    }
    if arms.is_empty() {
        report.unrouted += requests;
        return requests;
    }
    lost
}

fn answer(
    counters: &mut ArmTraffic,
    arm: &Arm,
    count: u64,
    answers: &Answers,
    running: &[InstanceId],
    rng: &mut Rng,
) -> u64 {
    let ready: Vec<_> = arm.backends.iter().filter(|b| b.ready).collect();
    let gone = ready.iter().filter(|b| !running.contains(&b.instance)).count();
    let failed = binomial(rng, count, gone as f64 / ready.len() as f64);
    let answered = count - failed;
    let bad = binomial(rng, answered, answers.errors);
    counters.failed_attempts += failed;
    counters.by_class[4] += bad;
    counters.by_class[1] += answered - bad;
    time_answers(&mut counters.latency, answered, answers, rng);
    failed + bad
}

/// Adds latencies from a log-normal law, drawn bucket by bucket.
pub fn time_answers(histogram: &mut Histogram, count: u64, answers: &Answers, rng: &mut Rng) {
    let (mut left, mut below_before) = (count, 0.0);
    for (i, bound) in histogram.bounds.clone().into_iter().enumerate() {
        if left == 0 {
            break;
        }
        let below = normal_below((bound / answers.median).ln() / answers.spread);
        let rest = 1.0 - below_before;
        let here =
            if rest <= 1e-12 { left } else { binomial(rng, left, ((below - below_before) / rest).min(1.0)) };
        histogram.counts[i] += here;
        left -= here;
        below_before = below;
    }
    if let Some(last) = histogram.counts.last_mut() {
        *last += left;
    }
    histogram.sum += count as f64 * answers.median;
}

fn counters<'r>(report: &'r mut TrafficReport, release: &ReleaseId, bounds: &[f64]) -> &'r mut ArmTraffic {
    let at = report.arms.iter().position(|a| a.release == *release).unwrap_or_else(|| {
        report.arms.push(ArmTraffic {
            release: release.clone(),
            assigned: 0,
            by_class: [0; 5],
            failed_attempts: 0,
            proxy_errors: 0,
            latency: Histogram::new(bounds),
        });
        report.arms.len() - 1
    });
    &mut report.arms[at]
}
