//! People who step in, twice, too late, or where there is nothing to step into.

use crate::support::{Load, Project, Run};

/// A canary that stays long enough to be met.
fn slow() -> Project {
    let project = Project::new().steps(r#"{ set-weight = "20%" }, { pause = "60s" }"#);
    project.run(&["ship"]).expect(0);
    project
}

#[test]
fn a_second_command_is_told_who_is_at_work() {
    let mut project = slow();
    project.change(&[("VERSION", "2")]);
    let first = project.start(&["ship"]);
    project.await_records("step-entered", 2);
    let pid = first.id().to_string();
    project.run(&["ship"]).expect(13).says(&[&pid, "production", "plimsoll status"]);
    project.run(&["abort"]).expect(0).says(&["was taken back"]);
    Run::of(&first.wait_with_output().unwrap()).expect(11);
    assert_eq!(project.get(), "1");
}

#[test]
fn a_rollback_takes_back_what_a_living_command_brings() {
    for named in [&["rollback"][..], &["rollback", "r1"]] {
        let mut project = slow();
        project.change(&[("VERSION", "2")]);
        let first = project.start(&["ship"]);
        project.await_records("step-entered", 2);
        let dry = [named, &["--dry-run"]].concat();
        project.run(&dry).expect(0).says(&[
            "production-2 of r2",
            "would be taken back",
            "r1 serves everywhere",
        ]);
        assert!(first.id() > 0 && project.records().iter().all(|r| r["entry"]["kind"] != "commanded"));
        project.run(named).expect(0).says(&["was taken back"]);
        Run::of(&first.wait_with_output().unwrap()).expect(11);
        assert_eq!(project.get(), "1");
    }
}

#[test]
fn a_rollback_of_what_was_left_says_and_ends_with_the_same_exit_code() {
    for (flag, command) in [("--quiet", "rollback"), ("--json", "rollback"), ("--json", "abort")] {
        let mut project = Project::new().steps(r#"{ set-weight = "20%" }, { approve = "ops" }"#);
        project.run(&["ship"]).expect(0);
        project.change(&[("VERSION", "2")]);
        project.run(&["ship", "--detach"]).expect(14);
        let run = project.run(&[command, flag]).expect(0);
        assert!(!run.text().contains("exit 11"), "{}", run.text());
        if flag == "--json" {
            let last = run.stdout.lines().last().expect("a line");
            let last: serde_json::Value = serde_json::from_str(last).expect("JSON");
            assert_eq!(last["ending"]["exit"], "success", "{last}");
        }
        assert_eq!(project.get(), "1");
    }
}

#[test]
fn a_rollback_goes_to_what_has_served_and_never_to_what_came_back() {
    let mut project = Project::new().steps(r#"{ set-weight = "20%" }, { approve = "ops" }"#);
    project.run(&["ship"]).expect(0);
    project.change(&[("VERSION", "2")]);
    project.run(&["ship", "--detach"]).expect(14);
    project.run(&["abort"]).expect(0);
    for dry in [&["rollback", "r2", "--dry-run"][..], &["rollback", "r2"]] {
        project.run(dry).expect(10).says(&["r2 was rolled back", "plimsoll retry r2"]);
    }
    assert_eq!(project.get(), "1");
    // What has served is another matter: there and back again.
    project.run(&["retry", "r2", "--detach"]).expect(14);
    project.run(&["promote"]).expect(0);
    project.run(&["rollback"]).expect(0).says(&["r1 serves everywhere"]);
    project.run(&["deploy", "r2"]).expect(10).says(&["plimsoll retry r2"]);
    project.run(&["rollback"]).expect(2).says(&["plimsoll rollback r2", "plimsoll retry r2"]);
    project.run(&["rollback", "r2"]).expect(0).says(&["r2 serves everywhere"]);
    project.run(&["rollback"]).expect(0).says(&["r1 serves everywhere"]);
    assert_eq!(project.get(), "1");
}

#[test]
fn ctrl_c_during_a_canary_goes_back() {
    let mut project = slow();
    let load = Load::start(project.port, 100);
    project.change(&[("VERSION", "2")]);
    let ship = project.start(&["ship"]);
    project.await_records("step-entered", 2);
    let pid = rustix::process::Pid::from_raw(i32::try_from(ship.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    Run::of(&ship.wait_with_output().unwrap()).expect(11).says(&["asked to go back", "r1 serves everywhere"]);
    assert_eq!(load.stop().lost, []);
    assert_eq!(project.get(), "1");
}

#[test]
fn an_approval_waits_for_a_person_who_says_yes() {
    let mut project = Project::new().steps(r#"{ set-weight = "20%" }, { approve = "ops" }"#);
    project.run(&["ship"]).expect(0);
    project.change(&[("VERSION", "2")]);
    project.run(&["ship", "--detach"]).expect(14).says(&[
        "ops",
        "plimsoll promote -e production",
        "plimsoll abort -e production",
    ]);
    project.run(&["promote"]).expect(0).says(&["r2 serves everywhere"]);
    assert_eq!(project.get(), "2");
    project.run(&["promote"]).expect(2).says(&["no rollout is under way in `production`"]);
    project.run(&["abort"]).expect(2).says(&["no rollout is under way in `production`"]);
}

#[test]
fn an_approval_waits_for_a_person_who_says_no() {
    let mut project = Project::new().steps(r#"{ set-weight = "20%" }, { approve = "ops" }"#);
    project.run(&["ship"]).expect(0);
    project.change(&[("VERSION", "2")]);
    project.run(&["ship", "--detach"]).expect(14);
    project.run(&["status"]).expect(0).says(&["r2", "production-2", "approv"]);
    project.run(&["abort"]).expect(0).says(&["r1 serves everywhere"]);
    assert_eq!(project.get(), "1");
}

#[test]
fn a_rollback_needs_something_to_go_back_to() {
    let project = Project::new();
    project.run(&["rollback"]).expect(2).says(&["nothing serves in `production`"]);
    project.run(&["ship"]).expect(0);
    project.run(&["rollback"]).expect(2).says(&["no earlier release", "plimsoll history"]);
    project.run(&["rollback", "r1"]).expect(0).says(&["served already"]);
    assert_eq!(project.get(), "1");
}
