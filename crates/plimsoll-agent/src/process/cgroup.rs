//! Memory and processor limits by cgroups, where this user may make some: version 2 in a delegated part of the
//! tree, or version 1's controllers.
//!
//! New cgroups are made below the caller's own, so that limits around the whole of plimsoll still hold.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use plimsoll_model::release::Limits;
use rustix::process::{Pid, Signal, kill_process};

/// Where cgroups can be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// Version 2: one folder for both.
    Unified(PathBuf),
    /// Version 1: one for each controller that there is.
    Controllers { memory: Option<PathBuf>, cpu: Option<PathBuf> },
}

/// What is limited for an instance.
const PERIOD_MICROSECONDS: u64 = 100_000;

/// Makes the cgroups that `limits` need and answers with their folders. What cannot be limited is left out;
/// [`remarks`] says so.
pub(super) fn create(name: &str, limits: &Limits) -> Vec<PathBuf> {
    let place = place();
    let mut made = Vec::new();
    let mut make = |parent: &Path, settings: &[(&str, String)]| {
        let folder = parent.join(name);
        if fs::create_dir(&folder).is_err() && !folder.is_dir() {
            return;
        }
        // Some settings are not on every kernel (swap); the first one is the limit itself.
        let set = settings.iter().map(|(file, value)| fs::write(folder.join(file), value));
        if set.collect::<Vec<_>>().first().is_some_and(Result::is_ok) {
            made.push(folder);
        } else {
            let _ = fs::remove_dir(folder);
        }
    };
    match place {
        Place::Unified(parent) => {
            let settings = unified_settings(limits);
            if !settings.is_empty() {
                let _ = fs::write(parent.join("cgroup.subtree_control"), "+memory +cpu");
                make(&parent, &settings);
            }
        }
        Place::Controllers { memory, cpu } => {
            if let (Some(parent), Some(bytes)) = (memory, limits.memory) {
                let bytes = bytes.to_string();
                make(
                    &parent,
                    &[("memory.limit_in_bytes", bytes.clone()), ("memory.memsw.limit_in_bytes", bytes)],
                );
            }
            if let (Some(parent), Some(hundredths)) = (cpu, limits.cpu) {
                let period = ("cpu.cfs_period_us", PERIOD_MICROSECONDS.to_string());
                make(&parent, &[("cpu.cfs_quota_us", quota(hundredths).to_string()), period]);
            }
        }
    }
    made
}

fn unified_settings(limits: &Limits) -> Vec<(&'static str, String)> {
    let mut settings = Vec::new();
    if let Some(bytes) = limits.memory {
        settings.push(("memory.max", bytes.to_string()));
        settings.push(("memory.swap.max", "0".to_owned()));
        settings.push(("memory.oom.group", "1".to_owned()));
    }
    if let Some(hundredths) = limits.cpu {
        settings.push(("cpu.max", format!("{} {PERIOD_MICROSECONDS}", quota(hundredths))));
    }
    settings
}

fn quota(hundredths: u32) -> u64 {
    (u64::from(hundredths) * PERIOD_MICROSECONDS / 100).max(1000)
}

/// Moves this process into the cgroups.
pub(super) fn join(folders: &[PathBuf]) -> io::Result<()> {
    folders.iter().try_for_each(|folder| fs::write(folder.join("cgroup.procs"), "0"))
}

/// Whether the kernel has ended a process there because memory ran out.
pub(super) fn ran_out_of_memory(folders: &[PathBuf]) -> bool {
    let counted = |text: &str| {
        text.lines().any(|line| line.strip_prefix("oom_kill ").is_some_and(|count| count.trim() != "0"))
    };
    let files = |folder: &PathBuf| ["memory.events", "memory.oom_control"].map(|file| folder.join(file));
    folders.iter().flat_map(files).filter_map(|file| fs::read_to_string(file).ok()).any(|text| counted(&text))
}

/// Kills every process there.
pub(super) fn kill(folders: &[PathBuf]) {
    for folder in folders {
        let members = fs::read_to_string(folder.join("cgroup.procs")).unwrap_or_default();
        for pid in members.lines().filter_map(|line| line.parse().ok()).filter_map(Pid::from_raw) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

/// Removes cgroups that are empty.
pub(super) fn remove(folders: &[PathBuf]) {
    for folder in folders {
        let _ = fs::remove_dir(folder);
    }
}

/// What of `limits` cannot be enforced here, and why.
pub(super) fn remarks(limits: &Limits, name: &str) -> Vec<String> {
    let wanted = [
        ("memory", Limits { memory: limits.memory, ..Limits::default() }, limits.memory.is_some()),
        ("processor", Limits { cpu: limits.cpu, ..Limits::default() }, limits.cpu.is_some()),
    ];
    let unable = |(what, limits, wanted): (&str, Limits, bool)| {
        if !wanted {
            return None;
        }
        let made = create(&format!("{name}-{what}-try"), &limits);
        remove(&made);
        made.is_empty().then(|| format!("{what} limits cannot be enforced: no writable cgroup"))
    };
    wanted.into_iter().filter_map(unable).collect()
}

pub(crate) fn place() -> Place {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    find_place(&mounts, &own, &|folder| {
        fs::read_to_string(folder.join("cgroup.controllers")).is_ok_and(|text| text.contains("memory"))
    })
}

/// `mountinfo` names the trees, `cgroup` the place of this process in each.
fn find_place(mounts: &str, own: &str, has_controllers: &dyn Fn(&Path) -> bool) -> Place {
    let place_in = |mount: &str, line: Option<&str>| {
        let path = line.and_then(|line| line.splitn(3, ':').nth(2)).unwrap_or("/");
        let folder = Path::new(mount).join(path.trim_start_matches('/'));
        // Inside a container the path may be one of the host.
        if folder.is_dir() { folder } else { PathBuf::from(mount) }
    };
    let named = |controller: &str| {
        own.lines().find(|line| {
            line.split(':').nth(1).is_some_and(|names| names.split(',').any(|n| n == controller))
        })
    };
    let (mut memory, mut cpu) = (None, None);
    for line in mounts.lines() {
        let Some((before, after)) = line.split_once(" - ") else { continue };
        let Some(mount) = before.split(' ').nth(4) else { continue };
        let kind = after.split(' ').next().unwrap_or_default();
        let options: Vec<_> = after.split(' ').nth(2).unwrap_or_default().split(',').collect();
        if kind == "cgroup2" {
            let folder = place_in(mount, own.lines().find(|line| line.starts_with("0::")));
            if has_controllers(&folder) {
                return Place::Unified(folder);
            }
        } else if kind == "cgroup" {
            if options.contains(&"memory") {
                memory = Some(place_in(mount, named("memory")));
            }
            if options.contains(&"cpu") {
                cpu = Some(place_in(mount, named("cpu")));
            }
        }
    }
    Place::Controllers { memory, cpu }
}

#[cfg(test)]
mod tests {
    use super::*;

    const V1: &str = "30 29 0:26 / /nowhere/cpu rw - cgroup cgroup rw,cpu\n31 29 0:27 / /nowhere/memory rw - cgroup cgroup rw,memory\n32 29 0:28 / /nowhere/unified rw - cgroup2 cgroup2 rw\n";

    #[test]
    fn version_2_counts_only_with_controllers() {
        let own = "4:memory:/a/b\n1:cpu:/\n0::/user.slice\n";
        let found = find_place(V1, own, &|_| false);
        let folders = (Some("/nowhere/memory".into()), Some("/nowhere/cpu".into()));
        assert_eq!(found, Place::Controllers { memory: folders.0, cpu: folders.1 });
        assert_eq!(find_place(V1, own, &|_| true), Place::Unified("/nowhere/unified".into()));
        assert_eq!(find_place("", "", &|_| true), Place::Controllers { memory: None, cpu: None });
    }

    #[test]
    fn quotas_are_in_microseconds_of_a_tenth_of_a_second() {
        assert_eq!((quota(100), quota(250), quota(1), quota(0)), (100_000, 250_000, 1000, 1000));
    }
}
