//! Where these tests run: here, where the machine was given to them, and else on a host of the test fleet, to which this
//! program is copied. A test that fails there fails here, under the same name and with what it said.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, OnceLock, PoisonError};

use plimsoll_testkit::fleet::{Fleet, FleetOptions, Host};

use crate::support::example;

/// Says that the machine is there for tests that install units.
const GIVEN: &str = "PLIMSOLL_TEST_HOST";
/// Where this program is on a host. Its examples are where cargo has them.
const PROGRAM: &str = "/opt/tests/deps/systemd";

/// Never dropped: what took the fleet up takes it down when this process ends.
static FLEET: OnceLock<Option<Fleet>> = OnceLock::new();
/// One after another: instances have seconds to become healthy, and the host shares its processors with others.
static TURN: Mutex<()> = Mutex::new(());

/// Whether units may be installed here. If not, the test was run on the fleet's host, and there is nothing more to do.
#[track_caller]
pub(crate) fn is_test_host(test: &str) -> bool {
    if std::env::var_os(GIVEN).is_some() && Path::new("/run/systemd/system").is_dir() {
        return true;
    }
    match FLEET.get_or_init(fleet) {
        Some(fleet) => {
            let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
            run_on(&fleet.hosts()[0], test, &[]);
        }
        None => skip(test),
    }
    false
}

/// A host of the test's own, with this program on it; `None` where there can be none, which is said.
pub(crate) fn own_host(test: &str) -> Option<Fleet> {
    let fleet = fleet();
    if fleet.is_none() {
        skip(test);
    }
    fleet
}

fn skip(test: &str) {
    let why = Fleet::availability().err().map_or_else(String::new, |why| why.to_string());
    println!("skipped: {test}: {why}");
}

fn fleet() -> Option<Fleet> {
    Fleet::availability().ok()?;
    let fleet = Fleet::up(FleetOptions::default()).expect("a fleet of one host");
    let root = fleet.hosts()[0].root();
    copy(&std::env::current_exe().expect("a program knows its file"), &at(root, PROGRAM));
    for name in ["agent_host", "tiny_service"] {
        copy(&example(name), &at(root, "/opt/tests/examples").join(name));
    }
    Some(fleet)
}

fn at(root: &Path, path: &str) -> PathBuf {
    root.join(path.trim_start_matches('/'))
}

/// Copies a program without its debugging information, which a host's disk has no room for.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to.parent().expect("a file is in a folder")).expect("a folder");
    let stripped = Command::new("strip").arg("-o").arg(to).arg(from).status();
    if !stripped.is_ok_and(|status| status.success()) {
        fs::copy(from, to).expect("a copy");
    }
}

/// Runs one test of this program on a host, with these variables.
#[track_caller]
pub(crate) fn run_on(host: &Host, test: &str, variables: &[&str]) {
    let given = format!("{GIVEN}=1");
    let words = [&["env", &given], variables, &[PROGRAM, test, "--nocapture"]].concat();
    let output = host.run(&words).expect("the host runs it");
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "on a host of the test fleet:\n{said}");
    assert!(said.contains("1 passed"), "no such test there:\n{said}");
    println!("{said}");
}
