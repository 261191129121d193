//! Looking changes nothing: it needs no right to write, and makes nothing.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::{fs, path::Path};

use crate::support::{Part, Project, Run, kill, plimsoll, skip};

const NOBODY: u32 = 65534;
const LOOKS: [&[&str]; 4] = [&["status"], &["history"], &["audit"], &["logs"]];

fn as_nobody(project: &Project, program: &Path, args: &[&str]) -> Run {
    let mut command = std::process::Command::new(program);
    command.args(args).current_dir(project.path()).env_remove("USER").env_remove("LOGNAME");
    Run::of(&command.uid(NOBODY).gid(NOBODY).output().expect("plimsoll runs"))
}

#[test]
fn looking_makes_nothing() {
    let project = Project::new();
    for look in LOOKS {
        project.run(look).expect(0);
    }
    assert!(!project.path().join(".plimsoll").exists());
}

#[test]
fn who_may_only_read_can_look() {
    if !rustix::process::geteuid().is_root() {
        return skip("who_may_only_read_can_look", "only root can become another user");
    }
    let project = Project::new();
    project.run(&["build"]).expect(0);
    fs::set_permissions(project.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let program = folder.path().join("plimsoll");
    fs::copy(plimsoll(), &program).unwrap();
    for look in LOOKS {
        as_nobody(&project, &program, look).expect(0);
    }
    as_nobody(&project, &program, &["history"]).expect(0).says(&["r1"]);
    as_nobody(&project, &program, &["pin", "r1", "-m", "mine"]).says(&["may not write", "you are nobody"]);
}

/// The agent is gone and cannot be had again: what serves is not known, and that is another answer than "nothing".
#[test]
fn what_nobody_can_tell_is_not_nothing() {
    let project = Project::new();
    project.run(&["ship"]).expect(0);
    let state = project.path().join(".plimsoll/local/production/greeter/state/agent.json");
    let text = fs::read_to_string(&state).unwrap();
    kill(project.pid(&Part::Agent));
    fs::write(&state, "half of it {").unwrap();
    project.run(&["status"]).expect(15).says(&["unknown", "is damaged"]);
    let status = project.status();
    assert_eq!(status["environments"][0]["answers"], false, "{status}");
    assert_eq!(project.get(), "1", "clients notice nothing");
    fs::write(&state, text).unwrap();
    project.run(&["status"]).expect(0).says(&["r1", "2/2"]);
}
