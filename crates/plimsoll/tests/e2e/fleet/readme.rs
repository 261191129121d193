//! The README's way to a canary on one's own servers, command by command, as it stands there.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use plimsoll_testkit::fleet::{Fleet, FleetOptions};
use plimsoll_testkit::load::{Client, ClientOptions};

use super::service::{Language, copy_example};
use super::{fleet, get, light_plimsoll};
use crate::support::{Run, skip};

const HEADING: &str = "## Your own servers";

/// The lines of the section's block of commands that begins with `plimsoll init`.
fn commands() -> Vec<String> {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let text = fs::read_to_string(readme).expect("the README");
    let section = text.split(HEADING).nth(1).expect("the section");
    let section = section.split("\n## ").next().expect("its text");
    let block = section.split("```").find(|block| block.trim_start().starts_with("plimsoll init"));
    let lines = block.expect("its commands").lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(str::to_owned).collect()
}

/// A person's project and machine: `plimsoll` and `ssh` are in the `PATH`, and `ssh` knows the hosts.
struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn new(fleet: &Fleet) -> Self {
        let desk = Self { folder: tempfile::tempdir().expect("a folder") };
        copy_example(Language::Rust, &desk.project());
        fs::remove_file(desk.project().join("plimsoll.toml")).expect("the example has one");
        fs::write(desk.project().join(".gitignore"), "target/\n").expect("written");
        fs::create_dir(desk.programs()).expect("a folder");
        symlink(light_plimsoll(), desk.programs().join("plimsoll")).expect("a link");
        // Instead of the lines in ~/.ssh/config that every user has.
        let ssh = desk.programs().join("ssh");
        let script = format!("#!/bin/sh\nexec /usr/bin/ssh -F {} \"$@\"\n", fleet.ssh_config().display());
        fs::write(&ssh, script).expect("written");
        fs::set_permissions(&ssh, fs::Permissions::from_mode(0o755)).expect("executable");
        desk.type_in("git init -q && git add -A && git commit -q -m 'Say hello'").expect(0);
        desk
    }

    fn project(&self) -> PathBuf {
        self.folder.path().join("shop")
    }

    fn programs(&self) -> PathBuf {
        self.folder.path().join("bin")
    }

    /// A line as a person types it.
    fn type_in(&self, line: &str) -> Run {
        let path = std::env::var("PATH").unwrap_or_default();
        let mut shell = Command::new("sh");
        shell.args(["-c", line]).current_dir(self.project()).stdin(Stdio::null());
        shell.env("PATH", format!("{}:{path}", self.programs().display()));
        for (name, value) in [("AUTHOR", "t"), ("COMMITTER", "t")] {
            shell.env(format!("GIT_{name}_NAME"), value).env(format!("GIT_{name}_EMAIL"), "t@example.com");
        }
        // What cargo says to its tests is not meant for the builds of others.
        shell.env_remove("CARGO_TARGET_DIR").env_remove("RUSTFLAGS");
        let run = Run::of(&shell.output().expect("a shell runs"));
        println!("$ {line}\n{}", run.text());
        run
    }
}

#[test]
fn the_readme_leads_to_a_canary_in_five_commands() {
    let test = "the_readme_leads_to_a_canary_in_five_commands";
    if !Language::Rust.is_here() {
        return skip(test, "cargo is needed");
    }
    let Some(fleet) = fleet(test, FleetOptions { hosts: 3, ..FleetOptions::default() }) else { return };
    let commands = commands();
    let [init, doctor, ship, change, rollback] = commands.as_slice() else {
        panic!("five commands: {commands:#?}")
    };
    let desk = Desk::new(&fleet);
    desk.type_in(init).expect(0).says(&["wrote plimsoll.toml", "hint: plimsoll doctor"]);
    desk.type_in(doctor).expect(0).says(&["3 hosts", "fit"]);
    desk.type_in(ship).expect(0).says(&["6 of 6 instances proved on 3 hosts", "r1 serves everywhere"]);
    // The README has a loop of curl for this.
    let load = Client::start(ClientOptions {
        addresses: fleet.hosts().iter().map(|host| (host.address(), 8080).into()).collect(),
        rate: 60,
        workers: 3,
        ..ClientOptions::default()
    });
    desk.type_in(change).expect(0).says(&["shown good", "r2 serves everywhere"]);
    let version = |host: &plimsoll_testkit::fleet::Host| get(host, 8080, "/").body;
    assert!(fleet.hosts().iter().all(|host| version(host).contains("\"version\":\"2\"")));
    desk.type_in(rollback).expect(0).says(&["r1 serves everywhere"]);
    assert!(fleet.hosts().iter().all(|host| version(host).contains("\"version\":\"1\"")));
    let counts = load.stop();
    println!("{} requests; these were lost: {:#?}", counts.requests, counts.lost);
    assert!(counts.lost.is_empty());
    desk.type_in("plimsoll down --all").expect(0);
}
