//! The four drills over every change that a rollout makes: run twice, fail before it, crash after each record, undo
//! twice. A rollout of a good release is repeated with one of these at each place where it can come.

use std::sync::Arc;
use std::time::Duration;

use plimsoll_agent::runtime::Exit;
use plimsoll_model::hook::HookSpec;
use plimsoll_model::preflight::Requires;
use plimsoll_model::record::{Command, Outcome};
use plimsoll_model::release::RunSpec;
use plimsoll_model::rollout::{RolloutSpec, Step};
use plimsoll_model::service::{Environment, Target};
use plimsoll_model::traffic::Stickiness;
use plimsoll_model::{Share, Span};
use plimsoll_testkit::breakages::Breakage;
use plimsoll_testkit::sim::faults::{Event, Mishap, Point, Upset};
use plimsoll_testkit::sim::process::last_outcome;
use plimsoll_testkit::sim::release::{environment, run_spec};
use plimsoll_testkit::sim::universe::Settings;
use plimsoll_testkit::sim::{Order, Process, Release, Universe};

/// Two instances serve the first release; the second waits to come in.
fn universe() -> Arc<Universe> {
    let rollout = RolloutSpec {
        steps: vec![
            Step::SetWeight { weight: Share::percent(50), hosts: None },
            Step::Pause { duration: Some(Span::from_secs(5)) },
        ],
        progress_deadline: Span::from_secs(60),
        dead_man_switch: Span::from_secs(60),
        ..RolloutSpec::default()
    };
    let environment = Environment {
        name: environment(),
        target: Target::Local { root: "/opt/plimsoll".into() },
        instances: 2,
        listen: ([127, 0, 0, 1], 8080).into(),

        url: None,
        stickiness: Stickiness::None,
        run: run_spec(0),
        rollout,
        requires: Requires::default(),
    };
    let (step, tick) = (Duration::from_millis(100), Duration::from_millis(250));
    let settings =
        Settings { seed: 3, hosts: 1, zones: 0, environment, step, tick, breakage: Breakage::None };
    let universe = Universe::new(settings);
    for number in [1, 2] {
        universe.add_release(&Release::new(number));
    }
    command(&universe, &Order::Ship(Release::new(1).id), Vec::new());
    assert_eq!(last_outcome(&universe.records()), Some(Outcome::Promoted));
    universe
}

fn command(universe: &Arc<Universe>, order: &Order, upsets: Vec<Upset>) {
    let _ = Process::new(universe, upsets, false).command(order);
}

fn second() -> Order {
    Order::Ship(Release::new(2).id)
}

fn expect(universe: &Arc<Universe>, drill: &str, expected: Outcome) {
    let inner = universe.lock();
    let violation = inner.watch.violation().cloned();
    let story = inner.story.join("\n");
    drop(inner);
    let found = last_outcome(&universe.records());
    assert!(violation.is_none() && found == Some(expected), "{drill}: {found:?} {violation:?}\n{story}");
}

/// Records and calls of the undisturbed rollout.
fn size() -> (u64, usize) {
    let universe = universe();
    let before = universe.records().len();
    command(&universe, &second(), Vec::new());
    expect(&universe, "undisturbed", Outcome::Promoted);
    let records = (universe.records().len() - before) as u64;
    assert!(records > 15, "{records}");
    (records, 16)
}

#[test]
fn every_change_can_be_made_twice_and_can_fail_first() {
    let (_, calls) = size();
    for nth in 1..=calls {
        for done in [true, false] {
            let universe = universe();
            universe.lose_call(0, nth, done);
            command(&universe, &second(), Vec::new());
            expect(&universe, &format!("call {nth} is lost, done: {done}"), Outcome::Promoted);
        }
    }
}

#[test]
fn a_coordinator_can_die_around_every_record() {
    let (records, _) = size();
    for nth in 1..=records {
        for at in [Point::BeforeRecord(nth), Point::AfterRecord(nth)] {
            let universe = universe();
            command(&universe, &second(), vec![Upset { at, what: Mishap::Dies }]);
            command(&universe, &second(), Vec::new());
            expect(&universe, &format!("dies {at:?}"), Outcome::Promoted);
        }
    }
}

#[test]
fn every_undoing_can_be_done_twice_and_can_fail_first() {
    for nth in 1..=16 {
        for done in [true, false] {
            let universe = universe();
            universe.plan_event(Duration::from_secs(4), Event::Person(Command::Abort));
            universe.lose_call(0, nth, done);
            command(&universe, &second(), Vec::new());
            expect(&universe, &format!("call {nth} is lost, done: {done}"), Outcome::RolledBack);
        }
    }
}

#[test]
fn a_coordinator_can_die_around_every_record_of_the_way_back() {
    for nth in 1..=26 {
        for at in [Point::BeforeRecord(nth), Point::AfterRecord(nth)] {
            let universe = universe();
            universe.plan_event(Duration::from_secs(4), Event::Person(Command::Abort));
            command(&universe, &second(), vec![Upset { at, what: Mishap::Dies }]);
            universe.advance(Duration::from_secs(5));
            if universe.records().iter().any(|r| format!("{:?}", r.entry).contains("Abort")) {
                command(&universe, &Order::Continue, Vec::new());
                expect(&universe, &format!("dies {at:?}"), Outcome::RolledBack);
            }
        }
    }
}

/// A release whose hook `migrate` takes two seconds.
fn migrating() -> Release {
    let migrate = Some(HookSpec { command: vec!["migrate".to_owned()], timeout: Span::from_secs(30) });
    let mut release = Release::with(2, &RunSpec { migrate, ..run_spec(2) });
    release.behaviour.once = (Duration::from_secs(2), Exit::Code { code: 0 });
    release
}

/// How often the hook ran on the host.
fn migrations(universe: &Arc<Universe>) -> usize {
    universe.lock().hosts[0].memory.ran_once().len()
}

#[test]
fn a_migration_runs_once_whoever_dies_and_whatever_is_lost() {
    let order = Order::Ship(migrating().id);
    let begin = || {
        let universe = universe();
        universe.add_release(&migrating());
        universe
    };
    let undisturbed = begin();
    let before = undisturbed.records().len();
    command(&undisturbed, &order, Vec::new());
    expect(&undisturbed, "undisturbed", Outcome::Promoted);
    assert_eq!(migrations(&undisturbed), 1);
    for nth in 1..=(undisturbed.records().len() - before) as u64 {
        for at in [Point::BeforeRecord(nth), Point::AfterRecord(nth)] {
            let universe = begin();
            command(&universe, &order, vec![Upset { at, what: Mishap::Dies }]);
            command(&universe, &order, Vec::new());
            expect(&universe, &format!("dies {at:?}"), Outcome::Promoted);
            assert_eq!(migrations(&universe), 1, "dies {at:?}");
        }
    }
    for nth in 1..=24 {
        for done in [true, false] {
            let universe = begin();
            universe.lose_call(0, nth, done);
            command(&universe, &order, Vec::new());
            expect(&universe, &format!("call {nth} is lost, done: {done}"), Outcome::Promoted);
            assert_eq!(migrations(&universe), 1, "call {nth} is lost, done: {done}");
        }
    }
}

#[test]
fn an_abort_in_the_middle_of_a_migration_ends_it_and_changes_nothing() {
    let universe = universe();
    let mut release = migrating();
    release.behaviour.once.0 = Duration::from_secs(20);
    universe.add_release(&release);
    universe.plan_event(Duration::from_secs(2), Event::Person(Command::Abort));
    command(&universe, &Order::Ship(release.id.clone()), Vec::new());
    expect(&universe, "aborted", Outcome::RolledBack);
    let inner = universe.lock();
    let memory = &inner.hosts[0].memory;
    assert_eq!(memory.ran_once().len(), 1);
    assert!(memory.running().iter().all(|instance| instance.release != release.id), "{:?}", memory.running());
}
