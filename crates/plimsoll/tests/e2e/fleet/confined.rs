//! What a service may do on a host: nothing of root's, nothing beyond its folders and its limits; and it works all the same.

use std::time::Duration;

use plimsoll_testkit::fleet::{FleetOptions, Host};

use super::service::{Language, Service};
use super::{fleet, get, instances, light_plimsoll, property, said};
use crate::support::{Project, eventually, skip};

/// What `systemd-analyze security` may see at most.
const MOST_EXPOSED: f64 = 2.0;

#[test]
fn a_service_has_no_rights_and_keeps_to_its_limits() {
    let test = "a_service_has_no_rights_and_keeps_to_its_limits";
    let Some(fleet) = fleet(test, FleetOptions::default()) else { return };
    let host = &fleet.hosts()[0];
    let place =
        format!("target = \"ssh\"\nhosts = [\"web1\"]\nssh-config = \"{}\"", fleet.ssh_config().display());
    let keys = "[run.restart]\ndelay = \"100ms\"\n[run.limits]\nmemory = \"64 MiB\"\ncpu = 0.2\n";
    let project =
        Project::new().program(light_plimsoll()).listening(80).place(&place).run_keys(keys).steps("");
    project.run(&["ship"]).expect(0).says(&["r1 serves everywhere", "2 of 2 instances proved"]);
    assert_eq!(get(host, 80, "/").body, "1", "port 80, without root");
    for (unit, pid) in instances(host, "greeter") {
        is_confined(host, &unit, pid);
    }
    is_confined(host, "plimsoll-greeter-proxy@1.service", main_pid(host, "plimsoll-greeter-proxy@1.service"));
    for elsewhere in ["etc/x", "opt/plimsoll/greeter/x", "opt/plimsoll/greeter/state/x", "usr/x", "root/x"] {
        let said = get(host, 80, &format!("/write/{elsewhere}")).body;
        assert!(said.contains("os error"), "{elsewhere}: {said}");
    }
    for own in ["opt/plimsoll/greeter/shared/x", "tmp/x"] {
        assert_eq!(get(host, 80, &format!("/write/{own}")).body, "written", "{own}");
    }
    assert!(!host.root().join("tmp/x").exists(), "its /tmp is its own");
    let limits = fleet.limits();
    if limits.cpu {
        let used: f64 = get(host, 80, "/burn/2000").body.parse().expect("milliseconds");
        println!("two busy threads had {used} ms of a processor in 2 s, where 400 ms are allowed");
        assert!((200.0..600.0).contains(&used), "{used}");
    } else {
        skip(test, "limits of processor time are not enforced on this machine");
    }
    if limits.memory {
        eats_too_much(host, &project);
    } else {
        skip(test, "limits of memory are not enforced on this machine");
    }
    project.run(&["down"]).expect(0);
}

/// An instance that takes more memory than it may is ended and comes back. So does a second one that the proxy asked
/// after the first one's end.
fn eats_too_much(host: &Host, project: &Project) {
    assert_eq!(get(host, 80, "/eat/8").body, format!("has {} bytes", 8 << 20));
    let before = instances(host, "greeter");
    let answer = get(host, 80, "/eat/200");
    assert!(answer.status >= 500, "{answer:?}");
    eventually("both instances are back", || {
        let now = instances(host, "greeter");
        now.len() == 2 && now.iter().any(|one| !before.contains(one))
    });
    eventually("it is told", || project.run(&["status"]).text().contains("2/2"));
    let log = project.run(&["logs"]).expect(0).text();
    assert!(log.contains("killed by signal 9") || log.contains("memory"), "{log}");
}

#[test]
fn real_services_work_in_the_sandbox() {
    let test = "real_services_work_in_the_sandbox";
    if !(Language::Go.is_here() && Language::Rust.is_here()) {
        return skip(test, "go and cargo are needed");
    }
    let Some(fleet) = fleet(test, FleetOptions::default()) else { return };
    let host = &fleet.hosts()[0];
    for (language, port) in [(Language::Go, 80), (Language::Rust, 8080)] {
        let service = Service::new(language, port, &fleet, "steps = []");
        service.commit(1, 0);
        service.run(&["ship"]).expect(0);
        assert!(get(host, port, "/").body.contains("\"version\":\"1\""));
        let found = instances(host, service.name);
        assert_eq!(found.len(), 2);
        for (unit, pid) in &found {
            is_confined(host, unit, *pid);
        }
        service.run(&["down"]).expect(0);
    }
}

#[test]
fn down_leaves_releases_and_accounts() {
    let Some(fleet) = fleet("down_leaves_releases_and_accounts", FleetOptions::default()) else { return };
    let host = &fleet.hosts()[0];
    let place =
        format!("target = \"ssh\"\nhosts = [\"web1\"]\nssh-config = \"{}\"", fleet.ssh_config().display());
    let project = Project::new().program(light_plimsoll()).place(&place).steps("");
    let units = || {
        said(host, &["find", "/etc/systemd", "/etc/sysusers.d", "/run/systemd/system", "-name", "*greeter*"])
    };
    project.run(&["ship"]).expect(0);
    assert!(!units().is_empty());
    project.run(&["down"]).expect(0);
    // The agent stays for a minute, because the next command may need it.
    eventually_within(Duration::from_secs(90), || units().is_empty());
    // Its unit's file goes before it ends itself; what systemd still lists then goes with it.
    let running = || said(host, &["systemctl", "list-units", "--all", "--plain", "--no-legend", "*greeter*"]);
    eventually_within(Duration::from_secs(20), || running().is_empty());
    let left = host.processes().into_iter().filter(|process| process.arguments.contains("plimsoll"));
    assert_eq!(left.collect::<Vec<_>>(), []);
    assert!(host.root().join("opt/plimsoll/greeter/releases").exists());
    // And it serves again.
    project.run(&["deploy", "r1"]).expect(0);
    assert_eq!(get(host, project.port, "/").body, "1");
}

fn eventually_within(limit: Duration, mut holds: impl FnMut() -> bool) {
    let began = std::time::Instant::now();
    while !holds() {
        assert!(began.elapsed() < limit, "not within {limit:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn main_pid(host: &Host, unit: &str) -> u32 {
    property(host, unit, "MainPID").parse().expect("a number")
}

/// Neither root nor any of its rights, and hardly exposed.
#[track_caller]
fn is_confined(host: &Host, unit: &str, pid: u32) {
    let status = said(host, &["cat", &format!("/proc/{pid}/status")]);
    let line = |name: &str| status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    assert!(line("Uid:").split_whitespace().skip(1).all(|uid| uid != "0"), "{unit}: {}", line("Uid:"));
    for sets in ["CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"] {
        assert!(line(sets).ends_with("0000000000000000"), "{unit}: {}", line(sets));
    }
    assert!(line("NoNewPrivs:").ends_with('1'), "{unit}");
    let account = property(host, unit, "User");
    let entry = said(host, &["getent", "passwd", &account]);
    assert!(entry.ends_with("/nologin"), "{unit}: {entry}");
    let analysis = said(host, &["systemd-analyze", "security", "--no-pager", unit]);
    let overall = analysis.lines().find(|line| line.contains("Overall exposure level")).unwrap_or_default();
    let exposure = overall.split_whitespace().find_map(|word| word.parse::<f64>().ok());
    println!("{unit}: exposure {exposure:?}");
    assert!(exposure.is_some_and(|exposure| exposure <= MOST_EXPOSED), "{analysis}");
}
