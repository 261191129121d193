//! Hosts that do not answer, and commands that are killed.

use std::fs;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use super::server::{Relay, Server};
use crate::support::{Load, Run, kill, wait_for};

#[test]
fn a_dead_host_is_told_in_time_while_others_go_on() {
    let Some(mut server) = Server::start("a_dead_host_is_told_in_time_while_others_go_on") else { return };
    // It takes connections and never says a word, as a host that hangs does.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    server.client_host("dead", &[("Port", silent.local_addr().unwrap().port().to_string())]);
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    server.client_host("closed", &[("Port", closed.to_string())]);
    let project = server.project(&["web1"], "connect-timeout = \"2s\"");
    project.run(&["ship"]).expect(0);
    project.edit("hosts = [\"web1\"]", "hosts = [\"dead\", \"web1\", \"closed\", \"nowhere.invalid\"]");
    let began = Instant::now();
    let run = project.run(&["status"]).expect(0);
    assert!(began.elapsed() < Duration::from_secs(12), "{:?}", began.elapsed());
    run.says(&["4 hosts", "r1", "2/8", "timed out", "connection refused", "its name is not known"]);
    project.run(&["logs", "--hosts", "web*"]).expect(0).says(&["listening on"]);
    project.edit("\"dead\", \"web1\", \"closed\", \"nowhere.invalid\"", "\"web1\"");
}

#[test]
fn a_link_that_was_cut_is_made_anew_for_a_look() {
    let Some(mut server) = Server::start("a_link_that_was_cut_is_made_anew_for_a_look") else { return };
    let relay = Relay::to(server.port());
    server.client_host("far", &[("Port", relay.port.to_string())]);
    let mut project = server.project(&["far"], "");
    project.run(&["ship"]).expect(0);
    project.change(&[("VERSION", "2")]);
    let load = Load::start(project.port, 100);
    let ship = project.start(&["ship"]);
    project.await_records("step-entered", 2);
    // Within a rollout: what is looked at is asked again, and it goes on as if nothing had been.
    relay.cut_now();
    let run = Run::of(&ship.wait_with_output().unwrap());
    load.lost_nothing("the link was cut in the middle of a rollout");
    run.expect(0).says(&["r2 serves everywhere"]);
}

#[test]
fn a_command_that_is_killed_leaves_no_connection() {
    let Some(server) = Server::start("a_command_that_is_killed_leaves_no_connection") else { return };
    let project = server.project(&["web1"], "");
    project.run(&["ship"]).expect(0);
    let mut following = project.start(&["logs", "--follow"]);
    let sockets = format!("/plimsoll-ssh-0-{}-", following.id());
    wait_for("the sessions", || of(&sockets).len() >= 2);
    kill(following.id());
    following.wait().unwrap();
    wait_for("ssh to end", || of(&sockets).is_empty());
    // The folder of its sockets is swept by the next command.
    project.run(&["status"]).expect(0);
    let left = fs::read_dir("/tmp").unwrap().flatten().any(|e| e.path().to_string_lossy().contains(&sockets));
    assert!(!left);
}

/// Processes whose command line holds this text.
fn of(text: &str) -> Vec<String> {
    let lines =
        fs::read_dir("/proc").unwrap().flatten().filter_map(|e| fs::read(e.path().join("cmdline")).ok());
    let lines = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
    lines.filter(|line| line.contains(text)).collect()
}
