//! Random requests, faults, crashes and deaths of the agent. Whatever came, once it is quiet the host is in order.

use std::collections::BTreeMap;
use std::time::Duration;

use plimsoll_model::agent::{Call, Request, Response, SwitchOrders};
use plimsoll_model::{Fence, InstanceId, ReleaseId, Share, Span, Timestamp};
use proptest::prelude::*;

use crate::conformance::{Driver, Program, Subject as _};
use crate::core::Agent;
use crate::memory::{Behaviour, Fault, Host, MemorySubject, Moment};
use crate::runtime::Exit;

#[derive(Debug, Clone)]
enum Event {
    Prepare,
    Start(u32),
    Route(u32, u32, u32),
    Retire(u32),
    Arm(u32, u32),
    Confirm,
    Disarm,
    Commit(u32),
    Prune,
    Down,
    Wait(u32),
    Crash(u32),
    Sicken(u32, bool),
    Fault(u8),
    KillProxy,
    Reboot,
    Die(u64, bool),
}

/// Two releases with two instances each.
const INSTANCES: u32 = 4;

fn event() -> impl Strategy<Value = Event> {
    let id = 0..INSTANCES;
    prop_oneof![
        1 => Just(Event::Prepare),
        4 => id.clone().prop_map(Event::Start),
        4 => (id.clone(), id.clone(), 0_u32..=100).prop_map(|(a, b, share)| Event::Route(a, b, share)),
        2 => id.clone().prop_map(Event::Retire),
        2 => (id.clone(), id.clone()).prop_map(|(a, b)| Event::Arm(a, b)),
        1 => Just(Event::Confirm),
        1 => Just(Event::Disarm),
        1 => id.clone().prop_map(Event::Commit),
        1 => Just(Event::Prune),
        1 => Just(Event::Down),
        8 => (1_u32..40).prop_map(Event::Wait),
        2 => id.clone().prop_map(Event::Crash),
        1 => (id, any::<bool>()).prop_map(|(id, sick)| Event::Sicken(id, sick)),
        2 => (0_u8..6).prop_map(Event::Fault),
        1 => Just(Event::KillProxy),
        1 => Just(Event::Reboot),
        3 => (1_u64..6, any::<bool>()).prop_map(|(at, after)| Event::Die(at, after)),
    ]
}

struct World {
    host: Host,
    agent: Agent,
    now: Timestamp,
    releases: [ReleaseId; 2],
}

impl World {
    fn new() -> Self {
        let host = Host::new("greeter".parse().unwrap());
        let release = |number| {
            let (spec, environment) = (Driver::run_spec(), "staging".parse().unwrap());
            let made = MemorySubject::manifest(&host, Program::Healthy(number), spec, &environment);
            host.add_release(&made.0)
        };
        let releases = [release(1), release(2)];
        let now = Timestamp::from_millis(1_800_000_000_000);
        Self { agent: Agent::open(host.parts(), now).unwrap(), host, now, releases }
    }

    fn id(&self, number: u32) -> InstanceId {
        InstanceId::new(self.releases[(number / 2) as usize].clone(), number % 2)
    }

    fn pass(&mut self) {
        self.now = self.now + Duration::from_millis(50);
        self.agent.tick(self.now);
        if self.host.is_dead() {
            self.agent = Agent::open(self.host.parts(), self.now).unwrap();
        }
        let mut running = self.host.running();
        running.sort();
        let all = running.len();
        running.dedup();
        assert_eq!(all, running.len(), "two processes of one instance: {running:?}");
    }

    fn ask(&mut self, request: Request) -> bool {
        let service = "greeter".parse().unwrap();
        let call = Call { id: 1, service, fence: Some(Fence(1)), request: request.clone(), content: 0 };
        let result = self.agent.handle(call, &[], self.now).result;
        if let Ok(Response::Routed { weights, .. }) = &result {
            for arm in weights.iter().filter(|arm| arm.weight > Share::NONE) {
                let ready = |id: &InstanceId| self.host.running().contains(id);
                assert!(arm.instances.iter().any(ready), "weight on nothing after {request:?}");
            }
        }
        self.pass();
        result.is_ok()
    }

    fn happen(&mut self, event: &Event) {
        let side = |id: &InstanceId, percent| Driver::side(id, percent);
        match *event {
            Event::Prepare => {
                let settings = MemorySubject::new(Host::new("greeter".parse().unwrap())).settings();
                self.ask(Request::Prepare { settings });
            }
            Event::Start(n) => {
                self.ask(Request::Start { instance: self.id(n), secrets: BTreeMap::new() });
            }
            Event::Route(a, b, share) => {
                let weights = vec![side(&self.id(a), share), side(&self.id(b), 100 - share)];
                self.ask(Request::Route { weights });
            }
            Event::Retire(n) => {
                self.ask(Request::Retire { instances: vec![self.id(n)] });
            }
            Event::Arm(a, b) => {
                let (back_to, retire) = (vec![side(&self.id(a), 100)], vec![self.id(b)]);
                let rollout = "staging-1".parse().unwrap();
                let switch = SwitchOrders { rollout, after: Span::from_secs(1), back_to, retire };
                self.ask(Request::Arm { switch });
            }
            Event::Confirm => drop(self.ask(Request::Confirm)),
            Event::Disarm => drop(self.ask(Request::Disarm)),
            Event::Commit(n) => {
                let (release, rollout) = (self.id(n).release, "staging-2".parse().unwrap());
                self.ask(Request::Commit { release, rollout });
            }
            Event::Prune => drop(self.ask(Request::Prune { keep: 5, pinned: Vec::new() })),
            Event::Down => drop(self.ask(Request::Down)),
            Event::Wait(ticks) => (0..ticks).for_each(|_| self.pass()),
            Event::Crash(n) => self.host.crash(&self.id(n), &Exit::Code { code: 3 }),
            Event::Sicken(n, sick) => {
                let status = if sick { 500 } else { 200 };
                self.host.behave(&self.id(n).release, Behaviour { status, ..Behaviour::default() });
            }
            Event::Fault(n) => {
                let faults = [
                    Fault::Save,
                    Fault::Start,
                    Fault::Signal,
                    Fault::StartProxy,
                    Fault::SetTable,
                    Fault::Report,
                ];
                self.host.fail_next(faults[usize::from(n)]);
            }
            Event::KillProxy => self.host.kill_proxy(),
            Event::Reboot => self.host.reboot(),
            Event::Die(at, after) => {
                let moment = if after { Moment::After } else { Moment::Before };
                self.host.die_at(self.host.effects() + at, moment);
            }
        }
    }

    /// Lets everything that is under way come to its end, and looks whether saved state and world agree.
    fn settle(&mut self) {
        (0..400).for_each(|_| self.pass());
        let seen = self.agent.observe(self.now);
        let live: Vec<_> = seen.instances.iter().filter(|i| i.state.is_live()).map(|i| &i.instance).collect();
        for id in self.host.running() {
            // One that was given up may be on its way out: the switch tries for ever.
            let ending = self.agent.state().instances.get(&id).is_some_and(|record| record.ending.is_some());
            assert!(ending || live.contains(&&id), "{id} runs and is not wanted: {:?}", seen.instance(&id));
        }
        let wanted: Vec<_> =
            self.agent.state().weights.iter().map(|arm| (arm.release.clone(), arm.weight)).collect();
        if self.agent.state().proxy_wanted {
            let table = seen.traffic.expect("the proxy runs").table;
            let in_force: Vec<_> = table.arms.iter().map(|arm| (arm.release.clone(), arm.weight)).collect();
            assert_eq!(wanted, in_force);
            for backend in table.arms.iter().flat_map(|arm| &arm.backends) {
                let instance = seen.instances.iter().find(|i| i.instance == backend.instance).unwrap();
                assert_eq!(backend.ready, instance.proof.is_some(), "{instance:?}");
                assert_eq!(backend.address.port(), instance.port);
            }
        }
        assert_eq!(self.host.current(), seen.current);
        assert!(seen.remarks.iter().all(|remark| remark.contains("switch")), "{:?}", seen.remarks);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_host_comes_to_order(events in proptest::collection::vec(event(), 1..60)) {
        let mut world = World::new();
        world.happen(&Event::Prepare);
        for event in &events {
            world.happen(event);
        }
        // Faults that were ordered and not met yet are spent here.
        world.settle();
        world.settle();
    }
}
