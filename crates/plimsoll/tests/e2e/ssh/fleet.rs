//! What needs whole hosts: users who are not root, rules of sudo, a systemd of their own.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;

use plimsoll_testkit::fleet::{Fleet, FleetOptions, Host};

use crate::fleet::{fleet, light_plimsoll, said};
use crate::support::Project;

const RULE: &str = "deploy ALL=(root) NOPASSWD: /opt/plimsoll/bin/plimsoll agent --stdio --root /opt/plimsoll --service greeter";

fn project(fleet: &Fleet, more: &str) -> Project {
    let config = fleet.ssh_config();
    // Without steps: nobody asks the service, and a canary would wait for data.
    Project::new().program(light_plimsoll()).steps("").place(&format!(
        "target = \"ssh\"\nhosts = [\"web1\"]\nssh-config = \"{}\"\n{more}",
        config.display()
    ))
}

/// Ships a second version over the first, and looks who runs it.
fn ships_again(host: &Host, project: &mut Project, systemctl: &[&str], account: &str) {
    let agent = [systemctl, &["is-active", "plimsoll-greeter.service"]].concat();
    assert_eq!(said(host, &agent), "active", "the agent is a unit");
    project.change(&[("VERSION", "2")]);
    project.run(&["ship"]).expect(0).says(&["r2 serves everywhere"]);
    assert_eq!(get(host, project), "2");
    let units = ["list-units", "--plain", "--no-legend", "--state=active", "greeter@*.service"];
    let units = said(host, &[systemctl, &units].concat());
    let units: Vec<_> = units.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(units.len(), 2, "{units:?}");
    for unit in units {
        let pid = said(host, &[systemctl, &["show", unit, "--value", "--property=MainPID"]].concat());
        assert_eq!(said(host, &["ps", "-o", "user:32=", "-p", &pid]), account, "{unit}");
    }
}

fn get(host: &Host, project: &Project) -> String {
    let mut stream = TcpStream::connect((host.address(), project.port)).expect("the proxy answers");
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").expect("sent");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("read");
    text.rsplit("\r\n\r\n").next().unwrap_or_default().to_owned()
}

#[test]
fn a_user_with_one_rule_of_sudo_ships() {
    let options = FleetOptions { user: "deploy", sudoers: Some(RULE.to_owned()), ..FleetOptions::default() };
    let Some(fleet) = fleet("a_user_with_one_rule_of_sudo_ships", options) else { return };
    let host = &fleet.hosts()[0];
    let mut project = project(&fleet, "");
    // The rule is there, and what it allows is not: the commands that an administrator types are told.
    project
        .run(&["ship"])
        .expect(15)
        .says(&["install -D -o root -g root -m 755 plimsoll /opt/plimsoll/bin/plimsoll", RULE]);
    let program = host.root().join("opt/plimsoll/bin/plimsoll");
    fs::create_dir_all(program.parent().unwrap()).unwrap();
    fs::copy(light_plimsoll(), &program).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    project.run(&["ship"]).expect(0).says(&["r1 serves everywhere"]);
    assert_eq!(get(host, &project), "1");
    ships_again(host, &mut project, &["systemctl"], "plimsoll-greeter");
    let names: Vec<_> =
        fs::read_dir(program.parent().unwrap()).unwrap().flatten().map(|e| e.file_name()).collect();
    assert_eq!(names, ["plimsoll"], "nothing was placed beside it");
    // A program that others may change is not run as root, whatever a rule allows.
    project.run(&["down"]).expect(0);
    fs::set_permissions(program.parent().unwrap(), fs::Permissions::from_mode(0o777)).unwrap();
    project.run(&["deploy", "r1"]).expect(15).says(&["may be changed by others than root"]);
    fs::set_permissions(program.parent().unwrap(), fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_user_with_all_of_sudo_ships() {
    let rule = "deploy ALL=(ALL) NOPASSWD: ALL".to_owned();
    let options = FleetOptions { user: "deploy", sudoers: Some(rule), ..FleetOptions::default() };
    let Some(fleet) = fleet("a_user_with_all_of_sudo_ships", options) else { return };
    let host = &fleet.hosts()[0];
    let project = project(&fleet, "");
    project.run(&["ship"]).expect(0).says(&["r1 serves everywhere"]);
    assert_eq!(get(host, &project), "1");
    let owner = host.run(&["sh", "-c", "stat -c %U:%a /opt/plimsoll/bin/*/plimsoll"]).unwrap();
    assert_eq!(String::from_utf8_lossy(&owner.stdout).trim(), "root:755");
}

#[test]
fn a_user_ships_into_the_own_home() {
    let options = FleetOptions { user: "deploy", linger: true, ..FleetOptions::default() };
    let Some(fleet) = fleet("a_user_ships_into_the_own_home", options) else { return };
    let host = &fleet.hosts()[0];
    let mut project = project(&fleet, "scope = \"user\"");
    project.run(&["ship"]).expect(0).says(&["r1 serves everywhere"]);
    assert_eq!(get(host, &project), "1");
    let users = ["systemctl", "--user", "--machine=deploy@"];
    ships_again(host, &mut project, &users, "deploy");
    assert!(host.root().join("home/deploy/.local/share/plimsoll/greeter/current").symlink_metadata().is_ok());
    assert!(!host.root().join("opt/plimsoll").exists());
}
