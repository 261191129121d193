//! The operator's tools: commands on hosts, maintenance, pins, prune, the host's trail, logs.

use std::process::Stdio;

use crate::support::{Load, Project, Run, wait_for};

/// A project whose release has a variable and a secret.
fn project() -> Project {
    Project::new().steps("").run_keys("[run.secrets]\nTOKEN = { env = \"GREETER_TOKEN\" }\n")
}

/// Runs a command with the secret set.
fn with_secret(project: &Project, args: &[&str]) -> Run {
    let output = project.command(args).env("GREETER_TOKEN", "hunter2-long").output().expect("plimsoll runs");
    Run::of(&output)
}

/// A service that serves, with its secret.
fn shipped() -> Project {
    let project = project();
    with_secret(&project, &["ship"]).expect(0);
    project
}

#[test]
fn exec_runs_with_the_release_and_says_nothing_secret() {
    let project = shipped();
    let script = "echo version $VERSION; echo token $TOKEN; echo $TOKEN >&2; exit 7";
    // The secret is not set here any more: the host has it.
    let run = project.run(&["exec", "--", "sh", "-c", script]).expect(7);
    assert_eq!(run.stdout, "version 1\ntoken ***\n");
    assert!(run.stderr.contains("***") && run.stderr.contains("local: exited with code 7"), "{}", run.stderr);
    project.run(&["exec", "--", "true"]).expect(0);
    project.run(&["exec", "--hosts", "web*", "--", "true"]).expect(2).says(&["no host fits", "local"]);
    project.run(&["exec", "--", "no-such-program"]).expect(124).says(&["not in PATH"]);
    project
        .run(&["exec", "--timeout", "500ms", "--", "sleep", "60"])
        .expect(124)
        .says(&["took longer than 500ms"]);
    let port = project.run(&["exec", "--instance", "0", "--", "sh", "-c", "echo port $PORT"]).expect(0);
    assert!(port.stdout.trim_start_matches("port ").trim().parse::<u16>().is_ok(), "{}", port.stdout);
    let audit = project.run(&["audit"]).expect(0).says(&["runs `sh -c", "exited with code 7", "on local"]);
    assert!(!audit.text().contains("hunter2"));
    let shown = project.run(&["exec", "--json", "--", "echo", "{artifact}"]).expect(0);
    let value: serde_json::Value = serde_json::from_str(shown.stdout.trim()).expect("JSON");
    assert!(value["text"].as_str().is_some_and(|text| text.contains("/releases/")), "{value}");
}

#[test]
fn ctrl_c_ends_a_command_on_the_hosts() {
    let project = shipped();
    let exec = project.start(&["exec", "--", "sh", "-c", "echo $$ > pid; sleep 600"]);
    let file = project.path().join(".plimsoll/local/production/greeter/shared/pid");
    wait_for("the command", || std::fs::read_to_string(&file).is_ok_and(|text| !text.trim().is_empty()));
    let pid = std::fs::read_to_string(&file).unwrap().trim().to_owned();
    let ours = rustix::process::Pid::from_raw(i32::try_from(exec.id()).unwrap()).unwrap();
    rustix::process::kill_process(ours, rustix::process::Signal::INT).unwrap();
    Run::of(&exec.wait_with_output().unwrap()).expect(124).says(&["somebody asked for it"]);
    assert!(!std::path::Path::new("/proc").join(pid).exists());
}

#[test]
fn maintenance_shows_a_page_and_deployments_go_on() {
    let mut project = Project::new().steps("");
    project.run(&["ship"]).expect(0);
    project
        .run(&["maintenance", "on", "-m", "Back at five.", "--except", "/open/"])
        .expect(0)
        .says(&["maintenance is on", "Back at five."]);
    assert_eq!(project.get(), "Back at five.\n");
    project.run(&["status"]).expect(0).says(&["MAINTENANCE", "Back at five.", "plimsoll maintenance off"]);
    project.change(&[("VERSION", "2")]);
    project.run(&["ship"]).expect(0).says(&["maintenance is on for local", "r2 serves everywhere"]);
    assert_eq!(project.get(), "Back at five.\n", "a deployment does not end it");
    let page = project.path().join("page.html");
    std::fs::write(&page, "<h1>Soon</h1>\n").unwrap();
    project.run(&["maintenance", "on", "-m", page.to_str().unwrap()]).expect(0);
    assert_eq!(project.get(), "<h1>Soon</h1>\n");
    project.run(&["maintenance", "off"]).expect(0).says(&["serves again"]);
    assert_eq!(project.get(), "2");
    project.run(&["audit"]).expect(0).says(&["maintenance on for local", "maintenance off for local"]);
}

#[test]
fn pruning_keeps_what_is_needed_and_pinned() {
    let mut project = Project::new().steps("");
    project.edit("name = \"greeter\"", "name = \"greeter\"\nkeep-releases = 1");
    for version in 1..=5 {
        project.change(&[("VERSION", &version.to_string())]);
        project.edit("name = \"greeter\"", "name = \"greeter\"\nkeep-releases = 1");
        project.run(&["ship"]).expect(0);
    }
    project.run(&["pin", "r2", "-m", "the audit's"]).expect(0);
    project.run(&["status"]).expect(0).says(&["pinned r2", "the audit's"]);
    project.run(&["history"]).expect(0).says(&["pinned: the audit's"]);
    project.run(&["prune"]).expect(0).says(&["on local: r", "here: r3, r1", "1 pinned"]);
    let here = |number: usize| {
        let sealed: Vec<_> =
            project.records().into_iter().filter(|r| r["entry"]["kind"] == "release-sealed").collect();
        let id = sealed[number - 1]["entry"]["release"].as_str().unwrap().to_owned();
        (project.path().join(".plimsoll/releases").join(&id).exists(), id)
    };
    let there = project.observe().expect("an agent runs").releases;
    for (number, kept) in [(1, false), (2, true), (3, false), (4, true), (5, true)] {
        let (is_here, id) = here(number);
        assert_eq!(is_here, kept, "r{number} here");
        assert_eq!(there.iter().any(|r| r.as_str() == id), kept, "r{number} there");
    }
    project.run(&["rollback"]).expect(0).says(&["r4 serves everywhere"]);
    project.run(&["unpin", "r2"]).expect(0);
    project.run(&["prune"]).expect(0).says(&["r2"]);
    assert!(!here(2).0);
}

#[test]
fn the_trail_of_a_host_shows_another_journal() {
    let mut project = Project::new().steps("");
    project.run(&["ship"]).expect(0);
    project.run(&["exec", "--", "true"]).expect(0);
    project.run(&["audit", "--hosts"]).expect(0).says(&[
        "The trail is intact",
        "knows of all of them",
        "commit r1",
        "production-1",
        "once exec-",
    ]);
    // Another journal, which the host obeys: its token is newer.
    let (journal, kept) =
        (project.path().join(".plimsoll/journal.db"), project.path().join(".plimsoll/kept.db"));
    for suffix in ["", "-wal", "-shm"] {
        let name = |path: &std::path::Path| format!("{}{suffix}", path.display());
        if std::path::Path::new(&name(&journal)).exists() {
            std::fs::copy(name(&journal), name(&kept)).unwrap();
        }
    }
    project.change(&[("VERSION", "2")]);
    project.run(&["ship"]).expect(0);
    for suffix in ["", "-wal", "-shm"] {
        let name = |path: &std::path::Path| format!("{}{suffix}", path.display());
        let _ = std::fs::remove_file(name(&journal));
        if std::path::Path::new(&name(&kept)).exists() {
            std::fs::copy(name(&kept), name(&journal)).unwrap();
        }
    }
    project.run(&["audit"]).expect(1).says(&["of which this journal knows nothing"]);
    project.run(&["audit", "--hosts"]).expect(1).says(&["NOT IN THE JOURNAL", "intact"]);
    // And an edit of the trail itself.
    let trail = project.path().join(".plimsoll/local/production/greeter/state/audit.jsonl");
    let text = std::fs::read_to_string(&trail).unwrap();
    std::fs::write(&trail, text.replacen("\"prepare\"", "\"nothing\"", 1)).unwrap();
    project.run(&["audit", "--hosts"]).expect(1).says(&["THE TRAIL OF local IS BROKEN", "line 1 "]);
}

#[test]
fn logs_go_on_over_an_agent_that_is_killed() {
    let mut project = Project::new().steps("");
    project.run(&["ship"]).expect(0);
    let file = project.path().join(".plimsoll/followed");
    let mut command = project.command(&["logs", "-f"]);
    let mut follow =
        command.stdout(std::fs::File::create(&file).unwrap()).stderr(Stdio::null()).spawn().unwrap();
    let followed = || std::fs::read_to_string(&file).unwrap();
    wait_for("the first lines", || followed().matches("listening on").count() == 2);
    assert!(followed().contains("r1.0  out"), "no host where there is one: {}", followed());
    crate::support::kill(project.pid(&crate::support::Part::Agent));
    project.change(&[("VERSION", "2")]);
    project.run(&["ship"]).expect(0);
    wait_for("lines of the next release", || followed().matches("listening on").count() == 4);
    rustix::process::kill_process(
        rustix::process::Pid::from_raw(i32::try_from(follow.id()).unwrap()).unwrap(),
        rustix::process::Signal::INT,
    )
    .unwrap();
    assert_eq!(follow.wait().unwrap().code(), Some(0));
    let recent = project.run(&["logs", "--since", "1h", "-n", "1"]).expect(0);
    assert_eq!(recent.stdout.lines().count(), 1);
    let none = project.run(&["logs", "--since", "1ms"]).expect(0);
    assert_eq!(none.stdout, "");
}

#[test]
fn clients_get_the_page_and_no_broken_connection() {
    let project = Project::new().steps("");
    project.run(&["ship"]).expect(0);
    let load = Load::start(project.port, 100);
    project.run(&["maintenance", "on"]).expect(0);
    project.run(&["maintenance", "off"]).expect(0);
    let lost = load.stop().lost;
    assert!(lost.iter().all(|answer| answer.why.starts_with("503 Down for maintenance")), "{lost:?}");
}

#[test]
fn nobody_goes_back_past_a_release_that_blocks_it_by_accident() {
    let mut project = Project::new();
    project.run(&["ship"]).expect(0);
    project.change(&[("VERSION", "2"), ("ERROR_PERCENT", "50")]);
    project.edit("[run]\n", "[run]\nrollback = \"blocked\"\nrollback-reason = \"the table is gone\"\n");
    let load = Load::start(project.port, 200);
    project.run(&["ship"]).expect(11).says(&["r1 serves everywhere"]);
    project.change(&[("VERSION", "3"), ("ERROR_PERCENT", "0")]);
    project.edit("[run]\n", "[run]\nrollback = \"blocked\"\nrollback-reason = \"the table is gone\"\n");
    project.run(&["ship"]).expect(0);
    project.run(&["rollback"]).expect(10).says(&[
        "r1 cannot follow r3",
        "the table is gone",
        "--force-past-block",
    ]);
    project.run(&["deploy", "r1"]).expect(10).says(&["the table is gone"]);
    assert_eq!(project.get(), "3");
    project.change(&[("VERSION", "4")]);
    project.run(&["ship"]).expect(0);
    project.run(&["rollback"]).expect(0).says(&["r3 serves everywhere"]);
    project.run(&["rollback", "r1", "--force-past-block"]).expect(0).says(&["r1 serves everywhere"]);
    assert_eq!(project.get(), "1");
    load.stop();
}
