//! A rollout from nothing to a committed second release, as a coordinator that repeats what was not answered, with an
//! agent that dies once, at each change of the world in turn.

use std::collections::BTreeMap;
use std::time::Duration;

use plimsoll_model::agent::{Call, RefusalReason, Request, Response, SwitchOrders};
use plimsoll_model::observation::{HostObservation, InstanceState, SwitchState};
use plimsoll_model::{Fence, InstanceId, ReleaseId, RolloutId, Share, Span, Timestamp};

use crate::conformance::{Driver, Program};
use crate::core::Agent;
use crate::memory::{Host, MemorySubject, Moment, sign};

const KEY: &str = "key";

struct World {
    host: Host,
    agent: Agent,
    now: Timestamp,
    deaths: u32,
}

impl World {
    fn new(dies_at: Option<(u64, Moment)>) -> Self {
        let host = Host::new("greeter".parse().unwrap());
        if let Some((number, moment)) = dies_at {
            host.die_at(number, moment);
        }
        let now = Timestamp::from_millis(1_800_000_000_000);
        let agent = Agent::open(host.parts(), now).unwrap();
        Self { host, agent, now, deaths: 0 }
    }

    fn revive(&mut self) {
        if self.host.is_dead() {
            self.deaths += 1;
            self.agent = Agent::open(self.host.parts(), self.now).unwrap();
        }
    }

    fn pass(&mut self) {
        self.now = self.now + Duration::from_millis(50);
        self.agent.tick(self.now);
        self.revive();
        self.check();
    }

    /// What must hold at every moment.
    fn check(&self) {
        let mut running = self.host.running();
        running.sort();
        let all = running.len();
        running.dedup();
        assert_eq!(all, running.len(), "two processes of one instance: {running:?}");
        let table = self.host.table();
        for arm in table.iter().flat_map(|table| &table.arms).filter(|arm| arm.weight > Share::NONE) {
            assert!(arm.backends.iter().any(|backend| backend.ready), "weight on nothing: {table:?}");
        }
    }

    fn ask(&mut self, request: Request) -> Response {
        for _ in 0..5 {
            let call = Call {
                id: 1,
                service: "greeter".parse().unwrap(),
                fence: Some(Fence(1)),
                request: request.clone(),
                content: 0,
            };
            let reply = self.agent.handle(call, &[], self.now);
            let died = self.host.is_dead();
            self.pass();
            match reply.result {
                Ok(response) => return response,
                Err(_) if died => {}
                Err(refusal) if refusal.reason == RefusalReason::Failed => {}
                Err(refusal) => panic!("{request:?}: {refusal}"),
            }
        }
        panic!("{request:?} never succeeded")
    }

    fn wait_for(&mut self, wanted: impl Fn(&HostObservation) -> bool) -> HostObservation {
        for _ in 0..600 {
            let seen = self.agent.observe(self.now);
            if wanted(&seen) {
                return seen;
            }
            self.pass();
        }
        panic!("never seen; last: {:#?}", self.agent.observe(self.now))
    }

    fn add_release(&mut self, number: u8) -> ReleaseId {
        let environment = "staging".parse().unwrap();
        let spec = Driver::run_spec();
        let (manifest, _) = MemorySubject::manifest(&self.host, Program::Healthy(number), spec, &environment);
        let text = String::from_utf8(manifest.to_bytes()).unwrap();
        assert!(sign(&text, KEY).contains(KEY));
        self.host.add_release(&manifest)
    }

    fn serve(&mut self, release: ReleaseId) -> InstanceId {
        let id = InstanceId::new(release, 0);
        self.ask(Request::Start { instance: id.clone(), secrets: BTreeMap::new() });
        self.wait_for(|seen| seen.instance(&id).is_some_and(|i| i.state == InstanceState::Ready));
        id
    }

    fn route(&mut self, weights: &[(&InstanceId, u32)]) {
        let weights = weights.iter().map(|(id, percent)| Driver::side(id, *percent)).collect();
        self.ask(Request::Route { weights });
    }

    fn prepare(&mut self) {
        let host = Host::new("greeter".parse().unwrap());
        let settings = crate::conformance::Subject::settings(&MemorySubject::new(host));
        self.ask(Request::Prepare { settings });
    }
}

fn rollout(number: u64) -> RolloutId {
    RolloutId::new(&"staging".parse().unwrap(), number)
}

/// The whole way of a good release; answers with the number of effects.
fn ship(mut world: World) -> (u64, u32) {
    world.prepare();
    let first = world.add_release(1);
    let first = world.serve(first);
    world.route(&[(&first, 100)]);
    world.ask(Request::Commit { release: first.release.clone(), rollout: rollout(1) });
    let second = world.add_release(2);
    let second = world.serve(second);
    let orders = SwitchOrders {
        rollout: rollout(2),
        after: Span::from_secs(60),
        back_to: vec![Driver::side(&first, 100)],
        retire: vec![second.clone()],
    };
    world.ask(Request::Arm { switch: orders });
    world.route(&[(&first, 95), (&second, 5)]);
    world.ask(Request::Confirm);
    world.route(&[(&second, 100)]);
    world.ask(Request::Commit { release: second.release.clone(), rollout: rollout(2) });
    world.ask(Request::Retire { instances: vec![first.clone()] });
    let seen =
        world.wait_for(|seen| seen.instance(&first).is_some_and(|i| i.state == InstanceState::Stopped));
    world.agent.tick(world.now);
    assert_eq!(seen.current, Some(second.release.clone()));
    assert_eq!(world.host.current(), Some(second.release.clone()));
    assert_eq!(seen.known_good, std::slice::from_ref(&first.release));
    assert_eq!(seen.switch, SwitchState::Off);
    assert_eq!(world.host.running(), [second]);
    (world.host.effects(), world.deaths)
}

/// A canary whose coordinator falls silent.
fn fall_silent(mut world: World) -> (u64, u32) {
    world.prepare();
    let first = world.add_release(1);
    let first = world.serve(first);
    world.route(&[(&first, 100)]);
    let second = world.add_release(2);
    let second = world.serve(second);
    let orders = SwitchOrders {
        rollout: rollout(2),
        after: Span::from_secs(2),
        back_to: vec![Driver::side(&first, 100)],
        retire: vec![second.clone()],
    };
    world.ask(Request::Arm { switch: orders });
    world.route(&[(&first, 95), (&second, 5)]);
    let seen =
        world.wait_for(|seen| seen.instance(&second).is_some_and(|i| i.state == InstanceState::Stopped));
    assert!(matches!(seen.switch, SwitchState::Fired { .. }));
    assert_eq!(world.host.running(), std::slice::from_ref(&first));
    let arms = world.host.table().unwrap().arms;
    assert_eq!((arms.len(), &arms[0].release), (1, &first.release));
    (world.host.effects(), world.deaths)
}

fn die_everywhere(story: fn(World) -> (u64, u32)) {
    let (effects, deaths) = story(World::new(None));
    assert_eq!(deaths, 0);
    assert!(effects > 10, "{effects}");
    for number in 1..=effects {
        for moment in [Moment::Before, Moment::After] {
            println!("dies at {number} of {effects}, {moment:?}");
            let (_, deaths) = story(World::new(Some((number, moment))));
            assert_eq!(deaths, 1);
        }
    }
}

#[test]
fn a_good_release_ships_wherever_the_agent_dies() {
    die_everywhere(ship);
}

#[test]
fn a_silent_coordinator_is_survived_wherever_the_agent_dies() {
    die_everywhere(fall_silent);
}
