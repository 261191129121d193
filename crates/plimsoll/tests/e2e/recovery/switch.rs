//! The dead man's switch: the command is killed in the middle of a canary, and nobody comes.

use std::time::{Duration, Instant};

use plimsoll_model::observation::SwitchState;

use super::quick;
use crate::support::{Load, Part, eventually, kill};

#[test]
fn a_host_without_word_goes_back_by_itself() {
    let mut project = quick().steps("{ set-weight = \"50%\" }, { pause = \"60s\" }").dead_man_switch("5s");
    project.run(&["ship"]).expect(0);
    let (old, load) = (project.current(), Load::start(project.port, 150));
    project.change(&[("VERSION", "2")]);
    let mut ship = project.start(&["ship"]);
    eventually("the canary has traffic", || load.counts().good.contains_key("2"));
    // The weight and the pause: the command is killed in the second step, not between the two.
    project.await_records("step-entered", 2);
    kill(ship.id());
    ship.wait().expect("it ends");
    let killed = Instant::now();
    let between = project.run(&["status"]).expect(0).says(&["r1", "r2 (production-2) is at step 2 of 2"]);
    assert!(!between.text().contains("went back by itself"), "{}", between.text());
    eventually("the host goes back", || {
        matches!(project.observe().expect("an agent").switch, SwitchState::Fired { .. })
    });
    let silent = killed.elapsed();
    assert!(silent > Duration::from_millis(3500) && silent < Duration::from_secs(8), "after {silent:?}");
    eventually("only the release before runs", || {
        let instances = project.observe().expect("an agent").instances;
        instances.iter().filter(|i| i.state.is_live()).all(|i| i.instance.release.as_str() == old)
    });
    assert!((0..8).all(|_| project.get() == "1"));
    project.run(&["status"]).expect(0).says(&["r1", "went back by itself"]);
    // Nothing speaks against the release: only the command went silent.
    project.run(&["ship"]).expect(14).says(&[
        "the dead man's switch of local went off",
        "r1 serves everywhere",
        "Whether r2 is good could not be shown",
    ]);
    project.run(&["plan", "r2"]).expect(0).says(&["would bring r2"]);
    project.serves("1", "the switch went off");
    load.lost_nothing("the switch went off");
    load.stop();
}

#[test]
fn what_users_met_while_nobody_looked_is_told() {
    // Nothing is looked at before the command is killed.
    let mut project = quick()
        .steps("{ set-weight = \"50%\" }, { pause = \"60s\" }")
        .dead_man_switch("5s")
        .analysis("warm-up = \"30s\"\nmax-error-rate = \"1%\"");
    project.run(&["ship"]).expect(0);
    let load = Load::start(project.port, 150);
    project.change(&[("VERSION", "2"), ("ERROR_PERCENT", "30")]);
    let mut ship = project.start(&["ship"]);
    eventually("the canary has traffic", || load.counts().bad > 0);
    kill(ship.id());
    ship.wait().expect("it ends");
    eventually("the host goes back", || {
        matches!(project.observe().expect("an agent").switch, SwitchState::Fired { .. })
    });
    eventually("the canary is gone", || {
        let instances = project.observe().expect("an agent").instances;
        instances.iter().filter(|i| i.state.is_live()).count() == 2
    });
    let bad = load.counts().bad;
    let run = project.run(&["ship"]);
    assert!(matches!(run.code, Some(10..=14)), "{run:?}");
    run.says(&[&format!("users hit {bad} of ")]);
    project.run(&["history"]).expect(0).says(&[&format!("{bad} of ")]);
    load.stop();
}

#[test]
fn a_host_goes_back_although_command_and_agent_were_killed_together() {
    let mut project = quick().steps("{ set-weight = \"50%\" }, { pause = \"60s\" }").dead_man_switch("5s");
    project.run(&["ship"]).expect(0);
    let (old, load) = (project.current(), Load::start(project.port, 150));
    project.change(&[("VERSION", "2")]);
    let mut ship = project.start(&["ship"]);
    project.await_records("step-entered", 2);
    kill(ship.id());
    kill(project.pid(&Part::Agent));
    ship.wait().expect("it ends");
    // No command from here on.
    eventually("only the release before runs", || {
        let instances: Vec<_> =
            project.processes().into_iter().filter(|(part, _)| matches!(part, Part::Instance(_))).collect();
        instances.iter().all(|(part, _)| *part == Part::Instance(old.clone()))
    });
    assert!((0..8).all(|_| project.get() == "1"));
    load.lost_nothing("the switch went off");
    load.stop();
}
