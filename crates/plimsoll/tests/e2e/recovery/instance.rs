//! Instances are killed: in steady state, in the middle of a canary on either side, while they drain.

use plimsoll_model::observation::InstanceState;

use super::quick;
use crate::support::{Load, Part, Project, eventually, kill};

/// Kills an instance and waits until another process has taken its place.
#[track_caller]
fn kill_one(project: &Project, release: &str) -> u32 {
    let ready = || project.instances_in(release, InstanceState::Ready);
    let (before, pid) = (ready().len(), *ready().first().expect("an instance is ready"));
    kill(pid);
    eventually("it is gone", || !project.pids(&Part::Instance(release.to_owned())).contains(&pid));
    before.try_into().expect("few instances")
}

#[test]
fn an_instance_that_is_killed_comes_back() {
    let project = quick();
    project.run(&["ship"]).expect(0);
    let (release, load) = (project.current(), Load::start(project.port, 150));
    let ready = || project.instances_in(&release, InstanceState::Ready);
    let before = ready();
    kill_one(&project, &release);
    eventually("both are ready again", || ready().len() == 2 && ready() != before);
    load.lost_nothing("an instance is killed");
    project.serves("1", "an instance was killed");
    load.stop();
}

#[test]
fn a_canary_goes_on_when_an_instance_of_either_side_is_killed() {
    let mut project = quick().steps("{ set-weight = \"50%\" }, { pause = \"3s\" }");
    project.run(&["ship"]).expect(0);
    let (old, load) = (project.current(), Load::start(project.port, 150));
    project.change(&[("VERSION", "2")]);
    let mut ship = project.start(&["ship"]);
    eventually("the canary has traffic", || load.counts().good.contains_key("2"));
    kill_one(&project, &old);
    load.lost_nothing("an instance of the stable side is killed");
    let seen = project.observe().expect("an agent");
    let canary = seen.instances.iter().find(|i| i.instance.release.as_str() != old);
    let new = canary.expect("a canary").instance.release.to_string();
    // The canary's only instance: its share goes to the side that can take it.
    kill_one(&project, &new);
    load.lost_nothing("the canary's instance is killed");
    assert!(ship.wait().expect("it ends").success());
    project.serves("2", "instances were killed in the middle of a canary");
    load.lost_nothing("the promotion");
    load.stop();
}

#[test]
fn an_instance_that_is_killed_while_it_drains_loses_nothing() {
    let mut project = quick().steps("");
    project.change(&[("DELAY_MS", "300")]);
    project.run(&["ship"]).expect(0);
    let (old, load) = (project.current(), Load::start(project.port, 20));
    project.change(&[("VERSION", "2"), ("DELAY_MS", "0")]);
    let mut ship = project.start(&["ship"]);
    let mut draining = Vec::new();
    eventually("an instance drains", || {
        draining = project.instances_in(&old, InstanceState::Draining);
        !draining.is_empty()
    });
    draining.into_iter().for_each(kill);
    assert!(ship.wait().expect("it ends").success());
    project.serves("2", "instances were killed while they drained");
    load.lost_nothing("instances were killed while they drained");
    load.stop();
}
