//! The hosts are not as they should be: clocks, ports, disks, processors, a reboot.

use plimsoll_testkit::fleet::Host;

use crate::moment::Moment;
use crate::stage::{Stage, on_stage};
use crate::support::{Run, service_program, wait_for};

#[test]
fn clocks_are_two_hours_off() {
    on_stage("clocks_are_two_hours_off", |stage| {
        skew(stage, &[("web1", 7200), ("web2", -7200)]);
        let mut case = stage.case("clocks of two hosts two hours off, ahead and behind");
        case.next(&[]);
        let run = case.run(&["ship"]);
        run_says_clock(&run);
        case.judge(&run, &[0], &[]);
        case.end();
        let mut case = stage.case("the clocks are put right in a canary");
        let ship = case.canary();
        for host in ["web1", "web2"] {
            case.host(host).right_clock().unwrap();
        }
        let run = ship.end();
        // The switch of a host whose clock jumps forward goes off; an instance that is not ready then speaks against the release.
        let code = case.judge(&run, &[0, 11, 14], &[]);
        case.back(code);
        case.end();
        restart_agents(stage);
    });
}

/// A clock that is wrong is named before anything is done.
fn run_says_clock(run: &Run) {
    assert!(run.text().contains("clock"), "{}", run.text());
}

/// Sets the hosts' clocks off; agents see it from their next start.
fn skew(stage: &Stage, clocks: &[(&str, i64)]) {
    for (host, seconds) in clocks {
        stage.fleet.host(host).unwrap().skew_clock(*seconds).unwrap();
    }
    restart_agents(stage);
}

fn restart_agents(stage: &Stage) {
    for host in stage.hosts() {
        let restarted = host.run(&["systemctl", "restart", "plimsoll-greeter.service"]);
        assert!(restarted.unwrap().status.success());
    }
}

/// Starts a stranger's server on a host; it is there until `stop_stranger`.
fn start_stranger(host: &Host, port: u16) {
    let program = host.root().join("usr/local/bin/stranger");
    std::fs::copy(service_program(), program).unwrap();
    let port = format!("--setenv=PORT={port}");
    let words = ["systemd-run", "--unit=stranger", &port, "/usr/local/bin/stranger"];
    assert!(host.run(&words).unwrap().status.success());
}

fn stop_stranger(host: &Host) {
    assert!(host.run(&["systemctl", "stop", "stranger.service"]).unwrap().status.success());
}

#[test]
fn a_stranger_has_the_port() {
    on_stage("a_stranger_has_the_port", |stage| {
        let (port, taken) = (stage.project.port, crate::support::free_port());
        start_stranger(&stage.hosts()[2], taken);
        let listens = || {
            let to = std::net::SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, taken));
            stage.hosts()[2].from_inside(|| std::net::TcpStream::connect(to).is_ok()).unwrap()
        };
        wait_for("the stranger listens", listens);
        let mut case = stage.case("a stranger listens where the next release shall");
        case.next(&[]);
        case.stage.project.edit(&format!("port = {port}"), &format!("port = {taken}"));
        let run = case.run(&["ship"]);
        let told = run.text();
        assert!(told.contains(&taken.to_string()) && told.contains("web3"), "{told}");
        case.judge(&run, &[10], &[]);
        case.stage.project.edit(&format!("port = {taken}"), &format!("port = {port}"));
        stop_stranger(case.host("web3"));
        let run = case.run(&["ship"]);
        case.judge(&run, &[0], &[]);
        case.end();
    });
}

#[test]
fn the_disk_is_full() {
    on_stage("the_disk_is_full", |stage| {
        let mut case = stage.case("a host's disk full before the release goes out");
        case.next(&[]);
        case.host("web2").fill_disk().unwrap();
        let run = case.run(&["ship"]);
        case.host("web2").free_disk().unwrap();
        assert!(run.text().contains("web2"), "{}", run.text());
        let code = case.judge(&run, &[10], &[]);
        case.back(code);
        case.end();
    });
}

/// With room for so many bytes a release comes to another end of the way: while it is received, unpacked, sealed, or when the
/// agent's state is written.
const ROOMS: [u64; 4] = [0, 40 << 10, 200 << 10, 480 << 10];

#[test]
fn the_disk_fills_up_while_a_release_is_received() {
    on_stage("the_disk_fills_up_while_a_release_is_received", |stage| {
        for room in &ROOMS[..2] {
            fills_up(stage, *room);
        }
    });
}

#[test]
#[ignore = "many rollouts; with --all"]
fn the_disk_fills_up_at_any_point_of_the_way() {
    let Some(mut stage) = Stage::up("the_disk_fills_up_at_any_point_of_the_way") else { return };
    for change in 2..=9 {
        for room in ROOMS {
            fills_up_at(&mut stage, change, room);
        }
    }
}

/// The second change is the publishing of the release.
fn fills_up(stage: &mut Stage, room: u64) {
    fills_up_at(stage, 2, room);
}

fn fills_up_at(stage: &mut Stage, change: u64, room: u64) {
    let mut case = stage.case("");
    case.next(&[]);
    let Ok(ship) = case.stage.project.stopped_at(&["ship"], Moment::Intent(change)) else { return };
    let during = case.stage.project.last_change();
    case.rename(format!("web2's disk has {} kB left before: {during}", room >> 10));
    case.host("web2").fill_disk_but_for(room).unwrap();
    ship.resume();
    let run = ship.end();
    case.host("web2").free_disk().unwrap();
    let code = case.judge(&run, &[0, 10, 11, 12, 14], &[]);
    case.back(code);
    case.end();
}

#[test]
fn a_host_says_that_it_has_another_processor() {
    on_stage("a_host_says_that_it_has_another_processor", |stage| {
        let host = &stage.hosts()[2];
        let folder = host.root().join("etc/systemd/system/ssh.service.d");
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("other.conf");
        std::fs::write(&file, "[Service]\nPersonality=x86\n").unwrap();
        // Our program is not there yet, as on a host that is new.
        std::fs::remove_dir_all(host.root().join("opt/plimsoll/bin")).unwrap();
        restart_sshd(host);
        let mut case = stage.case("a host has another processor than our program is made for");
        case.next(&[]);
        let run = case.run(&["ship"]);
        assert!(run.text().contains("i686"), "{}", run.text());
        let code = case.judge(&run, &[12, 15], &["web3"]);
        std::fs::remove_file(&file).unwrap();
        restart_sshd(case.host("web3"));
        case.back(code);
        case.end();
    });
}

fn restart_sshd(host: &Host) {
    assert!(host.run(&["systemctl", "daemon-reload"]).unwrap().status.success());
    host.restart_sshd().unwrap();
}

#[test]
fn a_host_is_rebooted_in_a_canary() {
    on_stage("a_host_is_rebooted_in_a_canary", |stage| {
        let mut case = stage.case("a host rebooted by its administrator in a canary");
        case.excuse("web2");
        let ship = case.canary();
        case.host("web2").reboot().unwrap();
        let run = ship.end();
        let code = case.judge(&run, &[0, 11, 12, 14], &[]);
        case.back(code);
        case.end();
    });
}
