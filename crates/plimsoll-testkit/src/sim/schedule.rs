//! Plays the story of a seed: a first release, a second one in a storm, coordinators until it is over, and what people
//! try afterwards.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use plimsoll_model::record::Outcome;

use super::process::{self, CommandEnd, Order, Process};
use super::scenario::{Scenario, upsets};
use super::universe::Universe;
use crate::breakages::Breakage;
use crate::invariants::Violation;

/// What became of a seed.
pub struct Told {
    /// The seed.
    pub seed: u64,
    /// The invariant that did not hold, if one did not.
    pub violation: Option<Violation>,
    /// Everything that happened.
    pub story: Vec<String>,
    /// How the second release's rollout ended.
    pub outcome: Option<Outcome>,
    /// Simulated time.
    pub took: Duration,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.story.iter().try_for_each(|line| writeln!(f, "{line}"))?;
        match &self.violation {
            Some(v) => writeln!(f, "seed {}: {:?} does not hold: {}", self.seed, v.invariant, v.what),
            None => writeln!(f, "seed {}: every invariant held; {:?}", self.seed, self.outcome),
        }
    }
}

/// How many coordinators may be needed until a rollout is over.
const COORDINATORS: usize = 30;
/// How long a calm coordinator may need.
const CALM: Duration = Duration::from_secs(1800);

/// Plays the story of a seed.
pub fn play(seed: u64, breakage: Breakage) -> Told {
    let scenario = Scenario::draw(seed, breakage);
    let universe = Universe::new(scenario.settings.clone());
    scenario.releases.iter().for_each(|release| universe.add_release(release));
    let mut rng = Rng::with_seed(seed ^ 0x00c0_ffee);
    let mut teller = Teller { scenario: &scenario, universe: &universe, rng: &mut rng };
    let outcome = teller.tell();
    let inner = universe.lock();
    Told {
        seed,
        violation: inner.watch.violation().cloned(),
        story: inner.story.clone(),
        outcome,
        took: inner.now.since(super::universe::BEGIN),
    }
}

struct Teller<'a> {
    scenario: &'a Scenario,
    universe: &'a Arc<Universe>,
    rng: &'a mut Rng,
}

impl Teller<'_> {
    fn tell(&mut self) -> Option<Outcome> {
        let [first, second, third] = [0, 1, 2].map(|n| self.scenario.releases[n].id.clone());
        self.universe.lock().traffic.rate = self.scenario.rate;
        if self.scenario.stormy_start {
            self.begin_storm();
            self.bring(&Order::Ship(first.clone()));
        } else {
            self.calm(&Order::Ship(first.clone()));
            self.begin_storm();
        }
        self.universe.advance(Duration::from_millis(self.rng.u64(..3000)));
        self.bring(&Order::Ship(second.clone()));
        let outcome = process::last_outcome(&self.universe.records());
        match self.rng.u8(..4) {
            _ if outcome == Some(Outcome::PromotedInPart) => self.calm(&Order::Converge),
            0 => self.calm(&Order::Ship(second)),
            1 => self.calm(&Order::Ship(third)),
            2 => self.calm(&Order::Rollback(first)),
            _ => {}
        }
        self.universe.advance(Duration::from_secs(10));
        outcome
    }

    fn begin_storm(&self) {
        for (at, event) in &self.scenario.storm {
            self.universe.plan_event(*at, event.clone());
        }
    }

    /// Coordinators one after another, until the rollout is over.
    fn bring(&mut self, order: &Order) {
        let storm_ends = self.universe.now() + self.scenario.storm_lasts;
        let mut order = order.clone();
        for _ in 0..COORDINATORS {
            if self.universe.is_over() {
                return;
            }
            if self.universe.now() >= storm_ends {
                break;
            }
            let upsets = upsets(self.rng, 0);
            let process = Process::new(self.universe, upsets, self.scenario.detach);
            let end = process.command(&order);
            let planned = process::unfinished(&self.universe.records()).is_some();
            if !planned && !matches!(end, CommandEnd::Died | CommandEnd::Journal(_) | CommandEnd::NoPlan(_)) {
                break;
            }
            if planned {
                order = Order::Continue;
            }
            let pause = if self.rng.u8(..4) == 0 { 60_000 } else { 5000 };
            self.universe.advance(Duration::from_millis(self.rng.u64(..pause)));
        }
        self.universe.calm_down();
        self.calm(&order);
    }

    /// A coordinator to which nothing happens, until nothing is unfinished.
    fn calm(&mut self, order: &Order) {
        let began = self.universe.now();
        let end = Process::new(self.universe, Vec::new(), false).command(order);
        let took = self.universe.now().since(began);
        let left = process::unfinished(&self.universe.records()).is_some();
        let mut inner = self.universe.lock();
        let now = inner.now;
        if took > CALM {
            inner.watch.endless(&format!("nothing went wrong, and it took {took:?}"), now);
        } else if left && !inner.watch.is_broken() {
            inner.watch.endless(&format!("nothing went wrong, and it is not over: {end:?}"), now);
        }
    }
}
