//! Whole hosts, for tests of any program: a fleet, our program as it is sent there, and what is asked of a host itself.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use plimsoll_testkit::fleet::{Fleet, FleetOptions, Host};
use plimsoll_testkit::load::{Answer, Connection};

use super::{plimsoll, skip};

/// A fleet, or `None` and a word about what is missing.
pub fn fleet(test: &str, options: FleetOptions) -> Option<Fleet> {
    if let Err(why) = Fleet::availability() {
        skip(test, &why.to_string());
        return None;
    }
    Some(Fleet::up(options).expect("a fleet"))
}

/// The program under test without its debugging information, which is three quarters of what every host would be sent.
pub fn light_plimsoll() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        // Several test programs may be at it at the same time: each makes its own and moves it into place.
        let own = folder.join(format!("plimsoll-{}", std::process::id()));
        let stripped = Command::new("strip").arg("-o").arg(&own).arg(plimsoll()).status();
        if !stripped.is_ok_and(|status| status.success()) {
            return plimsoll().to_owned();
        }
        let light = folder.join("plimsoll");
        std::fs::rename(&own, &light).expect("the program moves into place");
        light
    })
}

/// Asks a host's service once.
#[track_caller]
pub fn get(host: &Host, port: u16, path: &str) -> Answer {
    let address = SocketAddr::from((host.address(), port));
    let answer = Connection::open(address).and_then(|mut connection| connection.get(path, true));
    answer.unwrap_or_else(|lost| panic!("{} at {address}{path}: {lost}", host.name()))
}

/// What a command in a host prints.
#[track_caller]
pub fn said(host: &Host, words: &[&str]) -> String {
    let output = host.run(words).expect("it runs");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// A property of a unit of a host.
#[track_caller]
pub fn property(host: &Host, unit: &str, name: &str) -> String {
    said(host, &["systemctl", "show", unit, "--value", "--property", name])
}

/// The running instances of a service on a host: unit and process, as the host numbers it.
#[track_caller]
pub fn instances(host: &Host, service: &str) -> Vec<(String, u32)> {
    let pattern = format!("{service}@*.service");
    let listed =
        said(host, &["systemctl", "list-units", "--plain", "--no-legend", "--state=active", &pattern]);
    let units = listed.lines().filter_map(|line| line.split(' ').next());
    units.map(|unit| (unit.to_owned(), property(host, unit, "MainPID").parse().expect("a number"))).collect()
}
