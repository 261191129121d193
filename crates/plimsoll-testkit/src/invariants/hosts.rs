//! I1, I2, I3, I4 and I9 on a host: looked at after every tick and every request.

use std::time::Duration;

use plimsoll_model::observation::{InstanceState, SwitchState};
use plimsoll_model::traffic::{Arm, RouteTable};
use plimsoll_model::{HostName, InstanceId, ReleaseId, Share, Timestamp};

use super::{Invariant, Seen, Watch};
use crate::sim::host::SimHost as Host;

/// The observed loss of an instance may be this old when a decision is carried out that was made before it.
const HINDSIGHT: Duration = Duration::from_secs(2);

impl Watch {
    /// Looks at a host; answers with what changed, in lines for the story.
    pub(crate) fn on_host(&mut self, at: usize, host: &Host, now: Timestamp) -> Vec<String> {
        while self.hosts.len() <= at {
            self.hosts.push(Seen::default());
        }
        let mut lines = Vec::new();
        self.note_instances(at, host, now, &mut lines);
        if let Some(table) = host.memory.table() {
            self.note_table(at, host, &table, now, &mut lines);
        }
        self.check_switch(at, host, now);
        lines
    }

    fn note_instances(&mut self, at: usize, host: &Host, now: Timestamp, lines: &mut Vec<String>) {
        let Some(agent) = &host.agent else { return };
        let table = host.memory.table();
        for (id, record) in &agent.state().instances {
            let before = self.hosts[at].states.get(id).copied();
            if before == Some(record.state) {
                continue;
            }
            self.hosts[at].states.insert(id.clone(), record.state);
            lines.push(format!(
                "{}: {}/{} is {:?}: {}",
                host.name,
                self.name(&id.release),
                id.ordinal,
                record.state,
                record.detail
            ));
            self.check_configuration(id, record, now);
            if before == Some(InstanceState::Ready) {
                if record.state == InstanceState::Draining {
                    self.check_retirement(at, id, host, table.as_ref(), now);
                } else {
                    self.hosts[at].lost_ready = now;
                }
            }
        }
        let mut running = host.memory.running();
        running.sort();
        let twice = running.windows(2).find_map(|pair| match pair {
            [a, b] if a == b => Some(a.clone()),
            _ => None,
        });
        if let Some(twice) = twice {
            self.broken(Invariant::I5, now, format!("two processes of {twice} run on {}", host.name));
        }
    }

    /// I9: what runs has the program and the configuration of one release.
    fn check_configuration(
        &mut self,
        id: &InstanceId,
        record: &plimsoll_agent::state::InstanceRecord,
        now: Timestamp,
    ) {
        let Some(release) = self.releases.get(&id.release) else { return };
        let declared = &release.manifest.environments[&crate::sim::release::environment()];
        if record.run_spec != *declared || record.digest != release.manifest.artifact.digest {
            let what = format!("{id} runs with {:?}, not its own release's", record.run_spec.variables);
            self.broken(Invariant::I9, now, what);
        }
    }

    /// I2: who is asked to leave leaves enough behind for the weight that its side has.
    fn check_retirement(
        &mut self,
        at: usize,
        id: &InstanceId,
        host: &Host,
        table: Option<&RouteTable>,
        now: Timestamp,
    ) {
        let agent = host.agent.as_ref().expect("its state was just read");
        if matches!(agent.state().switch, SwitchState::Fired { .. }) {
            return;
        }
        let arm = table.and_then(|t| t.arms.iter().find(|a| a.release == id.release));
        let Some(arm) = arm.filter(|a| a.weight > Share::NONE) else { return };
        let needed = arm.weight.of_count(self.full_side(&host.name, &id.release));
        let left = ready_of(&arm.backends.iter().map(|b| b.instance.clone()).collect::<Vec<_>>(), host);
        let lost_lately = now.since(self.hosts[at].lost_ready) < HINDSIGHT;
        if left < needed && !(lost_lately && left > 0) {
            let what =
                format!("{id} is retired while its side has {}: {left} ready, {needed} needed", arm.weight);
            self.broken(Invariant::I2, now, what);
        }
    }

    /// How many instances a side has on a host when it is complete.
    fn full_side(&self, host: &HostName, release: &ReleaseId) -> u32 {
        let rollout = self.rollout.as_ref();
        let Some((plan, host)) = rollout.and_then(|r| Some((&r.plan, r.host(host)?))) else {
            return self.declared;
        };
        let count = if *release == plan.release { host.new.len() } else { host.old.len() };
        u32::try_from(count).expect("a plan has few instances")
    }

    fn note_table(
        &mut self,
        at: usize,
        host: &Host,
        table: &RouteTable,
        now: Timestamp,
        lines: &mut Vec<String>,
    ) {
        if table.version == self.hosts[at].version || table.version == 0 {
            return;
        }
        self.hosts[at].version = table.version;
        let before = self.hosts[at].shares.clone();
        for arm in &table.arms {
            let had = before.get(&arm.release).copied().unwrap_or(Share::NONE);
            if arm.weight > had {
                self.check_raise(at, host, arm, had, now);
            }
            self.check_proved(arm, host, now);
        }
        let shares = table.arms.iter().map(|a| (a.release.clone(), a.weight)).collect();
        if before != shares {
            let words: Vec<_> = shares.iter().map(|(r, w)| format!("{} {w}", self.name(r))).collect();
            lines.push(format!("{}: traffic is {}", host.name, words.join(", ")));
        }
        self.hosts[at].shares = shares;
    }

    /// I1: weight is raised only where the capacity for it is ready. I3: never towards the new side on the way back.
    fn check_raise(&mut self, at: usize, host: &Host, arm: &Arm, had: Share, now: Timestamp) {
        let ready = u32::try_from(arm.backends.iter().filter(|b| b.ready).count()).expect("few");
        let fired =
            host.agent.as_ref().is_some_and(|a| matches!(a.state().switch, SwitchState::Fired { .. }));
        let lost_lately = now.since(self.hosts[at].lost_ready) < HINDSIGHT;
        let what = format!("{}: {} is raised from {had} to {}", host.name, arm.release, arm.weight);
        let (mut needed, mut back_raises_new) =
            (arm.weight.of_count(self.full_side(&host.name, &arm.release)), false);
        if let Some(rollout) = self.rollout.as_ref().filter(|r| !r.over) {
            let is_level = rollout.host(&host.name).is_some_and(|h| rollout.plan.is_level(h));
            let is_new = arm.release == rollout.plan.release && !is_level;
            back_raises_new = is_new && rollout.back.is_some();
            let patient = rollout
                .back
                .as_ref()
                .is_some_and(|(_, since)| now < *since + rollout.plan.run.health.healthy_deadline.duration());
            let new_ready = rollout.host(&host.name).map_or(0, |h| ready_of(&h.new, host));
            // The way back must not wait for capacity that does not come, nor for a new side that is dead anyway.
            if !is_new && (!patient || new_ready == 0 || self.clocks_lie) {
                needed = 1;
            }
        }
        if fired || lost_lately {
            needed = needed.min(1);
        }
        // An agent that died in the middle of a request finishes it when it is back, whatever was decided meanwhile.
        let finishes = now.since(host.troubled) < HINDSIGHT;
        if back_raises_new && !finishes {
            self.broken(Invariant::I3, now, format!("{what} on the way back"));
        } else if ready < needed && !finishes {
            self.broken(
                Invariant::I1,
                now,
                format!("{what} with {ready} ready instances of {needed} needed"),
            );
        }
    }

    /// I1: what the proxy calls ready was proved, and can be.
    fn check_proved(&mut self, arm: &Arm, host: &Host, now: Timestamp) {
        let Some(release) = self.releases.get(&arm.release) else { return };
        let behaviour = &release.behaviour;
        let healthy = behaviour.status == 200 || self.turned.contains(&release.number);
        let provable = behaviour.listens && healthy && behaviour.runs.is_none();
        if !provable && let Some(backend) = arm.backends.iter().find(|b| b.ready) {
            let what =
                format!("{} takes traffic on {} and cannot have been proved", backend.instance, host.name);
            self.broken(Invariant::I1, now, what);
        }
    }

    /// I4: the switch goes off at its deadline, and a host that can go back does.
    fn check_switch(&mut self, at: usize, host: &Host, now: Timestamp) {
        let Some(agent) = &host.agent else { return };
        let state = agent.state();
        let well = now.since(host.troubled) > Duration::from_secs(5);
        if let SwitchState::Armed { deadline, .. } = &state.switch
            && well
            && now.since(*deadline) > Duration::from_secs(3)
        {
            self.broken(
                Invariant::I4,
                now,
                format!("the switch of {} did not go off at {deadline}", host.name),
            );
        }
        let able = state.returning && well && self.stable_can_run();
        let since = able.then(|| *self.hosts[at].returning_since.get_or_insert(now));
        self.hosts[at].returning_since = since;
        if since.is_some_and(|since| now.since(since) > Duration::from_secs(60)) {
            self.broken(Invariant::I4, now, format!("{} wants to go back and never does", host.name));
        }
    }

    /// Whether the release before can be expected to become healthy.
    pub(super) fn stable_can_run(&self) -> bool {
        let old = self.rollout.as_ref().and_then(|r| r.plan.replaces.as_ref());
        let behaviour = old.and_then(|id| self.releases.get(id)).map(|r| &r.behaviour);
        behaviour.is_some_and(|b| b.listens && b.status == 200 && b.runs.is_none() && b.ends.is_none())
    }
}

/// How many of the instances are ready by the agent's own state.
pub(super) fn ready_of(instances: &[InstanceId], host: &Host) -> u32 {
    let Some(agent) = &host.agent else { return 0 };
    let ready =
        |id: &&InstanceId| agent.state().instances.get(id).is_some_and(|r| r.state == InstanceState::Ready);
    u32::try_from(instances.iter().filter(ready).count()).expect("few")
}
