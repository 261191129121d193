//! What the gates refuse: production is not touched.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;
use std::process::Command;

use crate::support::{Load, Project, Run, free_port};

/// A `[test]` with the environment that it needs.
fn with_test(command: &str) -> (Project, u16) {
    let port = free_port();
    let text = format!("[test]\ncommand = {command}\n\n[environments.staging]\nport = {port}\n");
    (Project::new().extra(&text), port)
}

/// A folder for `PATH` with only these programs.
fn path_with(programs: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for program in programs {
        let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).output().unwrap();
        let path = PathBuf::from(String::from_utf8(found.stdout).unwrap().trim());
        symlink(path, folder.path().join(program)).unwrap();
    }
    folder
}

#[test]
fn a_missing_tool_is_named() {
    let project = Project::new();
    project.edit("type = \"command\"", "type = \"go\"\npackage = \".\"");
    let text = fs::read_to_string(project.file()).unwrap();
    let only = text.lines().filter(|l| !l.starts_with("command =") && !l.starts_with("output ="));
    fs::write(project.file(), only.collect::<Vec<_>>().join("\n")).unwrap();
    let path = path_with(&["git"]);
    let mut command = project.command(&["ship"]);
    let run = Run::of(&command.env("PATH", path.path()).output().unwrap());
    run.expect(10).says(&["`go`", "not", "PATH", "exit 10"]);
}

#[test]
fn a_failing_build_shows_its_last_lines() {
    let project = Project::new();
    let install = format!("command = [\"install\", \"-D\", \"{}\", \"out/greeter\"]", service());
    project.edit(
        &install,
        "command = [\"sh\", \"-c\", \"echo looking around; echo no such header >&2; exit 3\"]",
    );
    project
        .run(&["ship"])
        .expect(10)
        .says(&["looking around", "exited with 3"])
        .says_once(&["| no such header"]);
    assert!(project.records().iter().all(|r| r["entry"]["kind"] != "planned"));
}

fn service() -> String {
    crate::support::service_program().display().to_string()
}

#[test]
fn a_build_without_its_output_says_so() {
    let project = Project::new();
    project.edit("output = \"out/greeter\"", "output = \"out/other\"");
    project.run(&["ship"]).expect(10).says(&["out/other"]);
}

#[test]
fn a_failing_regression_test_keeps_production_as_it_is() {
    let (mut project, port) =
        with_test(r#"["sh", "-c", "echo PLIMSOLL_URL is $PLIMSOLL_URL; test -e fine"]"#);
    fs::write(project.path().join("fine"), "").unwrap();
    project.change(&[]);
    project.run(&["ship"]).expect(0);
    fs::remove_file(project.path().join("fine")).unwrap();
    project.change(&[("VERSION", "2")]);
    project.run(&["ship"]).expect(10).says(&[
        &format!("PLIMSOLL_URL is http://127.0.0.1:{port}"),
        "exited with 1",
        "exit 10",
    ]);
    assert_eq!(project.get(), "1", "production serves what it served");
    assert_eq!(project.status()["environments"][0]["release"]["number"], 1);
}

#[test]
fn a_test_command_that_is_not_there_stops_the_release() {
    let (project, _) = with_test(r#"["./no-such-test"]"#);
    project.run(&["ship"]).expect(10).says(&["./no-such-test", "not"]);
    assert!(
        project.records().iter().all(|r| r["environment"] != "production" || r["entry"]["kind"] != "planned")
    );
}

#[test]
fn a_release_signed_with_a_key_that_is_not_trusted_is_refused_by_the_host() {
    let project = Project::new();
    project.run(&["ship"]).expect(0);
    let ours = key_id(&project.run(&["key", "show"]).expect(0).stdout);
    let other = Project::new();
    let theirs = other.run(&["key", "generate"]).expect(0);
    let theirs = theirs.stdout.lines().last().unwrap().to_owned();
    let mut project = project.extra(&format!("[sign]\ntrusted-keys = [\"{theirs}\"]\n"));
    project.change(&[("VERSION", "2")]);
    let theirs_id = key_id(&theirs);
    project.run(&["ship"]).expect(10).says(&[&ours, &theirs_id, "`trusted-keys`"]);
    assert_eq!(project.get(), "1");
}

/// The identifier in a public key, as messages print it: bytes 2 to 10, the last one first.
fn key_id(key: &str) -> String {
    let digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bits: Vec<u8> = Vec::new();
    for c in key.trim().bytes() {
        let value = digits.bytes().position(|d| d == c).unwrap();
        bits.extend((0..6).rev().map(|n| u8::from(value >> n & 1 == 1)));
    }
    let bytes: Vec<u8> = bits.chunks_exact(8).map(|b| b.iter().fold(0, |all, bit| all << 1 | bit)).collect();
    bytes[2..10].iter().rev().map(|b| format!("{b:02X}")).collect()
}

/// The only sealed release of a project.
fn sealed(project: &Project, number: u64) -> PathBuf {
    let records = project.records();
    let of =
        records.iter().find(|r| r["entry"]["kind"] == "release-sealed" && r["entry"]["number"] == number);
    project.path().join(".plimsoll/releases").join(of.unwrap()["entry"]["release"].as_str().unwrap())
}

/// Changes one byte of a sealed artifact.
fn tamper(artifact: &std::path::Path) {
    fs::set_permissions(artifact, fs::Permissions::from_mode(0o755)).unwrap();
    let mut bytes = fs::read(artifact).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(artifact, bytes).unwrap();
}

#[test]
fn an_artifact_that_was_changed_here_is_refused_by_the_host() {
    let mut project = Project::new();
    project.run(&["ship"]).expect(0);
    project.change(&[("VERSION", "2")]);
    // A program of another content, so that the host has nothing of it yet.
    let install = format!("[\"install\", \"-D\", \"{}\", \"out/greeter\"]", service());
    let another =
        format!("[\"sh\", \"-c\", \"mkdir -p out; cp {} out/greeter; echo >> out/greeter\"]", service());
    project.edit(&install, &another);
    project.run(&["build"]).expect(0);
    tamper(&sealed(&project, 2).join("greeter"));
    project.run(&["deploy", "r2"]).expect(10).says(&["r2", "the artifact greeter has digest"]);
    assert_eq!(project.get(), "1");
    assert_eq!(project.status()["environments"][0]["health"]["ready"], 2);
}

#[test]
fn an_artifact_that_was_changed_on_the_host_is_not_run() {
    let mut project = Project::new();
    project.run(&["ship"]).expect(0);
    let load = Load::start(project.port, 100);
    project.change(&[("VERSION", "2")]);
    project.run(&["ship"]).expect(0);
    let id = sealed(&project, 1).file_name().unwrap().to_owned();
    let there = project.path().join(".plimsoll/local/production/greeter/releases").join(id);
    tamper(&there.join("greeter"));
    project.run(&["rollback"]).expect(10).says(&["r1", "digest"]);
    assert_eq!(load.stop().lost, []);
    assert_eq!(project.get(), "2");
    assert_eq!(project.status()["environments"][0]["release"]["number"], 2);
}
