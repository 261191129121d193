//! The value of a declared secret is nowhere to be read: not in what is printed, not in what is stored.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{Part, Project, Run};

const VALUE: &str = "postgres://me:hunter2@db/\"main\"";

/// A project whose build, test and service print what they must not.
fn talkative() -> Project {
    let staging = crate::support::free_port();
    let project = Project::new().extra(&format!(
        r#"[run.secrets]
TOKEN = {{ env = "DB_URL" }}
PIN = {{ env = "PIN" }}

[environments.staging]
port = {staging}

[test]
command = ["sh", "-c", "echo tested with $DB_URL; test -z \"$FAIL\""]
environment = "staging"
"#
    ));
    let built = "command = [\"sh\", \"-c\", \"echo built with $DB_URL; install -D $0 $1\",";
    project.edit("command = [\"install\", \"-D\",", built);
    project
}

fn run(project: &Project, args: &[&str], variables: &[(&str, &str)]) -> Run {
    let mut command = project.command(args);
    command.env("DB_URL", VALUE).env("PIN", "123").envs(variables.iter().copied());
    let run = Run::of(&command.output().expect("plimsoll runs"));
    assert!(!run.text().contains("hunter2"), "{args:?} printed it:\n{}", run.text());
    run
}

/// Files below a folder that hold the value.
fn holding(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            holding(&path, found);
        } else if fs::read(&path).is_ok_and(|bytes| bytes.windows(7).any(|part| part == b"hunter2")) {
            found.push(path);
        }
    }
}

#[test]
fn values_of_secrets_are_not_printed_and_not_stored() {
    let mut project = talkative();
    run(&project, &["ship", "--verbose"], &[])
        .expect(0)
        .says(&["built with ***", "tested with ***"])
        .says_once(&["the secret PIN is too short to be masked"]);
    run(&project, &["logs"], &[]).expect(0).says(&["the token is ***, in JSON \"***\""]);
    run(&project, &["logs", "--json"], &[]).expect(0).says(&["the token is ***"]);
    // What an instance that failed printed last, and the end of a test that failed.
    project.change(&[("VERSION", "2"), ("EXIT_LATE", "3")]);
    run(&project, &["ship", "--skip", "staging,test"], &[])
        .expect(11)
        .says(&["printed last", "the token is ***"]);
    run(&project, &["audit", "--json"], &[]).expect(0);
    run(&project, &["history", "r2"], &[]).expect(0);
    let mut found = Vec::new();
    holding(&project.path().join(".plimsoll"), &mut found);
    let kept = |path: &PathBuf| path.ends_with("state/secrets.json");
    assert!(found.iter().all(kept) && !found.is_empty(), "{found:?}");
    project.run(&["down", "--all"]).expect(0);
    let mut found = Vec::new();
    holding(&project.path().join(".plimsoll"), &mut found);
    assert_eq!(found, Vec::<PathBuf>::new(), "after `down` it is nowhere");
}

#[test]
fn a_refusal_by_the_test_says_what_serves_where() {
    let mut project = talkative().steps("");
    run(&project, &["ship"], &[]).expect(0);
    project.change(&[("VERSION", "2")]);
    let refused = run(&project, &["ship"], &[("FAIL", "1")]).expect(10);
    refused
        .says(&["r2 was refused; it serves in staging, where it was tested", "plimsoll logs -e staging"])
        .says_once(&["exited with 1"]);
    assert_eq!(project.get(), "1");
    run(&project, &["deploy", "r2"], &[]).expect(0).says(&["the test refused this release"]);
}

#[test]
fn what_only_plimsoll_is_told_reaches_nobody_else() {
    let project = talkative();
    let seen = project.path().join("seen");
    let build = format!("sh\", \"-c\", \"env >> {}; echo built", seen.display());
    project.edit("sh\", \"-c\", \"echo built", &build);
    project.edit("echo tested", &format!("env >> {}; echo tested", seen.display()));
    let ours =
        [("PLIMSOLL_KEY_PASSWORD", "hunter2-of-keys"), ("PLIMSOLL_PROMETHEUS_TOKEN", "hunter2-of-metrics")];
    run(&project, &["ship"], &ours).expect(0);
    let seen = fs::read_to_string(seen).expect("the build and the test wrote it");
    assert_eq!(
        seen.matches("DB_URL=").count(),
        2,
        "the build and the test have a person's variables: {seen}"
    );
    assert!(!seen.contains("PLIMSOLL_KEY_PASSWORD") && !seen.contains("PLIMSOLL_PROMETHEUS_TOKEN"), "{seen}");
    // An agent lives on, and its environment is to be read for as long.
    let agents = project.pids(&Part::Agent);
    assert_eq!(agents.len(), 2, "one of each environment");
    for pid in agents {
        let environment = fs::read(format!("/proc/{pid}/environ")).expect("it runs");
        assert!(!environment.windows(7).any(|part| part == b"hunter2"), "{pid} has a secret");
    }
}
