//! Nothing stays: not after a fleet was dropped, nor after its owner was killed.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use plimsoll_testkit::fleet::{Fleet, FleetOptions};

use crate::{one_host, wait_for};

/// All that could be left of a fleet with a folder.
fn left(folder: &Path) -> Vec<String> {
    let number = folder.file_name().unwrap().to_str().unwrap();
    let mut left = Vec::new();
    let below = format!(" {}/", folder.display());
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
    left.extend(mounts.lines().filter(|line| line.contains(&below)).map(str::to_owned));
    for place in
        ["/run/netns", "/sys/class/net", "/run/systemd/nspawn/propagate", "/run/systemd/nspawn/unix-export"]
    {
        for entry in std::fs::read_dir(place).into_iter().flatten().flatten() {
            let name = entry.file_name().into_string().unwrap();
            let rest = name.strip_prefix(&format!("pf{number}"));
            if rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit())) {
                left.push(name);
            }
        }
    }
    let group = format!("plimsoll-fleet-{number}");
    for tree in mounts.lines().filter(|line| line.starts_with("cgroup")) {
        let group = Path::new(tree.split(' ').nth(1).unwrap()).join(&group);
        left.extend(group.exists().then(|| group.display().to_string()));
    }
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let arguments = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let arguments = String::from_utf8_lossy(&arguments).replace('\0', " ");
        if arguments.contains(&format!("--directory {}/", folder.display())) {
            left.push(arguments);
        }
    }
    left.extend(folder.exists().then(|| folder.display().to_string()));
    left
}

#[test]
fn nothing_is_left_of_a_fleet_that_was_dropped() {
    let Some(fleet) = one_host("nothing_is_left_of_a_fleet_that_was_dropped") else { return };
    let folder = fleet.folder();
    let pid1 = fleet.hosts()[0].pid1().unwrap();
    // Mounts, namespace, link, groups, the container's process, folder: what is looked for is there now.
    assert!(left(&folder).len() > 6, "{:?}", left(&folder));
    drop(fleet);
    // Another test may have the number again by now; then the folder is its own.
    assert!(!Path::new(&format!("/proc/{pid1}")).exists() || is_zombie(pid1));
}

fn is_zombie(pid: i32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status.is_empty() || status.contains("State:\tZ")
}

/// Set in the process that owns a fleet and is killed.
const OWNER: &str = "PLIMSOLL_FLEET_OWNER";

#[test]
fn nothing_is_left_of_a_fleet_whose_owner_was_killed() {
    let test = "nothing_is_left_of_a_fleet_whose_owner_was_killed";
    if std::env::var_os(OWNER).is_some() {
        own();
    }
    if let Err(why) = Fleet::availability() {
        eprintln!("skipped: {test}: {why}");
        return;
    }
    let mut owner = Command::new(std::env::current_exe().unwrap());
    owner.args(["--exact", "--nocapture"]).arg(format!("owners::{test}")).env(OWNER, "yes");
    let mut owner = owner.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(owner.stdout.take().unwrap()).lines().map_while(Result::ok);
    let folder = lines.into_iter().find_map(|line| Some(line.split_once("folder ")?.1.to_owned())).unwrap();
    let folder = Path::new(&folder);
    assert!(left(folder).len() > 6, "{:?}", left(folder));
    owner.kill().unwrap();
    owner.wait().unwrap();
    wait_for("the watcher", || left(folder).is_empty());
}

/// Owns a fleet until it is killed.
fn own() -> ! {
    let fleet = Fleet::up(FleetOptions::default()).unwrap();
    println!("folder {}", fleet.folder().display());
    loop {
        std::thread::park();
    }
}
