//! The health gate: healthy, proved and unrestarted for long enough, or not ready.
//!
//! One check is a probe over HTTP *and* the proof of who listens, so a good answer from the wrong process counts
//! for nothing. An instance that was never ready has until `healthy-deadline`; one that was ready before stays
//! `Unready` as long as it is sick, because giving up a serving release for an outage of something that it needs
//! would make that outage permanent.

use plimsoll_model::observation::{InstanceState, Proof};
use plimsoll_model::release::Health;
use plimsoll_model::{InstanceId, Timestamp};

use super::Agent;
use crate::runtime::{Check, CheckResult, Identity, ProbeOutcome};

/// How much longer than its probe's timeout a check may take before it counts as failed.
const CHECK_GRACE: std::time::Duration = std::time::Duration::from_secs(5);

/// An instance that is awaited is asked again this soon until it answers, so that nobody waits for its interval.
const EAGER: std::time::Duration = std::time::Duration::from_millis(100);

/// When the next check begins. Once an awaited instance is healthy the one that counts is due as soon as it has been so
/// for long enough.
fn next_check(now: Timestamp, health: &Health, healthy_since: Option<Timestamp>, awaited: bool) -> Timestamp {
    let regular = now + health.interval.duration();
    match healthy_since {
        _ if !awaited => regular,
        None => regular.min(now + EAGER),
        Some(since) => regular.min((since + health.min_healthy_time.duration()).max(now + EAGER)),
    }
}

/// What a check without a listener says. A program with a port of its own choice is the usual reason.
fn nobody_listens(port: u16, elsewhere: &[u16]) -> String {
    match elsewhere {
        [] => format!("nothing listens on port {port}"),
        [first, ..] => format!(
            "nothing listens on port {port}, but the program listens on port {first}; the port to take is in the variable PORT (or `{{port}}` in `args`)"
        ),
    }
}

impl Agent {
    pub(super) fn tick_health(&mut self, id: &InstanceId, pid: u32, start_ticks: u64) {
        self.mistrust_other_process(id, pid, start_ticks);
        let Some(record) = self.state.instances.get(id) else { return };
        let (process, health) = (record.process(id), record.run_spec.health.clone());
        if let Some(result) = self.parts.runtime.take_check(&process, self.now) {
            self.watch_of(id, process.run).checking_since = None;
            self.judge(id, &health, result);
        } else if let Some(began) = self.watch_of(id, process.run).checking_since
            && self.now.since(began) > health.timeout.duration() + CHECK_GRACE
        {
            self.watch_of(id, process.run).checking_since = None;
            self.bad_check(id, &health, "the check did not end".to_owned());
        }
        self.check_deadline(id);
        self.begin_check(id, &health);
    }

    /// A saved proof is of one process. Where another one runs under the same name, it must be proved again.
    fn mistrust_other_process(&mut self, id: &InstanceId, pid: u32, start_ticks: u64) {
        let Some(record) = self.state.instances.get(id) else { return };
        let other = |proof: &Proof| proof.pid == pid && proof.start_ticks != start_ticks;
        if record.proof.as_ref().is_some_and(other) {
            let now = self.now;
            self.edit(id, |record| {
                record.proof = None;
                record.enter(
                    InstanceState::Unready,
                    now,
                    "another process runs than the one that was proved",
                );
            });
        }
    }

    fn begin_check(&mut self, id: &InstanceId, health: &Health) {
        let Some(record) = self.state.instances.get(id).filter(|r| r.ending.is_none() && r.state.is_live())
        else {
            return;
        };
        let (process, port, digest) = (record.process(id), record.port, record.digest);
        let (now, awaited) = (self.now, record.state != InstanceState::Ready);
        let watch = self.watch_of(id, process.run);
        if watch.checking_since.is_some() || now < watch.next_check {
            return;
        }
        watch.checking_since = Some(now);
        watch.next_check = next_check(now, health, watch.healthy_since, awaited);
        let check = Check { port, path: health.path.clone(), timeout: health.timeout, digest };
        self.parts.runtime.begin_check(&process, &check, now);
    }

    fn judge(&mut self, id: &InstanceId, health: &Health, result: CheckResult) {
        match (result.probe, result.identity) {
            (_, Identity::WrongExecutable { digest }) => {
                self.give_up(
                    id,
                    &format!("it runs a program with digest {}, not the released one", digest.short()),
                );
            }
            (_, Identity::WrongProcess(holder)) => self.stranger_answers(id, health, &holder),
            (ProbeOutcome::Status(200..=299), Identity::Proved(proof)) => self.good_check(id, health, proof),
            (ProbeOutcome::Status(status), Identity::Proved(_)) => {
                self.mark_listening(id);
                self.bad_check(id, health, format!("{} answered {status}", health.path));
            }
            (ProbeOutcome::Failed { why }, Identity::Proved(_)) => {
                self.mark_listening(id);
                self.bad_check(id, health, why);
            }
            (_, Identity::Unknown { why }) => {
                self.bad_check(id, health, format!("who listens could not be found out: {why}"));
            }
            (_, Identity::NotListening { elsewhere }) => {
                let port = self.state.instances.get(id).map_or(0, |record| record.port);
                self.bad_check(id, health, nobody_listens(port, &elsewhere));
            }
        }
    }

    fn mark_listening(&mut self, id: &InstanceId) {
        if let Some(run) = self.state.instances.get(id).map(|record| record.run) {
            self.watch_of(id, run).listened = true;
        }
    }

    fn good_check(&mut self, id: &InstanceId, health: &Health, proof: Proof) {
        let Some(record) = self.state.instances.get(id) else { return };
        let (run, state, now) = (record.run, record.state, self.now);
        let watch = self.watch_of(id, run);
        watch.listened = true;
        watch.failures = 0;
        watch.last = None;
        watch.proof = Some(proof.clone());
        // The check began earlier; what counts is what was known then.
        let since = *watch.healthy_since.get_or_insert(now);
        let healthy_for = now.since(since);
        if state == InstanceState::Ready || healthy_for < health.min_healthy_time.duration() {
            return;
        }
        let detail = format!("healthy and proved for {}", health.min_healthy_time);
        let saved = self.edit(id, |record| {
            record.proof = Some(proof);
            record.was_ready = true;
            record.enter(InstanceState::Ready, now, detail);
        });
        if saved {
            self.parts.runtime.note(id, now, "ready");
        }
    }

    fn bad_check(&mut self, id: &InstanceId, health: &Health, why: String) {
        let Some(record) = self.state.instances.get(id) else { return };
        let (run, state) = (record.run, record.state);
        let watch = self.watch_of(id, run);
        watch.healthy_since = None;
        watch.failures = watch.failures.saturating_add(1);
        watch.last = Some(why.clone());
        let failures = watch.failures;
        if state == InstanceState::Ready && failures >= health.unhealthy_after.max(1) {
            self.make_unready(id, &format!("{failures} probes in a row failed; last: {why}"));
        }
    }

    fn make_unready(&mut self, id: &InstanceId, detail: &str) {
        self.withdraw(id, detail);
        self.parts.runtime.note(id, self.now, &format!("not ready: {detail}"));
    }

    /// Takes readiness away, also where that cannot be saved: no request may go there.
    pub(super) fn withdraw(&mut self, id: &InstanceId, detail: &str) {
        let now = self.now;
        self.insist(|state| {
            let record = state.instances.get_mut(id);
            if let Some(record) = record.filter(|record| record.state == InstanceState::Ready) {
                record.proof = None;
                record.enter(InstanceState::Unready, now, detail);
            }
        });
    }

    /// Somebody else listens on the port: at once no traffic, and another port where the instance never listened.
    fn stranger_answers(&mut self, id: &InstanceId, health: &Health, holder: &crate::runtime::Holder) {
        let Some(record) = self.state.instances.get(id) else { return };
        let (run, state, port, was_ready) = (record.run, record.state, record.port, record.was_ready);
        if !self.watch_of(id, run).listened && !was_ready {
            return self.move_port(id, holder);
        }
        let held = format!("port {port} is held by {holder}, not by this instance");
        if state == InstanceState::Ready {
            self.make_unready(id, &held);
        }
        self.bad_check(id, health, held);
    }

    /// Gives up an instance that did not become healthy in time.
    pub(super) fn check_deadline(&mut self, id: &InstanceId) {
        let Some(record) = self.state.instances.get(id).filter(|r| r.state == InstanceState::Starting) else {
            return;
        };
        let deadline = record.run_spec.health.healthy_deadline;
        if self.now.since(record.asked_at) < deadline.duration() {
            return;
        }
        let run = record.run;
        let last = self.watch_of(id, run).last.clone().unwrap_or_else(|| "no check has ended".to_owned());
        self.give_up(id, &format!("not healthy within {deadline}; last: {last}"));
    }
}
