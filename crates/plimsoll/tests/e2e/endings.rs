//! What commands say in the end is true.

use crate::support::Project;

#[test]
fn a_pause_says_whether_a_command_stays_with_it() {
    for (flag, who) in
        [("--detach", "no command is at work on it now"), ("--wait", "the command that runs it waits")]
    {
        let mut project = Project::new().steps(r#"{ set-weight = "20%" }, { pause = "30s" }"#);
        project.run(&["ship"]).expect(0);
        project.change(&[("VERSION", "2")]);
        let mut shipping = project.start(&["ship", flag]);
        project.await_records("step-entered", 2);
        project.run(&["pause"]).expect(0).says(&["is held where it is", who, "plimsoll promote"]);
        // Said twice it asks for nothing else.
        project.run(&["pause"]).expect(0).says(&["plimsoll promote"]);
        project.run(&["abort"]).expect(0);
        shipping.wait().expect("it ends");
    }
}

#[test]
fn a_signing_key_that_was_gone_is_said_loudly() {
    let mut project = Project::new();
    let run = project.run(&["build"]).expect(0);
    assert!(!run.text().contains("key was gone"));
    std::fs::remove_dir_all(project.path().join(".plimsoll/keys")).expect("removed");
    project.change(&[("VERSION", "2")]);
    project.run(&["build"]).expect(0).says(&[
        "was gone, and a new one was made",
        ".plimsoll/keys",
        "trusted-keys",
    ]);
}

#[test]
fn what_was_only_built_is_not_said_to_serve() {
    let project = Project::new();
    let run = project.run(&["build"]).expect(0).says(&["r1 is built, inspected, signed and sealed"]);
    let run = run.says(&["hint: plimsoll deploy r1 -e production"]);
    assert!(!run.text().contains("serves"), "{}", run.text());
    project.run(&["status"]).expect(0).says(&["none"]);
    for (command, what) in [("build", "built"), ("prune", "pruned")] {
        let run = project.run(&[command, "--json"]).expect(0);
        let last = run.stdout.lines().last().expect("a line");
        let last: serde_json::Value = serde_json::from_str(last).expect("JSON");
        assert_eq!(last["ending"]["story"]["what"], what);
    }
    project.run(&["prune"]).expect(0).says_once(&["kept the newest 5"]);
}
