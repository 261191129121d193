//! What commands say in the end is true.

use crate::support::Project;

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
    project.run(&["prune"]).expect(0).says_once(&["Removed 0 releases here"]);
}
