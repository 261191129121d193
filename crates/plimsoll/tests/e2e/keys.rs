//! Only what signs needs the secret key; the way back works without it, and with another one.

use std::fs;

use crate::support::Project;

/// A project whose r1 and r2 have served.
fn two_releases() -> Project {
    let mut project = Project::new().steps("");
    project.run(&["ship"]).expect(0);
    project.change(&[("VERSION", "2")]);
    project.run(&["ship"]).expect(0);
    project
}

#[test]
fn the_way_back_needs_no_secret_key_and_makes_none() {
    let project = two_releases();
    let keys = project.path().join(".plimsoll/keys");
    fs::remove_dir_all(&keys).expect("removed");
    project.run(&["rollback", "--dry-run"]).expect(0);
    project.run(&["rollback"]).expect(0).says(&["r1 serves everywhere"]);
    project.run(&["retry", "r2"]).expect(0).says(&["r2 serves everywhere"]);
    project.run(&["deploy", "r1"]).expect(0).says(&["r1 serves everywhere"]);
    assert!(!keys.exists(), "nothing was signed, so no key was made");
    assert_eq!(project.get(), "1");
}

#[test]
fn an_encrypted_key_is_not_opened_by_what_signs_nothing() {
    let project = two_releases();
    let key = project.path().join(".plimsoll/keys/plimsoll.key");
    let public = project.run(&["key", "show"]).expect(0).stdout;
    // What asks for a password, or for anything else, before it can be read.
    fs::write(&key, "untrusted comment: minisign encrypted secret key\nunreadable\n").expect("written");
    project.run(&["rollback"]).expect(0).says(&["r1 serves everywhere"]);
    assert_eq!(project.run(&["key", "show"]).expect(0).stdout, public);
    fs::remove_file(key.with_extension("pub")).expect("removed");
    assert_eq!(project.run(&["key", "show"]).expect(0).says(&["signed r2"]).stdout, public);
    project.run(&["ship"]).expect(2).says(&["PLIMSOLL_KEY_PASSWORD"]);
}

#[test]
fn with_another_key_the_releases_of_the_old_one_can_be_gone_back_to() {
    let mut project = two_releases();
    fs::remove_dir_all(project.path().join(".plimsoll/keys")).expect("removed");
    project.change(&[("VERSION", "3")]);
    project.run(&["ship"]).expect(0).says(&["was gone, and a new one was made", "r3 serves everywhere"]);
    project.run(&["rollback"]).expect(0).says(&["r2 serves everywhere"]);
    assert_eq!(project.get(), "2");
}

#[test]
fn declared_keys_are_exactly_what_counts() {
    let project = two_releases();
    let other = "RWTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTT";
    let declared = format!("[sign]\ntrusted-keys = [\"{other}\"]\n\n[environments.production]");
    project.edit("[environments.production]", &declared);
    let run = project.run(&["rollback"]);
    assert_ne!(run.code, Some(0), "{}", run.text());
    assert_eq!(project.get(), "2");
}

#[test]
fn retry_is_for_what_was_rolled_back() {
    let project = two_releases();
    let before = project.records().len();
    project
        .run(&["retry", "r1"])
        .expect(2)
        .says(&["r1 was not rolled back in `production`", "plimsoll deploy r1"]);
    assert_eq!(project.records().len(), before, "nothing was written");
    assert_eq!(project.get(), "2");
}
