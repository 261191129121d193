//! What is refused changes nothing, also where a rollout of another release is held.

use crate::support::Project;

/// r1 serves, r2 was taken back, r3 is held before its promotion.
fn held() -> Project {
    let mut project = Project::new().steps(r#"{ set-weight = "20%" }, { approve = "ops" }"#);
    project.run(&["ship"]).expect(0);
    project.change(&[("VERSION", "2")]);
    project.run(&["ship", "--detach"]).expect(14);
    project.run(&["abort"]).expect(0);
    project.change(&[("VERSION", "3")]);
    project.run(&["ship", "--detach"]).expect(14);
    project
}

/// The rollout of r3 is as it was, and can be brought to its end.
fn is_held_still(project: &Project) {
    let records = project.records();
    let back = |r: &&serde_json::Value| r["entry"]["kind"] == "going-back";
    assert_eq!(records.iter().filter(back).count(), 1, "only r2 has ever gone back");
    project.run(&["status"]).expect(0).says(&["production-3"]);
    project.run(&["promote"]).expect(0).says(&["r3 serves everywhere"]);
    assert_eq!(project.get(), "3");
}

#[test]
fn a_release_that_was_rolled_back_is_refused_before_anything_is_superseded() {
    let project = held();
    project.run(&["deploy", "r2"]).expect(10).says(&["was rolled back", "plimsoll retry r2"]);
    is_held_still(&project);
}

#[test]
fn preflight_refuses_before_anything_is_superseded() {
    let mut project = held();
    project.change(&[("VERSION", "4")]);
    project.run(&["build"]).expect(0);
    let requires =
        "[environments.production.requires]\nmemory = \"50TB\"\n\n[environments.production.rollout]";
    project.edit("[environments.production.rollout]", requires);
    project.run(&["deploy", "r4"]).expect(10).says(&["plimsoll doctor"]);
    is_held_still(&project);
}

#[test]
fn a_missing_secret_refuses_before_anything_is_superseded() {
    let mut project = held();
    project.change(&[("VERSION", "4")]);
    project.edit(
        "[run.variables]",
        "[run.secrets]\nTOKEN = { env = \"GREETER_TOKEN_OF_NOBODY\" }\n\n[run.variables]",
    );
    project.run(&["build"]).expect(0);
    project.run(&["deploy", "r4"]).expect(2).says(&["GREETER_TOKEN_OF_NOBODY"]);
    is_held_still(&project);
}

#[test]
fn a_release_that_takes_anothers_place_is_called_by_its_number() {
    let mut project = held();
    project.change(&[("VERSION", "4")]);
    project.run(&["build"]).expect(0);
    let deployed = project.run(&["deploy", "r4", "--detach"]).expect(14).says(&["put r4 in its place"]);
    let r4 = project.records().iter().rev().find_map(|r| {
        (r["entry"]["kind"] == "release-sealed").then(|| r["entry"]["release"].as_str().unwrap().to_owned())
    });
    assert!(!deployed.text().contains(&r4.expect("it was sealed")), "{}", deployed.text());
}
