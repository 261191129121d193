//! What only real processes can show: identity, limits, logs, secrets, a full disk, and clients that notice nothing
//! when the agent dies.

#![allow(clippy::unwrap_used)] // all of it is test code

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use plimsoll_agent::conformance::{Driver, Program, Subject as _};
use plimsoll_model::agent::{OnceOrder, OnceState, Refusal, RefusalReason, Request, Response};
use plimsoll_model::observation::InstanceState;
use plimsoll_model::release::SecretReference;
use plimsoll_model::{InstanceId, Secret};
use support::{LocalSubject, example, get, no_secrets, service};
use tempfile::TempDir;

fn start(subject: &mut LocalSubject, release: &plimsoll_model::ReleaseId) -> InstanceId {
    Driver::new(subject, service()).start(release, 0)
}

fn wait(subject: &mut LocalSubject, id: &InstanceId, state: InstanceState) -> String {
    let seen = Driver::new(subject, service()).wait_state(id, state);
    seen.instance(id).unwrap().detail.clone()
}

#[test]
fn clients_notice_nothing_when_the_agent_is_killed() {
    let mut subject = LocalSubject::new();
    let mut driver = Driver::new(&mut subject, service());
    driver.prepare();
    let id = driver.serve(Program::Healthy(1));
    driver.route(&[(&id, 100)]);
    let (stop, good) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let client = {
        let (stop, good, listen) = (Arc::clone(&stop), Arc::clone(&good), subject.listen);
        thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                assert_eq!(get(listen, "/").unwrap().0, 200);
                good.fetch_add(1, Ordering::Relaxed);
            }
        })
    };
    let more = |count: u32| {
        let (from, began) = (good.load(Ordering::Relaxed), Instant::now());
        while good.load(Ordering::Relaxed) < from + count {
            assert!(began.elapsed() < Duration::from_secs(10) && !client.is_finished());
            thread::sleep(Duration::from_millis(1));
        }
    };
    more(50);
    subject.kill_agent();
    more(50);
    subject.spawn_agent();
    more(50);
    let seen = subject.observe();
    assert_eq!(seen.instance(&id).map(|i| (i.state, i.restarts)), Some((InstanceState::Ready, 0)));
    stop.store(true, Ordering::Relaxed);
    client.join().unwrap();
}

#[test]
fn a_retired_instance_finishes_what_it_was_asked() {
    let mut subject = LocalSubject::new();
    let slow = subject_install_slow(&mut subject);
    let mut driver = Driver::new(&mut subject, service());
    driver.route(&[(&slow, 100)]);
    let next = driver.serve(Program::Healthy(2));
    let listen = subject.listen;
    let client = thread::spawn(move || get(listen, "/slow").unwrap());
    let mut driver = Driver::new(&mut subject, service());
    driver.wait_for("the request to be open", |seen| {
        seen.traffic.iter().flat_map(|t| &t.in_flight).any(|busy| busy.instance == slow && busy.requests > 0)
    });
    driver.route(&[(&next, 100)]);
    driver.ask(Request::Retire { instances: vec![slow.clone()] });
    driver.wait_state(&slow, InstanceState::Stopped);
    assert!(client.is_finished(), "it was stopped before its request was answered");
    assert_eq!(client.join().unwrap(), (200, "slow".to_owned()));
}

fn subject_install_slow(subject: &mut LocalSubject) -> InstanceId {
    Driver::new(subject, service()).prepare();
    let release = subject.install(|run| {
        run.variables.insert("TINY_SLOW".to_owned(), "1500".to_owned());
    });
    let id = start(subject, &release);
    wait(subject, &id, InstanceState::Ready);
    id
}

#[test]
fn an_instance_gets_its_environment_and_no_other() {
    let mut subject = LocalSubject::new();
    Driver::new(&mut subject, service()).prepare();
    let file = subject.root.path().join("secret");
    fs::write(&file, "from a file\n").unwrap();
    let release = subject.install(|run| {
        run.variables.insert("GREETING".to_owned(), "hello".to_owned());
        run.secrets.insert("TOKEN".to_owned(), SecretReference::Env("DEPLOY_TOKEN".to_owned()));
        run.secrets.insert("OTHER".to_owned(), SecretReference::File(file.display().to_string()));
    });
    let instance = InstanceId::new(release.clone(), 0);
    let start = |secrets| Request::Start { instance: instance.clone(), secrets };
    let refusal =
        Driver::new(&mut subject, service()).refused(start(no_secrets()), RefusalReason::Precondition);
    assert!(refusal.message.contains("TOKEN"), "{refusal}");
    assert!(refusal.help.is_some_and(|help| help.contains("DEPLOY_TOKEN")));
    subject.ask(start([("TOKEN".to_owned(), Secret::new("hunter2"))].into()));
    wait(&mut subject, &instance, InstanceState::Ready);
    // A restart has the secrets again, also under another agent.
    subject.restart_agent();
    subject.kill(&instance);
    wait(&mut subject, &instance, InstanceState::Unready);
    wait(&mut subject, &instance, InstanceState::Ready);
    let port = subject.observe().instance(&instance).unwrap().port;
    let (_, text) = get(([127, 0, 0, 1], port).into(), "/environment").unwrap();
    let found: BTreeMap<_, _> = text.lines().filter_map(|line| line.split_once('=')).collect();
    let folder = fs::canonicalize(subject.layout().shared()).unwrap();
    for (name, value) in [
        ("GREETING", "hello"),
        ("TOKEN", "hunter2"),
        ("OTHER", "from a file"),
        ("PORT", port.to_string().as_str()),
        ("PLIMSOLL_RELEASE", release.as_str()),
        ("PLIMSOLL_INSTANCE", instance.to_string().as_str()),
        ("PLIMSOLL_ENVIRONMENT", "staging"),
        ("HOME", folder.to_str().unwrap()),
    ] {
        assert_eq!(found.get(name).copied(), Some(value), "{name}");
    }
    let fixed = ["PATH", "HOME", "LANG", "TZ", "PORT", "GREETING", "TOKEN", "OTHER"];
    let strange: Vec<_> =
        found.keys().filter(|name| !fixed.contains(name) && !name.starts_with("PLIMSOLL_")).collect();
    assert_eq!(strange, Vec::<&&str>::new());
    assert_eq!(get(([127, 0, 0, 1], port).into(), "/folder").unwrap().1, folder.to_str().unwrap());
    assert_only_in_secrets(subject.layout().folder(), "hunter2");
}

/// The value is in one file, which only this user may read.
fn assert_only_in_secrets(folder: &Path, value: &str) {
    let grep = Command::new("grep").args(["-rlF", value]).arg(folder).output().unwrap();
    let files = String::from_utf8(grep.stdout).unwrap();
    assert_eq!(files.lines().collect::<Vec<_>>(), [folder.join("state/secrets.json").to_str().unwrap()]);
}

#[test]
fn memory_limits_bite_and_are_named() {
    let mut subject = LocalSubject::new();
    Driver::new(&mut subject, service()).prepare();
    let release = subject.install(|run| {
        run.limits.memory = Some(64 << 20);
        run.restart.attempts = 0;
        run.variables.insert("TINY_EAT".to_owned(), "200".to_owned());
    });
    let id = start(&mut subject, &release);
    let remarks = subject.observe().remarks;
    if let Some(why) = remarks.iter().find(|remark| remark.contains("memory limits cannot be enforced")) {
        println!("skipped: memory_limits_bite_and_are_named because {why}");
        return;
    }
    let detail = wait(&mut subject, &id, InstanceState::Failed);
    assert!(detail.contains("killed by signal 9 (out of memory, limit 64 MB)"), "{detail}");
}

#[test]
fn output_reaches_the_log_in_order() {
    let mut subject = LocalSubject::new();
    Driver::new(&mut subject, service()).prepare();
    let release = subject.install(|run| {
        run.variables.insert("TINY_LINES".to_owned(), "1000".to_owned());
    });
    let id = start(&mut subject, &release);
    wait(&mut subject, &id, InstanceState::Ready);
    let mut driver = Driver::new(&mut subject, service());
    let lines = driver.log(None);
    let numbers: Vec<_> =
        lines.iter().filter_map(|line| line.strip_prefix("line ")?.parse::<u32>().ok()).collect();
    assert!(numbers.len() > 900 && numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{numbers:?}");
    assert!(lines.contains(&"ready".to_owned()));
    let request = Request::Logs { release: None, instance: Some(id), lines: 5, after: None };
    let Response::Lines { lines, cursor } = driver.ask(request) else { panic!("lines are expected") };
    assert_eq!(lines.len(), 5);
    assert_eq!(driver.log(cursor), Vec::<String>::new(), "nothing came after it");
}

#[test]
fn a_program_that_was_changed_on_disk_is_not_started() {
    let mut subject = LocalSubject::new();
    Driver::new(&mut subject, service()).prepare();
    let release = subject.install(|_| {});
    let program = subject.layout().releases().join(release.as_str()).join("tiny-service");
    let mut bytes = fs::read(&program).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::remove_file(&program).unwrap();
    fs::write(&program, bytes).unwrap();
    let instance = InstanceId::new(release, 0);
    let request = Request::Start { instance, secrets: no_secrets() };
    Driver::new(&mut subject, service()).refused(request, RefusalReason::Untrusted);
    assert!(subject.observe().instances.is_empty());
}

#[test]
fn another_program_behind_the_port_is_no_proof() {
    let mut subject = LocalSubject::new();
    let mut driver = Driver::new(&mut subject, service());
    driver.prepare();
    // A released script answers with 200 through an interpreter, which is not what was released.
    if Command::new("python3").arg("--version").output().is_err() {
        println!("skipped: another_program_behind_the_port_is_no_proof because there is no python3");
        return;
    }
    let script = "#!/usr/bin/env python3\nimport http.server, os\nclass H(http.server.BaseHTTPRequestHandler):\n  def do_GET(self):\n    self.send_response(200); self.end_headers()\n  def log_message(self, *a): pass\nhttp.server.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), H).serve_forever()\n";
    let environment = driver.subject.settings().environment;
    let made = subject.sign(script.as_bytes().to_vec(), Driver::run_spec(), &environment);
    let release = made.manifest.release_id();
    let mut driver = Driver::new(&mut subject, service());
    driver.ask(Driver::offer(&made));
    driver.upload(&release, &made.bytes, 0);
    driver.ask(Request::Seal { release: release.clone() });
    let id = driver.start(&release, 0);
    let seen = driver.wait_state(&id, InstanceState::Failed);
    let detail = &seen.instance(&id).unwrap().detail;
    assert!(detail.contains("not the released one"), "{detail}");
}

#[test]
fn a_program_that_cannot_be_executed_says_why() {
    let mut other_processor = fs::read(example("tiny_service")).unwrap()[..4096].to_vec();
    other_processor[18] ^= 0x55;
    for (bytes, why) in [
        (b"nothing that runs".to_vec(), "neither an ELF program nor a script"),
        (other_processor, "for another processor"),
        (b"#!/nowhere/python\n".to_vec(), "No such file"),
    ] {
        cannot_be_executed(bytes, why);
    }
}

fn cannot_be_executed(bytes: Vec<u8>, why: &str) {
    let mut subject = LocalSubject::new();
    let mut driver = Driver::new(&mut subject, service());
    driver.prepare();
    let environment = driver.subject.settings().environment;
    let mut run = Driver::run_spec();
    run.restart.attempts = 0;
    let made = subject.sign(bytes, run, &environment);
    let release = made.manifest.release_id();
    let mut driver = Driver::new(&mut subject, service());
    driver.ask(Driver::offer(&made));
    driver.upload(&release, &made.bytes, 0);
    driver.ask(Request::Seal { release: release.clone() });
    let id = driver.start(&release, 0);
    let seen = driver.wait_state(&id, InstanceState::Failed);
    let detail = &seen.instance(&id).unwrap().detail;
    assert!(detail.contains("could not be executed") && detail.contains(why), "{detail}");
}

#[test]
fn a_taken_address_is_named() {
    let mut subject = LocalSubject::new();
    let taken = TcpListener::bind(subject.listen).unwrap();
    let settings = subject.settings();
    let refusal = Driver::new(&mut subject, service())
        .refused(Request::Prepare { settings: settings.clone() }, RefusalReason::Conflict);
    assert!(refusal.message.contains(&settings.listen.to_string()), "{refusal}");
    assert!(refusal.help.is_some());
    drop(taken);
    subject.ask(Request::Prepare { settings });
}

#[test]
fn a_killed_proxy_comes_back_with_its_table() {
    let mut subject = LocalSubject::new();
    let mut driver = Driver::new(&mut subject, service());
    driver.prepare();
    let id = driver.serve(Program::Healthy(1));
    driver.route(&[(&id, 100)]);
    let listen = subject.listen;
    let pattern = format!("proxy --listen {listen} ");
    let pid = Command::new("pgrep").args(["-f", &pattern]).output().unwrap();
    let pid = String::from_utf8(pid.stdout).unwrap();
    assert!(Command::new("kill").args(["-KILL", pid.trim()]).status().unwrap().success());
    let began = Instant::now();
    while !get(listen, "/").is_ok_and(|(status, _)| status == 200) {
        assert!(began.elapsed() < Duration::from_secs(10), "the proxy did not come back");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_killed_shim_leaves_an_instance_that_is_watched() {
    let mut subject = LocalSubject::new();
    let mut driver = Driver::new(&mut subject, service());
    driver.prepare();
    let id = driver.serve(Program::Healthy(1));
    let pid = driver.observe().instance(&id).unwrap().pid.unwrap();
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let shim = stat.rsplit_once(')').unwrap().1.split_ascii_whitespace().nth(1).unwrap().to_owned();
    assert!(Command::new("kill").args(["-KILL", &shim]).status().unwrap().success());
    thread::sleep(Duration::from_millis(300));
    let seen = subject.observe();
    assert_eq!(seen.instance(&id).map(|i| (i.state, i.pid)), Some((InstanceState::Ready, Some(pid))));
    subject.kill(&id);
    let detail = wait(&mut subject, &id, InstanceState::Unready);
    assert!(detail.contains("nobody saw how"), "{detail}");
    wait(&mut subject, &id, InstanceState::Ready);
}

#[test]
fn a_second_agent_is_refused() {
    let subject = LocalSubject::new();
    let output = subject.agent_command(0).output().unwrap();
    assert!(!output.status.success());
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("an agent already runs here (process "), "{error}");
}

#[test]
fn an_idle_agent_ends() {
    let mut subject = LocalSubject::new();
    subject.kill_agent();
    let status = subject.agent_command(200).status().unwrap();
    assert!(status.success());
}

#[test]
fn a_damaged_state_is_named() {
    let mut subject = LocalSubject::new();
    Driver::new(&mut subject, service()).prepare();
    subject.ask(Request::Down);
    subject.kill_agent();
    let path = subject.layout().state().join("agent.json");
    fs::write(&path, "{").unwrap();
    let output = subject.agent_command(0).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains(path.to_str().unwrap()) && error.contains("move the file away"), "{error}");
}

#[test]
fn nonsense_on_the_socket_harms_nobody() {
    let mut subject = LocalSubject::new();
    let socket = subject.root.path().join("agent.sock");
    let hello = br#"{"id":1,"service":"greeter","fence":null,"request":{"kind":"hello","protocol":99,"version":"9","new":1},"content":0,"more":[]}"#;
    let mut later = vec![1];
    later.extend_from_slice(&u32::try_from(hello.len()).unwrap().to_be_bytes());
    later.extend_from_slice(hello);
    for bytes in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        &[1, 0xff, 0xff, 0xff, 0xff],
        &[1, 0, 0, 0, 2, b'{', b'}'],
        &[9, 0, 0, 0, 0],
        &later,
    ] {
        let mut stream = UnixStream::connect(&socket).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        stream.write_all(bytes).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        while let Ok(Some(frame)) = plimsoll_model::frame::read_frame(&mut stream) {
            let text = String::from_utf8(frame.body).unwrap();
            assert!(text.contains("Err"), "{text}");
        }
    }
    subject.observe();
}

#[test]
fn a_full_disk_leaves_nothing_half_done() {
    let root = TempDir::new().unwrap();
    let small = root.path().join("small");
    fs::create_dir(&small).unwrap();
    let mount = |options: &str| {
        Command::new("mount").args(["-t", "tmpfs", "-o", options, "none"]).arg(&small).output()
    };
    if !mount("size=2m").is_ok_and(|output| output.status.success()) {
        println!("skipped: a_full_disk_leaves_nothing_half_done because a tmpfs cannot be mounted");
        return;
    }
    let outcome = std::panic::catch_unwind(|| fill_disk(&small));
    let unmounted = Command::new("umount").args(["-l"]).arg(&small).status().unwrap();
    assert!(unmounted.success());
    outcome.unwrap();
}

fn fill_disk(small: &Path) {
    let mut subject = LocalSubject::below(TempDir::new_in(small).unwrap());
    Driver::new(&mut subject, service()).prepare();
    let bytes = fs::read(example("tiny_service")).unwrap();
    assert!(bytes.len() > 2 << 20, "the program must not fit");
    let environment = subject.settings().environment;
    let made = subject.sign(bytes, Driver::run_spec(), &environment);
    let refusal =
        Driver::new(&mut subject, service()).refused(Driver::offer(&made), RefusalReason::Exhausted);
    let folder = subject.layout().folder().to_owned();
    assert!(refusal.message.contains(folder.to_str().unwrap()), "{refusal}");
    assert!(refusal.message.contains(" MB needed") && refusal.message.contains(" free"), "{refusal}");
    assert_eq!(fs::read_dir(subject.layout().incoming()).unwrap().count(), 0);
    // One that would fit, and then the disk fills up between two pieces.
    let half = vec![7; 600 << 10];
    let made = subject.sign(half.clone(), Driver::run_spec(), &environment);
    let release = made.manifest.release_id();
    let mut driver = Driver::new(&mut subject, service());
    driver.ask(Driver::offer(&made));
    driver.upload(&release, &half[..300 << 10], 0);
    let filler = small.join("filler");
    let _ = fs::write(&filler, vec![0; 4 << 20]);
    let piece = Request::Upload { release: release.clone(), packed: None, offset: 300 << 10 };
    let refusal: Refusal = driver.send(piece, &half[300 << 10..]).unwrap_err();
    assert_eq!(refusal.reason, RefusalReason::Exhausted, "{refusal}");
    let refusal = driver.send(Request::Confirm, &[]).unwrap_err();
    assert!(!refusal.message.is_empty());
    fs::remove_file(&filler).unwrap();
    let answer = driver.ask(Driver::offer(&made));
    assert!(
        matches!(answer, Response::Have { bytes: 307_200, packed: None, sealed: false, .. }),
        "{answer:?}"
    );
    driver.upload(&release, &half, 300 << 10);
    driver.ask(Request::Seal { release: release.clone() });
    assert_eq!(driver.observe().releases, [release]);
}

#[test]
fn stopping_takes_what_the_policy_says() {
    let mut subject = LocalSubject::new();
    let mut driver = Driver::new(&mut subject, service());
    driver.prepare();
    let id = driver.serve(Program::Stubborn);
    driver.ask(Request::Retire { instances: vec![id.clone()] });
    let began = driver.observe().at;
    let seen = driver.wait_state(&id, InstanceState::Stopped);
    let took = seen.instance(&id).unwrap().since.since(began);
    assert!(took >= Duration::from_millis(600) && took < Duration::from_secs(3), "{took:?}");
}

/// Runs a command to its end; how it ended, and what it printed.
fn run_once(
    subject: &mut LocalSubject,
    release: &plimsoll_model::ReleaseId,
    key: &str,
    command: &[&str],
) -> (OnceState, Vec<String>) {
    let order = OnceOrder {
        key: key.to_owned(),
        rollout: None,
        release: Some(release.clone()),
        instance: None,
        command: command.iter().map(|word| (*word).to_owned()).collect(),
        variables: [("EXTRA".to_owned(), "more".to_owned())].into(),
        secrets: [("TOKEN".to_owned(), Secret::new("hunter2-long"))].into(),
        timeout: plimsoll_model::Span::from_secs(20),
    };
    let mut driver = Driver::new(subject, service());
    driver.ask(Request::Once { order });
    for _ in 0..400 {
        let request = Request::OnceState { key: key.to_owned(), after: None };
        let Response::Once { state, lines, .. } = driver.ask(request) else { panic!("another answer") };
        if matches!(state, OnceState::Ended { .. }) {
            return (state, lines.into_iter().map(|line| line.text).collect());
        }
        driver.subject.wait();
    }
    panic!("`{key}` did not end");
}

#[test]
fn a_command_runs_as_the_instances_do() {
    let mut subject = LocalSubject::new();
    let mut driver = Driver::new(&mut subject, service());
    driver.prepare();
    let environment = driver.subject.settings().environment;
    let mut run_spec = Driver::run_spec();
    run_spec.variables.insert("GREETING".to_owned(), "hello".to_owned());
    run_spec.secrets.insert("TOKEN".to_owned(), SecretReference::Env("TOKEN".to_owned()));
    let made = driver.subject.release(Program::Healthy(1), run_spec, &environment);
    let release = made.manifest.release_id();
    driver.ask(Driver::offer(&made));
    driver.upload(&release, &made.bytes, 0);
    driver.ask(Request::Seal { release: release.clone() });
    let script =
        "echo $GREETING $EXTRA $PLIMSOLL_ENVIRONMENT; echo token $TOKEN; pwd; echo {artifact}; exit 3";
    let (state, lines) = run_once(&mut subject, &release, "env", &["sh", "-c", script]);
    assert_eq!(state, OnceState::Ended { code: Some(3), how: "exited with code 3".to_owned() });
    assert_eq!(lines[0], format!("hello more {environment}"));
    assert_eq!(lines[1], "token ***", "secrets are not shown");
    assert!(lines[2].ends_with("/shared"), "{lines:?}");
    assert!(Path::new(&lines[3]).is_file() && lines[3].contains(release.as_str()), "{lines:?}");
    let all = Driver::new(&mut subject, service()).log(None);
    assert!(all.iter().any(|line| line == "token ***") && !all.iter().any(|line| line.contains("hunter2")));
    let (state, _) = run_once(&mut subject, &release, "missing", &["no-such-program"]);
    let OnceState::Ended { code: None, how } = state else { panic!("{state:?}") };
    assert!(how.contains("`no-such-program` is not in PATH"), "{how}");
}
