//! The main job on one machine: a release goes out, a bad one comes back, and clients lose nothing by it.

use crate::support::{Load, Project};

#[test]
fn good_releases_go_out_and_bad_ones_come_back() {
    let mut project = Project::new();
    project.run(&["ship"]).expect(0).says(&["r1 serves everywhere in production"]);
    let load = Load::start(project.port, 200);
    project.change(&[("VERSION", "2")]);
    project.run(&["ship"]).expect(0).says(&["r2 serves everywhere"]);
    project.change(&[("VERSION", "3"), ("ERROR_PERCENT", "10")]);
    project.run(&["ship"]).expect(11).says(&["BACK", "r2 serves everywhere", "users hit"]);
    project
        .run(&["ship"])
        .expect(10)
        .says(&["was rolled back and has not changed since", "plimsoll retry r3"]);
    project.change(&[("VERSION", "4"), ("ERROR_PERCENT", "0"), ("DELAY_MS", "300")]);
    project.run(&["ship"]).expect(11).says(&["slower than 250ms"]);
    project.run(&["rollback"]).expect(0).says(&["r1 serves everywhere"]);
    let counts = load.stop();
    assert_eq!(counts.lost, []);
    assert!(counts.bad > 0, "the bad canary was seen");
    assert!(counts.good.contains_key("2") && counts.good.contains_key("1"), "{counts:?}");
    assert_eq!(project.get(), "1");
    assert_eq!(project.status()["environments"][0]["release"]["number"], 1);
}
