//! The coordinator is killed and nobody ever comes: the hosts go back by themselves.

use std::time::{Duration, Instant};

use plimsoll_testkit::fleet::{Fleet, FleetOptions};
use plimsoll_testkit::load::{Client, ClientOptions};

use super::{fleet, get, instances, light_plimsoll};
use crate::support::{Project, eventually, kill};

/// Time without word, and the time that requests may take to end.
const SWITCH: Duration = Duration::from_secs(6);
const DRAIN: Duration = Duration::from_secs(5);

#[test]
fn the_coordinator_is_gone_for_good() {
    let options = FleetOptions { hosts: 3, ..FleetOptions::default() };
    let Some(fleet) = fleet("the_coordinator_is_gone_for_good", options) else { return };
    let place = format!(
        "target = \"ssh\"\nhosts = [\"web1\", \"web2\", \"web3\"]\nssh-config = \"{}\"",
        fleet.ssh_config().display()
    );
    let mut project = Project::new()
        .program(light_plimsoll())
        .place(&place)
        .steps("{ set-weight = \"50%\", hosts = \"all\" }, { pause = \"10m\" }")
        .dead_man_switch("6s");
    project.run(&["ship"]).expect(0).says(&["6 of 6 instances proved on 3 hosts"]);
    let load = Client::start(ClientOptions {
        addresses: fleet.hosts().iter().map(|host| (host.address(), project.port).into()).collect(),
        rate: 50,
        workers: 4,
        ..ClientOptions::default()
    });
    project.change(&[("VERSION", "2")]);
    let mut ship = project.start(&["ship"]);
    // The weight and the pause: every host has its share, and nothing more would happen for ten minutes.
    project.await_records("step-entered", 2);
    eventually("the canary has traffic", || load.counts().good.get("2").is_some_and(|count| *count > 50));
    kill(ship.id());
    ship.wait().expect("it ends");
    let killed = Instant::now();
    let between = project.run(&["status"]).expect(0).says(&["r1", "r2 (production-2) is at step 2 of 2"]);
    assert!(!between.text().contains("went back by itself"), "{}", between.text());
    // From here on no command runs until every host is back.
    eventually("every host is back", || runs_only(&fleet, 2));
    let took = killed.elapsed();
    println!("every host was back {:.1} s after the command was killed", took.as_secs_f64());
    // A second for units to stop on a busy machine.
    assert!(took < SWITCH + DRAIN + Duration::from_secs(1), "after {took:?}");
    for host in fleet.hosts() {
        assert!((0..8).all(|_| get(host, project.port, "/").body == "1"), "{}", host.name());
    }
    project.run(&["status"]).expect(0).says(&["r1", "6/6", "went back by itself"]);
    project.run(&["ship"]).expect(14).says(&[
        "the dead man's switch",
        "r1 serves everywhere",
        "Whether r2 is good could not be shown",
    ]);
    project.run(&["history"]).expect(0).says(&["production-2", "r1"]);
    let counts = load.stop();
    assert_eq!(counts.lost, []);
    println!("{} requests, none lost", counts.requests);
    project.run(&["down"]).expect(0);
}

/// Whether so many instances run on every host.
fn runs_only(fleet: &Fleet, count: usize) -> bool {
    fleet.hosts().iter().all(|host| instances(host, "greeter").len() == count)
}
