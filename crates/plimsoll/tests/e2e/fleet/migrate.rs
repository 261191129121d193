//! The hook `migrate` on real hosts: once, on one of them, as the instances run, whoever is killed meanwhile.

use plimsoll_testkit::fleet::{Fleet, FleetOptions, Host};

use super::{fleet, get, light_plimsoll, property, said};
use crate::support::{Project, eventually, kill};

/// Where a script leaves its traces, on the host that it ran on.
const SHARED: &str = "opt/plimsoll/greeter/shared";

/// What it left on each host.
fn traces(fleet: &Fleet, file: &str) -> Vec<String> {
    let of = |host: &Host| std::fs::read_to_string(host.root().join(SHARED).join(file)).unwrap_or_default();
    fleet.hosts().iter().map(of).collect()
}

fn once_units(host: &Host) -> String {
    said(host, &["systemctl", "list-units", "--plain", "--no-legend", "--all", "plimsoll-greeter-once@*"])
}

#[test]
fn a_migration_runs_once_on_one_host_whoever_is_killed() {
    let options = FleetOptions { hosts: 2, ..FleetOptions::default() };
    let Some(fleet) = fleet("a_migration_runs_once_on_one_host_whoever_is_killed", options) else { return };
    let place = format!(
        "target = \"ssh\"\nhosts = [\"web1\", \"web2\"]\nssh-config = \"{}\"",
        fleet.ssh_config().display()
    );
    let script = "id -un > user; echo \"$VERSION\" >> begun; sleep \"$WAIT\"; test -x \"$0\" && echo \"$VERSION\" >> ended; echo rows of $TOKEN; exit \"$CODE\"";
    let mut project = Project::new().program(light_plimsoll()).place(&place).steps("").extra(&format!(
        "[run.secrets]\nTOKEN = {{ file = \"/etc/token\" }}\n[hooks.migrate]\ncommand = [\"sh\", \"-c\", '{script}', \"{{artifact}}\"]\ntimeout = \"2m\"\n"
    ));
    for host in fleet.hosts() {
        std::fs::write(host.root().join("etc/token"), "swordfish\n").expect("a secret");
    }
    project.change(&[("WAIT", "0"), ("CODE", "0")]);
    let run = project.run(&["ship", "-v"]).expect(0).says(&["hook migrate passed", "rows of ***"]);
    assert!(!run.text().contains("swordfish"), "{}", run.text());
    assert_eq!(traces(&fleet, "begun"), ["1\n", ""]);
    assert_eq!(traces(&fleet, "user")[0].trim(), "plimsoll-greeter", "as the instances run");
    assert_eq!(once_units(&fleet.hosts()[0]), "", "nothing is left of it");

    // The agent is killed in the middle, and then the command.
    project.change(&[("VERSION", "2"), ("WAIT", "12")]);
    let mut ship = project.start(&["ship"]);
    eventually("the migration", || traces(&fleet, "begun")[0].contains('2'));
    let host = &fleet.hosts()[0];
    let agent = property(host, "plimsoll-greeter.service", "MainPID");
    said(host, &["kill", "-KILL", &agent]);
    project.await_records("performed", 3);
    kill(ship.id());
    ship.wait().expect("it ends");
    let between = property(host, "plimsoll-greeter.service", "MainPID");
    assert_ne!(between, agent, "systemd brought another agent");
    project.run(&["ship"]).expect(0).says(&["hook migrate passed", "r2 serves everywhere"]);
    assert_eq!(traces(&fleet, "begun"), ["1\n2\n", ""]);
    assert_eq!(traces(&fleet, "ended"), ["1\n2\n", ""]);

    // One that fails refuses the release, and both hosts are as they were.
    project.change(&[("VERSION", "3"), ("WAIT", "0"), ("CODE", "7")]);
    project.run(&["ship"]).expect(10).says(&[
        "hook migrate failed",
        "exited with code 7",
        "r2 serves everywhere",
    ]);
    for host in fleet.hosts() {
        assert_eq!(get(host, project.port, "/").body, "2");
    }
    assert_eq!(traces(&fleet, "begun"), ["1\n2\n3\n", ""]);
    assert_eq!(once_units(host), "");
    // It is in the hosts' logs, like everything that the service says.
    project.run(&["logs", "--hosts", "web1", "-n", "1000"]).expect(0).says(&["rows of ***"]);
    project.run(&["down"]).expect(0);
}
