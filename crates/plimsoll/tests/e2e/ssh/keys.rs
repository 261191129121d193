//! Who the host is, and who we are: both as the operator's ssh decides it.

use std::fs;
use std::process::{Child, Command, Stdio};

use super::server::{Server, make_key};
use crate::support::{Terminal, skip};

#[test]
fn an_unknown_host_key_is_refused_in_a_pipe_with_the_next_command() {
    let Some(server) = Server::start("an_unknown_host_key_is_refused_in_a_pipe_with_the_next_command") else {
        return;
    };
    let project = server.project(&["web1"], "");
    fs::write(server.file("known"), "").unwrap();
    let by_hand = format!("ssh -F {} web1 true", server.file("config").display());
    project.run(&["ship"]).expect(15).says(&["its host key is not known here", &by_hand]);
    assert!(!server.root().exists());
    assert_eq!(fs::read_to_string(server.file("known")).unwrap(), "", "nothing was accepted in passing");
    server.trust();
}

/// Ships at a terminal to a host whose key is not known, and answers what ssh asks.
fn ship_and_answer(
    test: &str,
    answer: &str,
) -> Option<(Server, crate::support::Project, crate::support::Run)> {
    let server = Server::start(test)?;
    let project = server.project(&["web1"], "");
    fs::write(server.file("known"), "").unwrap();
    let Some(mut terminal) = Terminal::start(&project, &["ship"]) else {
        server.trust();
        skip(test, "there is no `script`");
        return None;
    };
    terminal.await_text("continue connecting");
    assert!(terminal.text().contains("fingerprint is SHA256:"), "{}", terminal.text());
    terminal.type_line(answer);
    Some((server, project, terminal.end()))
}

#[test]
fn an_unknown_host_key_is_asked_on_a_terminal() {
    let test = "an_unknown_host_key_is_asked_on_a_terminal";
    let Some((server, project, run)) = ship_and_answer(test, "yes") else { return };
    run.expect(0).says(&["r1 serves everywhere"]);
    let known = fs::read_to_string(server.file("known")).unwrap();
    assert!(known.contains("ssh-ed25519"), "ssh remembers it: {known}");
    // Nobody is asked a second time, with or without a terminal.
    project.run(&["status"]).expect(0).says(&["r1"]);
}

#[test]
fn an_unknown_host_key_that_a_person_does_not_trust_is_refused() {
    let test = "an_unknown_host_key_that_a_person_does_not_trust_is_refused";
    let Some((server, _project, run)) = ship_and_answer(test, "no") else { return };
    run.expect(15).says(&["host key"]);
    assert!(!server.root().exists(), "nothing was done there");
    assert_eq!(fs::read_to_string(server.file("known")).unwrap(), "");
    server.trust();
}

#[test]
fn a_changed_host_key_is_refused() {
    let Some(server) = Server::start("a_changed_host_key_is_refused") else { return };
    let project = server.project(&["web1"], "");
    make_key(&server.file("other"));
    let other = fs::read_to_string(server.file("other.pub")).unwrap();
    fs::write(server.file("known"), format!("* {other}")).unwrap();
    let place = format!("({}:1)", server.file("known").display());
    project.run(&["ship"]).expect(15).says(&[
        "its host key is not the one that is known",
        &place,
        "ssh-keygen -R web1",
    ]);
    assert!(!server.root().exists());
    server.trust();
}

#[test]
fn a_jump_host_is_used_as_it_is_configured() {
    let Some(mut server) = Server::start("a_jump_host_is_used_as_it_is_configured") else { return };
    server.client_host("jump", &[]);
    server.client_host("inner", &[("ProxyJump", "jump".to_owned())]);
    let project = server.project(&["inner"], "");
    project.run(&["ship"]).expect(0).says(&["r1 serves everywhere"]);
    drop(project);
    // The outer connection and the inner one are logins both.
    assert!(server.log().matches("Accepted publickey").count() >= 2, "{}", server.log());
}

#[test]
fn an_unknown_jump_host_asks_nobody_in_a_pipe() {
    let Some(mut server) = Server::start("an_unknown_jump_host_asks_nobody_in_a_pipe") else { return };
    server.client_host("jump", &[("UserKnownHostsFile", "/dev/null".to_owned())]);
    server.client_host("inner", &[("ProxyJump", "jump".to_owned())]);
    let project = server.project(&["inner"], "");
    project.run(&["ship"]).expect(15).says(&["host key is not known"]);
    server.client_host("unused", &[]);
    project.edit("\"inner\"", "\"web1\"");
}

#[test]
fn keys_of_an_agent_are_used() {
    let Some(mut server) = Server::start("keys_of_an_agent_are_used") else { return };
    server
        .client_host("keyless", &[("IdentityFile", "none".to_owned()), ("IdentitiesOnly", "no".to_owned())]);
    let socket = server.file("agent.sock");
    let agent = Command::new("ssh-agent").args(["-D", "-a"]).arg(&socket).stdout(Stdio::null()).spawn();
    let _agent = Ended(agent.expect("ssh-agent runs"));
    crate::support::wait_for("ssh-agent", || socket.exists());
    let project = server.project(&["keyless"], "");
    let status = |with_agent: bool| {
        let mut command = project.command(&["status"]);
        command.env_remove("SSH_AUTH_SOCK");
        if with_agent {
            command.env("SSH_AUTH_SOCK", &socket);
        }
        let output = command.output().unwrap();
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    };
    assert!(status(false).contains("none of the keys"), "{}", status(false));
    let added =
        Command::new("ssh-add").arg("-q").arg(server.file("id")).env("SSH_AUTH_SOCK", &socket).status();
    assert!(added.unwrap().success());
    let seen = status(true);
    assert!(seen.contains("1 host") && !seen.contains("keys"), "{seen}");
    project.edit("\"keyless\"", "\"web1\"");
}

/// A process that ends with the test, however that ends.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
