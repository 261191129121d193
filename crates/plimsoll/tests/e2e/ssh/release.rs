//! Releases go out over ssh as they do on one's own machine.

use std::fs;

use super::server::Server;
use crate::support::{Load, Project};

/// A metrics page of the instances, which only the host itself can read.
const SCRAPED: &str = r#"
[[environments.production.rollout.analysis]]
name = "app"
source = { scrape = "/metrics", requests = "http_requests_total", errors = 'http_requests_total{code="500"}' }
max-error-rate = "50%"
interval = "200ms"
warm-up = "200ms"
"#;

#[test]
fn a_release_goes_out_and_back_over_ssh() {
    let Some(mut server) = Server::start("a_release_goes_out_and_back_over_ssh") else { return };
    server.client_host("plain", &[]);
    let mut project = server.project(&["web1"], "");
    project.run(&["status"]).expect(0).says(&["1 host", "none"]);
    assert!(!server.root().exists(), "a look leaves nothing behind");
    project.run(&["ship"]).expect(0).says(&["r1 serves everywhere"]);
    assert_eq!(project.get(), "1");
    let load = Load::start(project.port, 100);
    project.change(&[("VERSION", "2")]);
    project.run(&["ship"]).expect(0).says(&["r2 serves everywhere"]);
    project.run(&["rollback"]).expect(0).says(&["r1 serves everywhere"]);
    load.lost_nothing("out and back over ssh");
    assert_eq!(project.get(), "1");
    project.run(&["status"]).expect(0).says(&["1 host", "r1", "2/2"]);
    project.run(&["logs"]).expect(0).says(&["r1.0", "listening on"]);
    assert_eq!(server.programs().len(), 1, "placed once, for all commands");
    project.run(&["down"]).expect(0);
    project.run(&["status", "--hosts", "db*"]).expect(2).says(&["no host fits `db*`", "hosts are web1"]);
}

#[test]
fn pages_of_instances_are_read_through_their_host() {
    let Some(server) = Server::start("pages_of_instances_are_read_through_their_host") else { return };
    let mut project = server.project(&["web1"], "").extra(SCRAPED);
    project.run(&["ship"]).expect(0);
    let load = Load::start(project.port, 100);
    project.change(&[("VERSION", "2")]);
    project.run(&["ship"]).expect(0).says(&["r2 serves everywhere"]);
    load.stop();
    assert!(looks(&project, "app").iter().any(|kind| kind == "counts"), "{:?}", looks(&project, "app"));
}

fn looks(project: &Project, name: &str) -> Vec<String> {
    let entries = project.records().into_iter().map(|record| record["entry"].clone());
    let of = entries.filter(|entry| entry["kind"] == "looked" && entry["analysis"] == name);
    of.map(|entry| entry["reading"]["kind"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_login_shell_that_talks_is_no_trouble() {
    let Some(server) = Server::start("a_login_shell_that_talks_is_no_trouble") else { return };
    let key = fs::read_to_string(server.file("id.pub")).unwrap();
    let noise =
        r#"command="echo welcome; echo motd >&2; printf 'no break'; exec sh -c \"$SSH_ORIGINAL_COMMAND\"" "#;
    fs::write(server.file("authorized"), format!("{noise}{key}")).unwrap();
    let project = server.project(&["web1"], "");
    project.run(&["ship"]).expect(0).says(&["r1 serves everywhere"]);
}
