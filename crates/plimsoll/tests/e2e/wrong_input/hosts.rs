//! What the host cannot give, and services that do not become healthy.

use std::fs;
use std::net::TcpListener;
use std::process::Command;

use plimsoll_agent::layout::Layout;
use plimsoll_model::agent::{Call, FRAME_CALL, FRAME_REPLY, Refusal, RefusalReason, Reply, Request};
use plimsoll_model::frame::{read_frame, write_message};

use crate::support::{Load, Project, skip, wait_for};

#[test]
fn an_occupied_port_is_named_with_its_holder() {
    let project = Project::new();
    let held = TcpListener::bind(("127.0.0.1", project.port)).unwrap();
    let address = format!("127.0.0.1:{}", project.port);
    let pid = std::process::id().to_string();
    project.run(&["ship"]).expect(10).says(&[&address, &pid, "e2e"]);
    let seen = project.status();
    assert_eq!(seen["environments"][0]["release"], serde_json::Value::Null);
    project.run(&["down", "--all"]).expect(0);
    wait_for("nothing runs", || project.command_lines().is_empty());
    drop(held);
    project.run(&["deploy", "r1"]).expect(0);
    assert_eq!(project.get(), "1");
}

/// A file system of its own, small, in a folder.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn new(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().ok()?;
        let options = format!("size={size}");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(folder.path());
        mount.output().ok().filter(|o| o.status.success())?;
        Some(Self(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // The agent may hold it for a moment longer; the mount goes when that lets go.
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_is_named_and_the_old_release_serves_on() {
    let Some(disk) = SmallDisk::new("16m") else {
        return skip("a_full_disk_is_named", "this user cannot mount a file system");
    };
    let mut project = Project::new();
    let root = format!("instances = 2\nroot = \"{}\"", disk.0.path().display());
    project.edit("instances = 2", &root);
    project.run(&["ship"]).expect(0);
    let load = Load::start(project.port, 50);
    project.change(&[("VERSION", "2")]);
    project.edit("instances = 2", &root);
    let install = "command = [\"install\", \"-D\"";
    let text = fs::read_to_string(project.file()).unwrap();
    let line = text.lines().find(|l| l.starts_with(install)).unwrap();
    let service = crate::support::service_program().display();
    let bigger = format!(
        "command = [\"sh\", \"-c\", \"mkdir -p out; cp {service} out/greeter; head -c 20000000 /dev/urandom >> out/greeter\"]"
    );
    project.edit(line, &bigger);
    project.run(&["ship"]).expect(10).says(&[
        "preflight",
        "too little room on",
        "MB free of",
        "for the artifact",
        "plimsoll prune",
        &disk.0.path().display().to_string(),
    ]);
    assert_eq!(project.get(), "1");
    let releases = fs::read_dir(disk.0.path().join("greeter/releases")).unwrap().count();
    assert_eq!(releases, 1, "nothing is half there");
    // With room again it goes through.
    project.edit(&bigger, line);
    project.run(&["ship"]).expect(0);
    assert_eq!(project.get(), "2");
    assert_eq!(load.stop().lost, []);
    project.run(&["down", "--all"]).expect(0);
}

/// An agent that says to every call what an agent of another version says.
fn stranger(project: &Project, refusal: Refusal) -> std::thread::JoinHandle<()> {
    let layout = Layout::new(&project.path().join(".plimsoll/local/production"), &"greeter".parse().unwrap());
    layout.create().unwrap();
    let socket = layout.sockets().unwrap().agent;
    let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        fs::remove_file(&socket).unwrap();
        while let Ok(Some(frame)) = read_frame(&mut stream) {
            assert_eq!(frame.kind, FRAME_CALL);
            let call: Call = serde_json::from_slice(&frame.body).unwrap();
            assert!(matches!(call.request, Request::Hello { .. }));
            let reply = Reply { id: call.id, result: Err(refusal.clone()) };
            write_message(&mut stream, FRAME_REPLY, &reply).unwrap();
        }
    })
}

#[test]
fn an_agent_of_another_version_is_told_from_a_dead_one() {
    let project = Project::new();
    let refusal =
        Refusal::new(RefusalReason::Version, "this agent (plimsoll 9.9.9) speaks protocol 99, not 1");
    let agent = stranger(&project, refusal);
    project.run(&["ship"]).expect(15).says(&["protocol 99", "9.9.9", "plimsoll"]).says_once(&["protocol 99"]);
    agent.join().unwrap();
}

#[test]
fn a_service_that_is_never_healthy_goes_back_and_shows_why() {
    let mut project = Project::new();
    project.edit("healthy-deadline = \"10s\"", "healthy-deadline = \"4s\"");
    project.run(&["ship"]).expect(0);
    project.change(&[("VERSION", "2"), ("HEALTH", "503")]);
    project.edit("healthy-deadline = \"10s\"", "healthy-deadline = \"4s\"");
    project.run(&["ship"]).expect(11).says(&[
        "not healthy within 4s",
        "/healthz answered 503",
        "r1 serves everywhere",
        "plimsoll logs r2",
    ]);
    assert_eq!(project.get(), "1");
}

#[test]
fn a_service_that_crashes_shows_what_it_said_last() {
    let mut project = Project::new();
    project.run(&["ship"]).expect(0);
    project.change(&[("VERSION", "2"), ("EXIT", "7")]);
    project.run(&["ship"]).expect(11).says(&[
        "crash loop",
        "exited with code 7",
        "cannot start: told to exit with 7",
        "plimsoll logs r2",
    ]);
    assert_eq!(project.get(), "1");
    project.run(&["logs", "r2"]).expect(0).says(&["cannot start: told to exit with 7"]);
}

#[test]
fn a_service_on_another_port_than_its_own_is_told_which() {
    let project = Project::new();
    project.edit("healthy-deadline = \"10s\"", "healthy-deadline = \"4s\"");
    project.edit("[run.variables]\n", "[run.variables]\nLISTEN_ON = \"1\"\n");
    project.run(&["ship"]).expect(11).says(&["nothing listens on port", "PORT", "listens on port"]);
}
