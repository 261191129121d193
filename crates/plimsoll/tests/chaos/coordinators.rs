//! The command itself: two of them at once, and one that is killed after each of its records.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::stage::{Stage, on_stage};
use crate::support::Run;
use crate::support::hosts::light_plimsoll;

#[test]
fn two_commands_at_once_in_one_project() {
    on_stage("two_commands_at_once_in_one_project", |stage| {
        let mut case = stage.case("two commands at once in one project");
        let ship = case.canary();
        let other = case.run(&["deploy", "--converge"]);
        assert_eq!(other.code, Some(13), "{}", other.text());
        let run = ship.end();
        case.judge(&run, &[0], &[]);
        case.end();
    });
}

#[test]
fn two_commands_at_once_from_two_machines() {
    // Its own hosts: what they wrote down of the second machine is not in the journal of the first, for ever.
    let Some(mut stage) = Stage::up("two_commands_at_once_from_two_machines") else { return };
    let mut case = stage.case("a second machine ships in the middle of a canary, with a journal of its own");
    // A colleague's copy, made before: the same key and the same journal, which know nothing of each other from here on.
    let colleague = tempfile::tempdir_in(case.stage.fleet.folder()).unwrap();
    copy(case.stage.project.path(), colleague.path());
    let ship = case.canary();
    case.stage.has_other_journal = true;
    let mut other = Command::new(light_plimsoll());
    other.args(["ship"]).current_dir(colleague.path());
    let other = Run::of(&other.output().expect("plimsoll runs"));
    let run = ship.end();
    // Whoever came second has the hosts, and the first does not say that its release serves.
    assert_eq!((other.code, run.code), (Some(0), Some(13)), "{}\n{}", run.text(), other.text());
    assert!(run.text().contains("another coordinator has taken over"), "{}", run.text());
    let run = case.run(&["ship"]);
    case.judge(&run, &[0], &[]);
    case.end();
}

/// A copy of a project, in which the service says another version.
fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").arg("-a").arg(from.join(".")).arg(to).status();
    assert!(status.expect("cp runs").success());
    let file = to.join("plimsoll.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("VERSION = \"1\"", "VERSION = \"99\"")).unwrap();
}

#[test]
#[ignore = "a rollout for each record of one; with --all"]
fn a_command_is_killed_after_each_record() {
    killed("a_command_is_killed_after_each_record", "PLIMSOLL_DIE_AFTER_RECORD", "record");
}

#[test]
#[ignore = "a rollout for each change of one; with --all"]
fn a_command_is_killed_after_each_change_before_it_writes_it() {
    killed("a_command_is_killed_after_each_change_before_it_writes_it", "PLIMSOLL_DIE_AFTER_DEED", "change");
}

/// Kills `ship` after its first, second, third moment until it ends before; each time the next `ship` finishes it.
fn killed(test: &str, variable: &str, what: &str) {
    // Longer than the next command takes to come on a busy machine: what follows without one is in `e2e/fleet/gone.rs`.
    let Some(mut stage) = Stage::up_with_switch(test, "1m") else { return };
    for n in 1.. {
        let mut case = stage.case("");
        case.next(&[]);
        let mut command = case.stage.project.command(&["ship"]);
        let cut = Run::of(&command.env(variable, n.to_string()).output().expect("plimsoll runs"));
        let journal = case.stage.project.journal();
        let last = journal.last().map(|record| serde_json::to_value(&record.entry).expect("JSON"));
        let kind = last.as_ref().and_then(|entry| entry["kind"].as_str()).unwrap_or("nothing").to_owned();
        case.rename(format!("killed at {what} {n} ({kind})"));
        let is_last = cut.code.is_some();
        let run = if is_last { cut } else { case.run(&["ship"]) };
        case.judge(&run, &[0], &[]);
        case.end();
        if is_last {
            assert!(n > 5, "{n} are too few");
            break;
        }
    }
}
