//! What plimsoll stands on breaks in the middle of a canary: agents, sshd, D-Bus, proxies.

use crate::stage::on_stage;
use crate::support::kill;

#[test]
fn agents_are_killed_in_a_canary() {
    on_stage("agents_are_killed_in_a_canary", |stage| {
        let mut case = stage.case("agents killed in a canary");
        let ship = case.canary();
        for host in case.hosts() {
            let killed = host.run(&["systemctl", "kill", "--signal=KILL", "plimsoll-greeter.service"]);
            assert!(killed.unwrap().status.success());
        }
        let run = ship.end();
        case.judge(&run, &[0], &[]);
        case.end();
    });
}

#[test]
fn sshd_is_restarted_and_its_sessions_killed_in_a_canary() {
    on_stage("sshd_is_restarted_and_its_sessions_killed_in_a_canary", |stage| {
        let mut case = stage.case("sshd restarted, sessions killed in a canary");
        let ship = case.canary();
        for host in case.hosts() {
            host.restart_sshd().unwrap();
            let sessions = host.processes().into_iter().filter(|p| p.arguments.starts_with("sshd: root"));
            let sessions: Vec<_> = sessions.collect();
            assert!(!sessions.is_empty(), "{}: no session is open", host.name());
            for session in &sessions {
                kill(session.pid.unsigned_abs());
            }
        }
        let run = ship.end();
        case.judge(&run, &[0], &[]);
        case.end();
    });
}

#[test]
fn dbus_is_gone_from_a_host_in_a_canary() {
    on_stage("dbus_is_gone_from_a_host_in_a_canary", |stage| {
        let mut case = stage.case("D-Bus gone from one host in a canary, until after the end");
        let ship = case.canary();
        case.host("web2").break_dbus().unwrap();
        let run = ship.end();
        case.host("web2").mend_dbus().unwrap();
        let code = case.judge(&run, &[0, 11, 12, 14], &[]);
        case.back(code);
        case.end();
    });
}

#[test]
fn a_proxy_is_restarted_under_load() {
    on_stage("a_proxy_is_restarted_under_load", |stage| {
        let mut case = stage.case("proxies restarted by their administrator in a canary");
        let ship = case.canary();
        for host in case.hosts() {
            let restarted = host.run(&["systemctl", "restart", "plimsoll-greeter-proxy@*.service"]);
            assert!(restarted.unwrap().status.success());
        }
        let run = ship.end();
        case.judge(&run, &[0], &[]);
        case.end();
    });
}

#[test]
fn a_proxy_is_killed_under_load() {
    on_stage("a_proxy_is_killed_under_load", |stage| {
        let mut case = stage.case("a proxy killed in a canary");
        let ship = case.canary();
        // What is under way in it ends with it.
        case.excuse("web2");
        let killed = case.host("web2").run(&[
            "systemctl",
            "kill",
            "--signal=KILL",
            "plimsoll-greeter-proxy@*.service",
        ]);
        assert!(killed.unwrap().status.success());
        let run = ship.end();
        case.judge(&run, &[0], &[]);
        assert!(case.lost_on("web2") <= 3, "at most what its three connections waited for");
        case.end();
    });
}
