//! `plimsoll doctor`, and the same questions as a gate of `ship` and `deploy`.

use std::net::TcpListener;
use std::process::Command;

use crate::support::{Project, skip};

fn answer(project: &Project, id: &str) -> Option<String> {
    let run = project.command(&["doctor", "--json"]).output().unwrap();
    let view: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
    let findings = view["hosts"][0]["findings"].as_array().unwrap().clone();
    let found = findings.iter().find(|finding| finding["id"] == id)?;
    Some(found["answer"].as_str().unwrap().to_owned())
}

#[test]
fn a_host_is_looked_at_before_anything_was_ever_deployed() {
    let project = Project::new();
    let port = project.port.to_string();
    project.run(&["doctor"]).expect(0).says(&[
        "greeter production: 1 host",
        &port,
        "free",
        "The host is fit",
    ]);
    assert!(!project.path().join(".plimsoll").exists(), "looking makes nothing");
    assert_eq!(answer(&project, "platform"), None, "there is no release yet");
}

#[test]
fn the_releases_own_needs_are_asked_once_there_is_one() {
    let project = Project::new();
    project.run(&["ship"]).expect(0).says(&["preflight", "1 host fit"]);
    for id in ["platform", "libraries", "port", "exec"] {
        assert_eq!(answer(&project, id).as_deref(), Some("yes"), "{id}");
    }
    project.run(&["doctor"]).expect(0).says(&["asked about r1", "ours"]);
    let gates = project.records().into_iter().filter(|r| r["entry"]["evidence"]["gate"] == "preflight");
    let gates: Vec<_> = gates.collect();
    assert_eq!(gates.len(), 1);
    assert!(gates[0]["entry"]["evidence"]["measured"]["hosts"][0]["memory"]["known"]["total"].is_u64());
}

#[test]
fn declared_minimums_are_refused_before_anything_is_changed() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap().to_string();
    let requires = format!(
        "[environments.production.requires]\ntcp = [\"{address}\"]\nprograms = {{ bash = \"3.0\" }}\n"
    );
    let project = Project::new().extra(&requires);
    project.run(&["doctor"]).expect(0);
    project.edit("bash = \"3.0\"", "bash = \"99\"");
    drop(server);
    project.run(&["doctor"]).expect(10).says(&[
        "error[tcp]",
        &address,
        "error[program]",
        "bash 99",
        "not fit",
        "plimsoll doctor -e production",
    ]);
    project.run(&["ship"]).expect(10).says(&["preflight", &address, "plimsoll doctor"]);
    project.run(&["deploy", "r1"]).expect(10).says(&[&address]);
    let records = project.records();
    assert!(records.iter().all(|record| record["entry"]["kind"] != "planned"));
    let refused = records.iter().filter(|r| r["entry"]["evidence"]["decision"] == "refused").count();
    assert_eq!(refused, 2, "one for each command");
}

#[test]
fn a_root_that_nothing_can_be_started_from_is_refused() {
    let disk = tempfile::tempdir().unwrap();
    let mut mount = Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", "noexec,size=64m", "tmpfs"]).arg(disk.path());
    if !mount.output().is_ok_and(|output| output.status.success()) {
        return skip("a_root_that_nothing_can_be_started_from", "this user cannot mount a file system");
    }
    let project = Project::new();
    project.edit("instances = 2", &format!("instances = 2\nroot = \"{}\"", disk.path().display()));
    let path = disk.path().display().to_string();
    project.run(&["ship"]).expect(10).says(&["preflight", "noexec", &path, "remount,exec"]);
    assert_eq!(answer(&project, "exec").as_deref(), Some("no"));
    project.run(&["down", "--all"]).expect(0);
    let _ = Command::new("umount").arg("-l").arg(disk.path()).status();
}
