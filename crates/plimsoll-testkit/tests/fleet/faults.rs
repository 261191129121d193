//! Each fault does what it says, may be said twice, and is undone.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use plimsoll_testkit::fleet::{FleetOptions, Host};

use crate::{answers, fleet, inside, one_host, said, ssh, wait_for};

#[test]
fn a_cut_link_carries_nothing() {
    let Some(fleet) = one_host("a_cut_link_carries_nothing") else { return };
    let host = &fleet.hosts()[0];
    host.cut_link().unwrap();
    host.cut_link().unwrap();
    assert!(!answers(host));
    // The host itself goes on, and can still be looked into.
    assert_eq!(inside(host, &["hostname"]), "web1");
    host.restore_link().unwrap();
    host.restore_link().unwrap();
    wait_for("the link", || answers(host));
}

#[test]
fn a_slow_link_is_slow_for_open_connections_as_well() {
    let Some(fleet) = one_host("a_slow_link_is_slow_for_open_connections_as_well") else { return };
    let host = &fleet.hosts()[0];
    let mut session = Command::new("ssh");
    session.arg("-F").arg(host.ssh_config()).args([host.name(), "cat"]);
    let mut session = session.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = session.stdin.take().unwrap();
    let mut output = BufReader::new(session.stdout.take().unwrap());
    let mut echo = || {
        let started = Instant::now();
        input.write_all(b"word\n").unwrap();
        output.read_line(&mut String::new()).unwrap();
        started.elapsed()
    };
    echo();
    let delay = Duration::from_millis(150);
    host.slow_link(Duration::from_secs(1), None).unwrap();
    host.slow_link(delay, None).unwrap();
    // There and back.
    assert!(echo() >= 2 * delay);
    host.restore_speed().unwrap();
    host.restore_speed().unwrap();
    wait_for("the link's own speed", || echo() < delay);
    drop(input);
    session.wait().unwrap();

    let copy = || {
        let started = Instant::now();
        assert_eq!(ssh(host, host.name(), &["head", "-c", "300000", "/dev/urandom"]).stdout.len(), 300_000);
        started.elapsed()
    };
    host.slow_link(Duration::ZERO, Some(100_000)).unwrap();
    let slow = copy();
    assert!(slow >= Duration::from_secs(3) && slow < Duration::from_secs(12), "{slow:?}");
    host.restore_speed().unwrap();
    assert!(answers(host));
}

#[test]
fn power_loss_ends_all_and_keeps_the_disk() {
    let Some(fleet) = one_host("power_loss_ends_all_and_keeps_the_disk") else { return };
    let host = &fleet.hosts()[0];
    inside(host, &["sh", "-c", "echo kept > /opt/file; echo lost > /run/file"]);
    let mut session = Command::new("ssh");
    session.arg("-F").arg(host.ssh_config()).args([host.name(), "sleep", "600"]);
    let mut session = session.spawn().unwrap();
    wait_for("the session", || host.processes().iter().any(|process| process.arguments == "sleep 600"));
    host.kill().unwrap();
    host.kill().unwrap();
    assert!(host.pid1().is_err() && host.processes().is_empty());
    assert!(host.run(&["true"]).unwrap_err().to_string().contains("off"));
    assert!(!answers(host));
    // Nobody said goodbye: the other end still believes in the connection.
    assert!(session.try_wait().unwrap().is_none());
    session.kill().unwrap();
    session.wait().unwrap();
    host.boot().unwrap();
    host.boot().unwrap();
    assert_eq!(said(&ssh(host, "web1", &["cat", "/opt/file"])), "kept");
    assert!(
        !host.root().join("run/file").exists() && !host.run(&["cat", "/run/file"]).unwrap().status.success()
    );
    assert_eq!(inside(host, &["systemctl", "is-system-running"]), "running");
}

#[test]
fn a_reboot_is_clean() {
    let Some(fleet) = one_host("a_reboot_is_clean") else { return };
    let host = &fleet.hosts()[0];
    let before = host.pid1().unwrap();
    inside(
        host,
        &["systemd-run", "--unit=last", "--property=ExecStop=touch /opt/stopped", "sleep", "infinity"],
    );
    host.reboot().unwrap();
    assert_ne!(host.pid1().unwrap(), before);
    assert_eq!(said(&ssh(host, "web1", &["ls", "/opt"])), "stopped");
    // As its administrator does it.
    let second = host.pid1().unwrap();
    ssh(host, "web1", &["systemctl", "reboot"]);
    wait_for("another process 1", || host.pid1().is_ok_and(|pid| pid != second) && answers(host));
    assert!(answers(host));
}

#[test]
fn a_frozen_host_does_nothing() {
    let Some(fleet) = one_host("a_frozen_host_does_nothing") else { return };
    let host = &fleet.hosts()[0];
    host.freeze().unwrap();
    host.freeze().unwrap();
    assert!(!answers(host));
    host.thaw().unwrap();
    host.thaw().unwrap();
    assert!(answers(host));
    // Power loss reaches a frozen host too.
    host.freeze().unwrap();
    host.kill().unwrap();
    host.boot().unwrap();
    assert!(answers(host));
}

#[test]
fn a_full_disk_is_full_for_one_host() {
    let options = FleetOptions { hosts: 2, disk_megabytes: 64, ..FleetOptions::default() };
    let Some(fleet) = fleet("a_full_disk_is_full_for_one_host", options) else { return };
    let [full, other] = fleet.hosts() else { panic!("it has two hosts") };
    let writes = |host: &Host| {
        let output = host.run(&["dd", "if=/dev/zero", "of=/opt/file", "bs=1M", "count=8"]).unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    full.fill_disk().unwrap();
    full.fill_disk().unwrap();
    let (succeeded, said) = writes(full);
    assert!(!succeeded && said.contains("No space left on device"), "{said}");
    assert!(writes(other).0);
    full.free_disk().unwrap();
    full.free_disk().unwrap();
    assert!(writes(full).0);
    // Its size is a limit of its own.
    assert!(
        !other.run(&["dd", "if=/dev/zero", "of=/opt/file", "bs=1M", "count=80"]).unwrap().status.success()
    );
}

#[test]
fn a_wrong_clock_is_seen_by_dynamic_programs() {
    let Some(fleet) = one_host("a_wrong_clock_is_seen_by_dynamic_programs") else { return };
    let host = &fleet.hosts()[0];
    let difference = || {
        let ours = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let theirs: u64 = said(&ssh(host, "web1", &["date", "+%s"])).parse().unwrap();
        i64::try_from(theirs).unwrap() - i64::try_from(ours).unwrap()
    };
    for seconds in [3600, -3600] {
        host.skew_clock(seconds).unwrap();
        let seen = difference();
        assert!((seen - seconds).abs() < 30, "{seen}");
    }
    host.right_clock().unwrap();
    host.right_clock().unwrap();
    assert!(difference().abs() < 30);
}

#[test]
fn sshd_is_stopped_and_restarted() {
    let Some(fleet) = one_host("sshd_is_stopped_and_restarted") else { return };
    let host = &fleet.hosts()[0];
    host.refuse_ssh().unwrap();
    host.refuse_ssh().unwrap();
    let refused = ssh(host, "web1", &["true"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("Connection refused"), "{refused:?}");
    host.accept_ssh().unwrap();
    host.accept_ssh().unwrap();
    assert!(answers(host));
    let daemon = || inside(host, &["systemctl", "show", "--value", "--property=MainPID", "ssh"]);
    let before = daemon();
    host.restart_sshd().unwrap();
    assert_ne!(daemon(), before);
    assert!(answers(host));
}

#[test]
fn the_system_bus_goes_and_comes() {
    let Some(fleet) = one_host("the_system_bus_goes_and_comes") else { return };
    let host = &fleet.hosts()[0];
    let bus = ["busctl", "--system", "status", "org.freedesktop.systemd1"];
    inside(host, &bus);
    host.break_dbus().unwrap();
    host.break_dbus().unwrap();
    assert!(!host.run(&bus).unwrap().status.success());
    assert!(!host.run(&["test", "-e", "/run/dbus/system_bus_socket"]).unwrap().status.success());
    host.mend_dbus().unwrap();
    host.mend_dbus().unwrap();
    inside(host, &bus);
    assert!(answers(host));
}
