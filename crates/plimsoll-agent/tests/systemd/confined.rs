//! What an instance may not do, and what it may not use.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use plimsoll_agent::conformance::{Program, Subject as _};
use plimsoll_model::agent::RefusalReason;
use plimsoll_model::agent::Request;
use plimsoll_model::observation::InstanceState;
use plimsoll_model::release::SecretReference;
use plimsoll_model::{InstanceId, Secret};

use crate::place::is_test_host;
use crate::subject::{SystemdSubject, property, said, tiny_service};
use crate::support::get;

/// The exposure that `systemd-analyze security` may see at most.
const MOST_EXPOSED: f64 = 2.0;

fn exposure(unit: &str) -> f64 {
    let said = said(&["systemd-analyze", "security", "--no-pager", unit]);
    let line =
        said.lines().find(|line| line.contains("Overall exposure level")).unwrap_or_else(|| panic!("{said}"));
    let number = line.split_ascii_whitespace().find_map(|word| word.parse().ok());
    println!("{unit}: {}", number.unwrap_or(99.0));
    number.unwrap()
}

#[test]
fn instance_and_proxy_are_hardly_exposed_and_have_no_rights() {
    if !is_test_host("instance_and_proxy_are_hardly_exposed_and_have_no_rights") {
        return;
    }
    let mut subject = SystemdSubject::new("exposure");
    subject.driver().prepare();
    let id = subject.driver().serve(Program::Healthy(1));
    subject.driver().route(&[(&id, 100)]);
    let unit = subject.unit(&id);
    for unit in [unit.as_str(), "plimsoll-exposure-proxy@1.service"] {
        let found = exposure(unit);
        assert!(
            found <= MOST_EXPOSED,
            "{unit}: {found}\n{}",
            said(&["systemd-analyze", "security", "--no-pager", unit])
        );
        let pid = property(unit, "MainPID");
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let line = |name: &str| status.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
        assert!(!line("Uid:").contains("\t0\t"), "{}", line("Uid:"));
        assert_eq!(line("CapEff:"), "CapEff:\t0000000000000000");
        assert_eq!(line("CapBnd:"), "CapBnd:\t0000000000000000");
        assert_eq!(line("NoNewPrivs:"), "NoNewPrivs:\t1");
        // It sees its folder as writable and the rest as not.
        let mounts = std::fs::read_to_string(format!("/proc/{pid}/mounts")).unwrap();
        let options = |place: &str| {
            mounts
                .lines()
                .rev()
                .find(|line| line.split(' ').nth(1) == Some(place))
                .map(|line| line.split(' ').nth(3).unwrap().to_owned())
        };
        assert!(options("/").unwrap().starts_with("ro"), "{mounts}");
    }
    let shared = format!("{}/shared", subject.folder().display());
    assert_eq!(said(&["stat", "-c", "%U", &shared]).trim(), "plimsoll-exposure");
}

/// Programs of other languages work in the sandbox: those that `PLIMSOLL_TEST_PROGRAMS` names.
#[test]
fn real_programs_work_in_the_sandbox() {
    let programs = std::env::var("PLIMSOLL_TEST_PROGRAMS").unwrap_or_default();
    if programs.is_empty() {
        println!("skipped: real_programs_work_in_the_sandbox: PLIMSOLL_TEST_PROGRAMS names none");
        return;
    }
    if !is_test_host("real_programs_work_in_the_sandbox") {
        return;
    }
    let mut subject = SystemdSubject::new("programs");
    subject.driver().prepare();
    for program in programs.split(':') {
        let release = subject.install(std::fs::read(program).unwrap(), |run| run.args.clear());
        let id = subject.driver().start(&release, 0);
        subject.wait(&id, InstanceState::Ready);
        subject.driver().route(&[(&id, 100)]);
        let (status, body) = get(subject.listen, "/").unwrap();
        assert_eq!(status, 200, "{program}: {body}");
        assert!(exposure(&subject.unit(&id)) <= MOST_EXPOSED);
    }
}

#[test]
fn a_memory_limit_ends_it_and_is_named() {
    if !is_test_host("a_memory_limit_ends_it_and_is_named") {
        return;
    }
    let mut subject = SystemdSubject::new("memory");
    subject.driver().prepare();
    let release = subject.install(tiny_service(), |run| {
        run.limits.memory = Some(32 << 20);
        run.variables.insert("TINY_EAT".to_owned(), "200".to_owned());
        run.restart.attempts = 0;
    });
    let id = subject.driver().start(&release, 0);
    let detail = subject.wait(&id, InstanceState::Failed);
    assert!(detail.contains("killed by signal 9"), "{detail}");
    println!("{detail}");
}

#[test]
fn secrets_are_on_no_bus_and_in_no_unit() {
    if !is_test_host("secrets_are_on_no_bus_and_in_no_unit") {
        return;
    }
    let mut subject = SystemdSubject::new("secrets");
    subject.driver().prepare();
    let value = "hunter2 \"$X\\n` % x";
    let release = subject.install(tiny_service(), |run| {
        run.secrets.insert("TOKEN".to_owned(), SecretReference::Env("TOKEN".to_owned()));
        run.variables.insert("ODD".to_owned(), "a\"b %n $HOME \\".to_owned());
    });
    let id = InstanceId::new(release, 0);
    let secrets = [("TOKEN".to_owned(), Secret::new(value))].into();
    subject.driver().ask(Request::Start { instance: id.clone(), secrets });
    subject.wait(&id, InstanceState::Ready);
    let port = subject.observe().instance(&id).unwrap().port;
    let (_, seen) = get(([127, 0, 0, 1], port).into(), "/environment").unwrap();
    assert!(seen.lines().any(|line| line == format!("TOKEN={value}")), "{seen}");
    assert!(seen.lines().any(|line| line == "ODD=a\"b %n $HOME \\"), "{seen}");
    let unit = subject.unit(&id);
    assert!(!said(&["systemctl", "show", &unit]).contains("hunter2"));
    assert!(!said(&["systemctl", "cat", &unit]).contains("hunter2"));
}

#[test]
fn what_others_made_is_not_touched() {
    if !is_test_host("what_others_made_is_not_touched") {
        return;
    }
    let path = "/etc/systemd/system/strange@.service";
    let text = "[Service]\nExecStart=/bin/sleep 1000\n";
    std::fs::write(path, text).unwrap();
    let mut subject = SystemdSubject::new("strange");
    subject.driver().prepare();
    let release = subject.install(tiny_service(), |_| {});
    let start =
        Request::Start { instance: InstanceId::new(release, 0), secrets: std::collections::BTreeMap::new() };
    let refusal = subject.driver().refused(start, RefusalReason::Conflict);
    assert!(refusal.message.contains(path) && refusal.message.contains("not made by plimsoll"), "{refusal}");
    assert_eq!(std::fs::read_to_string(path).unwrap(), text);
    std::fs::remove_file(path).unwrap();
    // The same for an address.
    let stranger = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut settings = subject.settings();
    settings.listen = stranger.local_addr().unwrap();
    let refusal = subject.driver().refused(Request::Prepare { settings }, RefusalReason::Conflict);
    assert!(refusal.message.contains("listens there"), "{refusal}");
}

#[test]
fn the_journal_has_what_it_printed() {
    if !is_test_host("the_journal_has_what_it_printed") {
        return;
    }
    let mut subject = SystemdSubject::new("journal");
    subject.driver().prepare();
    let id = subject.driver().serve(Program::Healthy(1));
    let began = Instant::now();
    while !subject.driver().log(None).iter().any(|line| line.starts_with("starting on port")) {
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", subject.driver().log(None));
        std::thread::sleep(Duration::from_millis(20));
    }
    let lines = subject.driver().log(None);
    assert!(lines.iter().any(|line| line == &format!("release {}", id.release)), "{lines:?}");
    assert!(lines.iter().any(|line| line == "ready"), "{lines:?}");
}

#[test]
fn a_low_port_needs_no_rights() {
    if !is_test_host("a_low_port_needs_no_rights") {
        return;
    }
    let mut subject = SystemdSubject::listening("lowport", ([127, 0, 0, 1], 80).into());
    subject.driver().prepare();
    let id = subject.driver().serve(Program::Healthy(1));
    subject.driver().route(&[(&id, 100)]);
    assert_eq!(get(subject.listen, "/").unwrap().0, 200);
    assert_eq!(property("plimsoll-lowport-proxy@1.service", "CapabilityBoundingSet"), "");
}
