//! What comes after `plimsoll down`, and what it does to a rollout that is under way.

use crate::support::{Part, Project, eventually, kill};

#[test]
fn another_release_comes_in_where_the_service_was_stopped() {
    let mut project = Project::new();
    project.run(&["ship"]).expect(0);
    project.run(&["down", "--all"]).expect(0).says(&["production: stopped"]);
    project.run(&["rollback"]).expect(2).says(&["no earlier release", "plimsoll deploy r1"]);
    project.change(&[("VERSION", "2")]);
    project.run(&["ship"]).expect(0).says(&["r2 serves everywhere", "nothing served before"]);
    assert_eq!(project.get(), "2");
    project.run(&["down"]).expect(0);
    project.run(&["rollback"]).expect(0).says(&["r1 serves everywhere"]);
    assert_eq!(project.get(), "1");
    project.run(&["ship"]).expect(10).says(&["was rolled back"]);
    project.run(&["down"]).expect(0);
    project.run(&["deploy", "r1"]).expect(0).says(&["r1 serves everywhere"]);
    project.run(&["down"]).expect(0);
    project.change(&[("VERSION", "3"), ("EXIT", "3")]);
    project.run(&["ship"]).expect(11).says(&["Nothing serves, as before"]);
}

#[test]
fn a_rollout_that_is_under_way_ends_with_it() {
    let mut project = Project::new().steps("{ set-weight = \"50%\" }, { pause = \"60s\" }");
    project.run(&["ship"]).expect(0);
    project.change(&[("VERSION", "2")]);
    let mut ship = project.start(&["ship"]);
    project.await_records("step-entered", 2);
    let refused = project.run(&["down"]).expect(13);
    refused.says(&[&format!("(process {})", ship.id()), "plimsoll down -e production --force"]);
    assert_eq!(project.pids(&Part::Proxy).len(), 1);
    project.run(&["down", "--force"]).expect(0).says(&["production-2 of r2"]);
    assert_eq!(ship.wait().expect("it ends").code(), Some(13));
    project.run(&["ship"]).expect(0).says(&["r2 serves everywhere"]);

    project.change(&[("VERSION", "3")]);
    let mut ship = project.start(&["ship"]);
    project.await_records("step-entered", 4);
    kill(ship.id());
    ship.wait().expect("it ends");
    project.run(&["down"]).expect(0).says(&["production-4 of r3"]);
    eventually("nothing is left", || project.processes().iter().all(|(part, _)| *part == Part::Agent));
    project.run(&["history"]).expect(0).says(&["stopped by a person"]);
    project.run(&["ship"]).expect(0).says(&["r3 serves everywhere"]);
    assert_eq!(project.get(), "3");
}

#[test]
fn a_ship_that_is_still_building_brings_nothing_back() {
    let mut project = Project::new();
    project.run(&["ship"]).expect(0);
    let (building, go_on) =
        (project.path().join(".plimsoll/building"), project.path().join(".plimsoll/go-on"));
    let waits = format!(
        r#"command = ["sh", "-c", "touch {}; until test -e {}; do sleep 0.05; done; exec install $0 $@", "-D","#,
        building.display(),
        go_on.display()
    );
    project.change(&[("VERSION", "2")]);
    project.edit("command = [\"install\", \"-D\",", &waits);
    let mut ship = project.start(&["ship"]);
    eventually("it builds", || building.exists());
    project.run(&["down"]).expect(0).says(&["production: stopped"]);
    std::fs::write(go_on, "").expect("written");
    assert_eq!(ship.wait().expect("it ends").code(), Some(13));
    eventually("nothing runs", || project.processes().iter().all(|(part, _)| *part == Part::Agent));
    project.run(&["ship"]).expect(0).says(&["r2 serves everywhere"]);
}

#[test]
fn what_an_instance_left_behind_ends_with_it() {
    let mut project = Project::new();
    let seconds = format!("9{}", project.port);
    project.change(&[("STRAY", &seconds)]);
    let strays = || running(&["sleep", &seconds]);
    project.run(&["ship"]).expect(0);
    assert_eq!(strays(), 2, "one of each instance");
    project.run(&["down"]).expect(0).says(&["stopped"]);
    assert_eq!(strays(), 0);
    let log = project.run(&["logs", "-e", "production"]).expect(0);
    log.says(&["ended 1 process that it left behind", "sleep"]);
}

/// How many processes have this command line.
fn running(command: &[&str]) -> usize {
    let wanted = command.iter().fold(String::new(), |line, word| line + word + "\0");
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    processes.filter(|p| std::fs::read_to_string(p.path().join("cmdline")).is_ok_and(|l| l == wanted)).count()
}
