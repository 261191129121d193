//! Instances are killed: at every record of a promotion and of a rollback, in steady state, in the middle of a canary on either side, while they drain.

use plimsoll_model::observation::InstanceState;

use super::{Kill, promotion_goes_on, quick, rollback_goes_on};
use crate::support::{Load, Part, Project, Run, eventually, kill};

/// Kills an instance of a release and waits until it is gone.
#[track_caller]
fn kill_one(project: &Project, release: &str) {
    let ready = project.instances_in(release, InstanceState::Ready);
    let pid = *ready.first().expect("an instance is ready");
    kill(pid);
    eventually("it is gone", || !project.pids(&Part::Instance(release.to_owned())).contains(&pid));
}

#[test]
fn an_instance_that_is_killed_comes_back() {
    let project = quick();
    project.run(&["ship"]).expect(0);
    let (release, load) = (project.current(), Load::start(project.port, 150));
    let ready = || project.instances_in(&release, InstanceState::Ready);
    let before = ready();
    kill_one(&project, &release);
    eventually("both are ready again", || {
        let now = ready();
        now.len() == 2 && now != before
    });
    load.lost_nothing("an instance is killed");
    project.serves("1", "an instance was killed");
    load.stop();
}

/// A canary that has begun, on half of the traffic and for a while.
fn canary() -> (Project, String, Load, std::process::Child) {
    let mut project = quick().steps("{ set-weight = \"50%\" }, { pause = \"3s\" }");
    project.run(&["ship"]).expect(0);
    let (old, load) = (project.current(), Load::start(project.port, 150));
    project.change(&[("VERSION", "2")]);
    let ship = project.start(&["ship"]);
    eventually("the canary has traffic", || load.counts().good.contains_key("2"));
    (project, old, load, ship)
}

#[test]
fn a_canary_goes_on_when_a_stable_instance_is_killed() {
    let (project, old, load, ship) = canary();
    kill_one(&project, &old);
    Run::of(&ship.wait_with_output().expect("it ends")).expect(0);
    project.serves("2", "a stable instance was killed in the middle of a canary");
    load.lost_nothing("a stable instance was killed in the middle of a canary");
    load.stop();
}

#[test]
fn a_canary_whose_only_instance_is_killed_is_judged_and_loses_nothing() {
    let (project, old, load, ship) = canary();
    let seen = project.observe().expect("an agent");
    let new = seen.instances.iter().map(|i| i.instance.release.to_string()).find(|r| *r != old);
    // Its share goes to the side that can take it until it is back.
    kill_one(&project, &new.expect("a canary"));
    // What failed on it is held against it: whether that is too much is the analysis' to say.
    let run = Run::of(&ship.wait_with_output().expect("it ends"));
    let version = match run.code {
        Some(0) => "2",
        Some(11) => "1",
        _ => panic!("{}", run.text()),
    };
    project.serves(version, "the canary's instance was killed");
    load.lost_nothing("the canary's instance was killed");
    load.stop();
}

#[test]
fn an_instance_that_is_killed_while_it_drains_loses_nothing() {
    let mut project = quick().steps("");
    project.change(&[("DELAY_MS", "1500")]);
    project.run(&["ship"]).expect(0);
    let (old, load) = (project.current(), Load::start(project.port, 20));
    project.change(&[("VERSION", "2"), ("DELAY_MS", "0")]);
    let ship = project.start(&["ship"]);
    let mut draining = Vec::new();
    eventually("an instance drains", || {
        draining = project.instances_in(&old, InstanceState::Draining);
        !draining.is_empty()
    });
    draining.into_iter().for_each(kill);
    Run::of(&ship.wait_with_output().expect("it ends")).expect(0);
    project.serves("2", "instances were killed while they drained");
    load.lost_nothing("instances were killed while they drained");
    load.stop();
}

#[test]
fn a_promotion_goes_on_when_an_instance_is_killed_at_any_record() {
    promotion_goes_on(25, Kill::Instance);
}

#[test]
fn a_rollback_goes_on_when_an_instance_is_killed_at_any_record() {
    rollback_goes_on(10, Kill::Instance);
}
