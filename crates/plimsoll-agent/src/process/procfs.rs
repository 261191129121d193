//! What `/proc` says about processes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// A process as `/proc/PID/stat` shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stat {
    pub(crate) parent: u32,
    /// Start in clock ticks since boot, field 22.
    pub(crate) start_ticks: u64,
    /// Whether it has ended and waits to be collected.
    pub(crate) ended: bool,
}

/// The process's state, if there is such a process.
pub(crate) fn stat(pid: u32) -> Option<Stat> {
    parse_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// The program's name is in parentheses and may hold anything, so fields are counted from the last one.
fn parse_stat(text: &str) -> Option<Stat> {
    let (_, fields) = text.rsplit_once(')')?;
    let fields: Vec<_> = fields.split_ascii_whitespace().collect();
    Some(Stat {
        parent: fields.get(1)?.parse().ok()?,
        start_ticks: fields.get(19)?.parse().ok()?,
        ended: matches!(*fields.first()?, "Z" | "X" | "x"),
    })
}

/// Whether exactly this process runs.
pub(crate) fn is_alive(pid: u32, start_ticks: u64) -> bool {
    stat(pid).is_some_and(|stat| stat.start_ticks == start_ticks && !stat.ended)
}

/// Tells this boot of the machine from others: process numbers and ticks begin again with each.
pub(crate) fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").map(|id| id.trim().to_owned()).unwrap_or_default()
}

/// All processes.
pub(super) fn all() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// The process and all its descendants.
pub(super) fn tree(root: u32) -> BTreeSet<u32> {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for pid in all() {
        if let Some(stat) = stat(pid) {
            children.entry(stat.parent).or_default().push(pid);
        }
    }
    let (mut found, mut next) = (BTreeSet::new(), vec![root]);
    while let Some(pid) = next.pop() {
        if found.insert(pid) {
            next.extend(children.get(&pid).into_iter().flatten());
        }
    }
    found
}

/// The program of a process, as a path.
pub(super) fn executable(pid: u32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/exe")).ok()
}

/// Processes whose program lies below `folder`, with it.
pub fn running_from(folder: &Path) -> Vec<(u32, PathBuf)> {
    let Ok(folder) = fs::canonicalize(folder) else { return Vec::new() };
    let running = all().filter_map(|pid| Some((pid, executable(pid)?)));
    let alive = |pid: u32| stat(pid).is_some_and(|stat| !stat.ended);
    running.filter(|(pid, program)| program.starts_with(&folder) && alive(*pid)).collect()
}

/// Signals exactly this process; one that took its number later is left alone. Nothing happens where it is gone.
pub(super) fn send(pid: u32, start_ticks: u64, signal: Signal) -> std::io::Result<()> {
    let Some(number) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return Ok(()) };
    let handle = match pidfd_open(number, PidfdFlags::empty()) {
        Err(rustix::io::Errno::SRCH) => return Ok(()),
        other => other?,
    };
    // The handle is of the process that has the number now; what is seen after that is about the same one.
    if !is_alive(pid, start_ticks) {
        return Ok(());
    }
    match pidfd_send_signal(&handle, signal) {
        Err(rustix::io::Errno::SRCH) => Ok(()),
        other => Ok(other?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_found_and_alive() {
        let me = std::process::id();
        let stat = stat(me).unwrap();
        assert!(is_alive(me, stat.start_ticks));
        assert!(!is_alive(me, stat.start_ticks + 1));
        assert!(tree(me).contains(&me));
        assert_eq!(executable(me).unwrap(), std::env::current_exe().unwrap());
        assert!(!boot_id().is_empty());
    }

    #[test]
    fn programs_are_found_by_their_folder() {
        let program = std::env::current_exe().unwrap();
        let found = running_from(program.parent().unwrap());
        assert!(found.contains(&(std::process::id(), program)), "{found:?}");
        assert_eq!(running_from(tempfile::tempdir().unwrap().path()), []);
    }

    #[test]
    fn a_name_may_look_like_fields() {
        let text = "42 (a) Z 1 (b) S 7 42 42 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 9001 1 1";
        let stat = parse_stat(text).unwrap();
        assert_eq!((stat.parent, stat.start_ticks, stat.ended), (7, 9001, false));
        for bad in ["", "1 (x", "1 (x) S", "1 (x) S a b"] {
            assert_eq!(parse_stat(bad), None);
        }
    }
}
