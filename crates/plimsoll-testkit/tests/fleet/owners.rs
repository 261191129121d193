//! Nothing stays: not after a fleet was dropped, nor after its owner was killed.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

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
    assert!(is_gone(pid1));
}

fn is_gone(pid: i32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status.is_empty() || status.contains("State:\tZ")
}

/// Set in the process that owns a fleet and is killed.
const OWNER: &str = "PLIMSOLL_FLEET_OWNER";

#[test]
fn nothing_is_left_of_a_fleet_whose_owner_was_killed() {
    let test = "nothing_is_left_of_a_fleet_whose_owner_was_killed";
    let Some((mut owner, folder)) = owner(test) else { return };
    assert!(left(&folder).len() > 6, "{:?}", left(&folder));
    owner.kill().unwrap();
    owner.wait().unwrap();
    wait_for("the watcher", || left(&folder).is_empty());
}

#[test]
fn the_next_fleet_sweeps_what_nobody_watches() {
    let test = "the_next_fleet_sweeps_what_nobody_watches";
    let Some((mut owner, folder)) = owner(test) else { return };
    let children = std::fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| {
        let status = std::fs::read_to_string(entry.path().join("status")).ok()?;
        let parent = status.lines().find_map(|line| line.strip_prefix("PPid:\t"))?.to_owned();
        let arguments = std::fs::read_to_string(entry.path().join("cmdline")).ok()?;
        let is_watcher = parent == owner.id().to_string() && arguments.contains("read -r word");
        is_watcher.then(|| entry.file_name().into_string().unwrap())
    });
    let watchers: Vec<String> = children.collect();
    assert_eq!(watchers.len(), 1);
    let pid1 = std::fs::read_to_string(folder.join("pid1")).unwrap().parse().unwrap();
    // Both at once, or the watcher would act, or the owner would wait for it.
    assert!(
        Command::new("kill").args(["-9", &watchers[0], &owner.id().to_string()]).status().unwrap().success()
    );
    owner.wait().unwrap();
    assert!(!is_gone(pid1));
    drop(one_host(test));
    wait_for("the sweep", || is_gone(pid1));
}

/// Another process that owns a fleet, and the fleet's folder.
fn owner(test: &str) -> Option<(Child, PathBuf)> {
    if std::env::var_os(OWNER).is_some() {
        own();
    }
    if let Err(why) = Fleet::availability() {
        eprintln!("skipped: {test}: {why}");
        return None;
    }
    let mut owner = Command::new(std::env::current_exe().unwrap());
    owner.args(["--exact", "--nocapture"]).arg(format!("owners::{test}")).env(OWNER, "yes");
    let mut owner = owner.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(owner.stdout.take().unwrap()).lines().map_while(Result::ok);
    let folder = lines.into_iter().find_map(|line| Some(line.split_once("folder ")?.1.to_owned())).unwrap();
    Some((owner, folder.into()))
}

/// Owns a fleet until it is killed.
fn own() -> ! {
    let fleet = Fleet::up(FleetOptions::default()).unwrap();
    let pid1 = fleet.hosts()[0].pid1().unwrap();
    std::fs::write(fleet.folder().join("pid1"), pid1.to_string()).unwrap();
    println!("folder {}", fleet.folder().display());
    loop {
        std::thread::park();
    }
}
