//! A project's folder that was copied or removed while its instances run.

use std::fs;
use std::process::Command;

use crate::support::{Part, Project, Run, eventually};

#[test]
fn a_copy_does_not_touch_what_the_original_runs() {
    let project = Project::new();
    project.run(&["ship"]).expect(0);
    let instances = project.pids(&Part::Instance(project.current()));
    let copies = tempfile::tempdir().unwrap();
    let copy = copies.path().join("copy");
    assert!(Command::new("cp").arg("-a").arg(project.path()).arg(&copy).status().unwrap().success());
    let in_copy = |args: &[&str]| Run::of(&project.command(args).current_dir(&copy).output().unwrap());
    for command in [&["status"][..], &["down", "--all"], &["ship"]] {
        in_copy(command).expect(2).says(&["is a copy of", "rm -r "]);
    }
    assert_eq!(project.pids(&Part::Instance(project.current())), instances);
    assert_eq!(project.get(), "1");
    fs::remove_dir_all(copy.join(".plimsoll/local/production/greeter/state")).unwrap();
    in_copy(&["down", "--all"]).expect(0).says(&["nothing runs"]);
    assert_eq!(project.get(), "1");
}

#[test]
fn what_runs_ends_when_its_folder_is_removed() {
    let project = Project::new();
    project.run(&["ship"]).expect(0);
    fs::remove_dir_all(project.path().join(".plimsoll")).unwrap();
    eventually("the proxy, the shims and the instances end", || project.command_lines().is_empty());
    project.run(&["ship"]).expect(0).says(&["r1 serves everywhere"]);
}

#[test]
fn a_journal_that_lost_its_records_is_found_out_by_what_runs() {
    let project = Project::new();
    project.run(&["ship"]).expect(0);
    project.run(&["audit"]).expect(0).says(&["intact"]);
    let journal = rusqlite::Connection::open(project.path().join(".plimsoll/journal.db")).unwrap();
    journal.execute("update records set rollout = 'production-77' where sequence > 5", []).unwrap();
    project.run(&["audit"]).expect(1).says(&["column `rollout`"]);
    journal.execute("delete from records", []).unwrap();
    project.run(&["audit"]).expect(1).says(&["production-1", "records are missing"]);
}
