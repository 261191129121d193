//! Hosts are reached, are different from each other, and have what a Debian host has.

use std::collections::BTreeSet;

use plimsoll_testkit::fleet::{FleetOptions, Host};

use crate::{answers, fleet, inside, one_host, said, ssh};

#[test]
fn each_host_is_reached_by_ssh_with_its_own_key() {
    let options = FleetOptions { hosts: 3, ..FleetOptions::default() };
    let Some(fleet) = fleet("each_host_is_reached_by_ssh_with_its_own_key", options) else { return };
    assert_eq!(fleet.hosts().iter().map(Host::name).collect::<Vec<_>>(), ["web1", "web2", "web3"]);
    let mut identities = BTreeSet::new();
    for host in fleet.hosts() {
        assert_eq!(said(&ssh(host, host.name(), &["hostname"])), host.name());
        assert_eq!(said(&ssh(host, &format!("deploy@{}", host.name()), &["id", "-un"])), "deploy");
        assert_eq!(inside(host, &["systemctl", "is-system-running"]), "running");
        identities.insert(inside(host, &["cat", "/etc/machine-id"]));
        assert!(host.processes().iter().any(|process| process.arguments.contains("sshd")));
        assert!(host.root().join("etc/debian_version").exists());
    }
    assert_eq!(identities.len(), 3);
    // They reach each other by name.
    let greeting = "exec 3<>/dev/tcp/web2/22; read -r line <&3; echo $line";
    assert!(inside(&fleet.hosts()[0], &["bash", "-c", greeting]).starts_with("SSH-"));
    // The key of another host is refused: checking is strict.
    let (first, second) = (&fleet.hosts()[0], &fleet.hosts()[1]);
    let wrong = format!("HostKeyAlias={}", second.address());
    let output = std::process::Command::new("ssh")
        .arg("-F")
        .arg(first.ssh_config())
        .args(["-o", &wrong, first.name(), "true"])
        .output()
        .unwrap();
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("HOST IDENTIFICATION HAS CHANGED"),
        "{output:?}"
    );
}

#[test]
fn two_fleets_do_not_meet() {
    let (Some(one), Some(other)) = (one_host("two_fleets_do_not_meet"), one_host("two_fleets_do_not_meet"))
    else {
        return;
    };
    assert_ne!(one.hosts()[0].address(), other.hosts()[0].address());
    drop(one);
    assert!(answers(&other.hosts()[0]));
}

#[test]
fn rules_and_user_sessions_are_as_asked_for() {
    let options = FleetOptions {
        user: "deploy",
        sudoers: Some("deploy ALL=(root) NOPASSWD: /usr/bin/id".to_owned()),
        linger: true,
        ..FleetOptions::default()
    };
    let Some(fleet) = fleet("rules_and_user_sessions_are_as_asked_for", options) else { return };
    let host = &fleet.hosts()[0];
    assert_eq!(said(&ssh(host, "web1", &["sudo", "-n", "id", "-un"])), "root");
    assert!(!ssh(host, "web1", &["sudo", "-n", "true"]).status.success());
    said(&ssh(host, "web1", &["systemd-run", "--user", "--unit=stays", "sleep", "infinity"]));
    // No session of `deploy` is open now, and its service goes on.
    let of_user = ["systemctl", "--user", "-M", "deploy@", "is-active", "stays"];
    assert_eq!(inside(host, &of_user), "active");
}

#[test]
fn limits_of_units_are_enforced() {
    let Some(fleet) = one_host("limits_of_units_are_enforced") else { return };
    let host = &fleet.hosts()[0];
    let limits = fleet.limits();
    let unit = |limit: &str, script: &str| {
        let words = ["systemd-run", "--wait", "--quiet", "--property", limit, "sh", "-c", script];
        host.run(&words).unwrap().status.success()
    };
    // `tail` keeps it all, since there is no line.
    let memory = "head -c 100M /dev/zero | tail > /dev/null";
    if limits.memory {
        assert!(!unit("MemoryMax=30M", memory));
    }
    assert!(unit("MemoryMax=300M", memory));
    let tasks = "sleep 1 & sleep 1 & sleep 1 & wait";
    if limits.tasks {
        assert!(!unit("TasksMax=2", tasks));
    }
    assert!(unit("TasksMax=20", tasks));
    if limits.cpu {
        // What it used in two seconds of its life, at a tenth of a processor.
        let script = "timeout 2 sh -c 'while :; do :; done'; set -- $(times | tail -1); echo $1 $2 > /used";
        assert!(unit("CPUQuota=10%", script));
        let used = std::fs::read_to_string(host.root().join("used")).unwrap();
        let seconds =
            |word: &str| word.trim_start_matches("0m").trim_end_matches('s').parse::<f64>().unwrap();
        let sum: f64 = used.split_whitespace().map(seconds).sum();
        assert!(sum < 0.5, "{used}");
    }
}
