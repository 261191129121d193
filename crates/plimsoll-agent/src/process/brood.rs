//! What an instance's process leaves behind: children that left its session and group, as daemons do.
//!
//! The shim is made the parent of every orphan below it (a "child subreaper"), so that each can be found as long as the
//! shim lives, whatever it did to get away. They end with the instance.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, getpid, set_child_subreaper, waitpid};

use super::procfs;

/// How long ending them may take. What takes longer is stuck in the kernel.
const PATIENCE: Duration = Duration::from_secs(2);

/// Has this process inherit the orphans among its descendants from now on.
pub(super) fn adopt() {
    // Kernels without it are older than any that we run on; there, only those in the group are found.
    let _ = set_child_subreaper(Some(getpid()));
}

/// Collects orphans that have ended by themselves, all but `kept`, whom somebody else waits for.
pub(super) fn collect(kept: u32) {
    for child in children() {
        if child != kept && procfs::stat(child).is_some_and(|stat| stat.ended) {
            reap(child);
        }
    }
}

/// Ends every descendant of this process. Gives those that were there, with their programs.
pub(super) fn end() -> BTreeMap<u32, Option<PathBuf>> {
    let (mut found, began) = (BTreeMap::new(), Instant::now());
    loop {
        collect(0);
        let live: Vec<_> = descendants().collect();
        if live.is_empty() || began.elapsed() >= PATIENCE {
            return found;
        }
        // Again until none is left: one that forks meanwhile leaves another.
        for (pid, start_ticks) in live {
            found.entry(pid).or_insert_with(|| procfs::executable(pid));
            let _ = procfs::send(pid, start_ticks, Signal::KILL);
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// Descendants that still run, each with its start.
pub(super) fn descendants() -> impl Iterator<Item = (u32, u64)> {
    let me = std::process::id();
    let others = procfs::tree(me).into_iter().filter(move |pid| *pid != me);
    others.filter_map(|pid| {
        let stat = procfs::stat(pid).filter(|stat| !stat.ended)?;
        Some((pid, stat.start_ticks))
    })
}

/// The children of every thread of this process.
fn children() -> Vec<u32> {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    let numbers = |list: String| -> Vec<u32> {
        list.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect()
    };
    lists.flat_map(numbers).collect()
}

fn reap(child: u32) {
    if let Some(pid) = i32::try_from(child).ok().and_then(Pid::from_raw) {
        let _ = waitpid(Some(pid), WaitOptions::NOHANG);
    }
}
