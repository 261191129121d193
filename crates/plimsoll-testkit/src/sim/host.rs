//! One simulated host: memory, the agent in it, and the way to it.

use std::collections::VecDeque;
use std::time::Duration;

use fastrand::Rng;
use plimsoll_agent::core::Agent;
use plimsoll_agent::memory;
use plimsoll_model::{HostName, Timestamp};

use crate::breakages::Breakage;

/// A host and its agent.
pub struct SimHost {
    /// Its name.
    pub name: HostName,
    /// The world of it.
    pub memory: memory::Host,
    /// The agent, while it lives.
    pub agent: Option<Agent>,
    /// When a dead agent is there again.
    pub(super) back_at: Timestamp,
    /// How long the next death of the agent lasts.
    pub(super) away: Duration,
    /// Until when no call comes through.
    pub(super) cut_until: Timestamp,
    /// What happens to the next calls: nothing, or the connection breaks before (`false`) or after (`true`) the request
    /// took effect.
    pub(super) losses: VecDeque<Option<bool>>,
    /// The last time that anything went wrong here.
    pub troubled: Timestamp,
    pub(super) rng: Rng,
    breakage: Breakage,
}

impl SimHost {
    pub(super) fn new(
        name: HostName,
        memory: memory::Host,
        seed: u64,
        now: Timestamp,
        breakage: Breakage,
    ) -> Self {
        let mut host = Self {
            name,
            memory,
            agent: None,
            back_at: now,
            away: Duration::ZERO,
            cut_until: now,
            losses: VecDeque::new(),
            troubled: Timestamp::default(),
            rng: Rng::with_seed(seed),
            breakage,
        };
        host.revive(now);
        host
    }

    /// Lets the agent live on to `now`.
    pub(super) fn tick(&mut self, now: Timestamp) {
        if let Some(agent) = &mut self.agent {
            agent.tick(now);
            self.bury(now);
        } else {
            self.revive(now);
        }
    }

    /// Takes note of an agent that has died.
    pub(super) fn bury(&mut self, now: Timestamp) {
        if self.memory.is_dead() && self.agent.take().is_some() {
            self.back_at = now + self.away;
            self.troubled = self.back_at;
        }
    }

    /// Restarts the machine: processes, proxy and agent are gone.
    pub(super) fn reboot(&mut self, now: Timestamp, away: Duration) {
        self.memory.reboot();
        self.agent = None;
        self.back_at = now + away;
        self.troubled = self.back_at;
    }

    fn revive(&mut self, now: Timestamp) {
        if now < self.back_at {
            return;
        }
        if let Ok(agent) = Agent::open(self.breakage.parts(self.memory.parts()), now) {
            self.agent = Some(agent);
        } else {
            // A full disk: whoever starts agents tries again.
            self.back_at = now + Duration::from_secs(1);
            self.troubled = self.back_at;
        }
    }
}
