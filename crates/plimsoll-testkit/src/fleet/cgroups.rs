//! Control groups: where a host's processes are kept, so that its limits are real and it can be frozen or ended as one.
//!
//! A machine has version 2 alone (`/sys/fs/cgroup`), or version 1 with a version 2 tree without controllers beside it
//! (`/sys/fs/cgroup/unified`). A host gets a group of its own in the version 2 tree, and where controllers are in
//! version 1 trees, one in each of those. Inside, the host sees these groups as the roots and systemd there makes its
//! own below them.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::FleetError;
use super::error::{make_folder, write};

/// Controllers that systemd's limits need.
const CONTROLLERS: [&str; 4] = ["cpu", "cpuacct", "memory", "pids"];

/// Which limits of a unit (`MemoryMax=`, `CPUQuota=`, `TasksMax=`) are enforced inside the hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Of memory.
    pub memory: bool,
    /// Of processor time.
    pub cpu: bool,
    /// Of the number of processes.
    pub tasks: bool,
    /// The version of the control groups, 1 or 2. In version 1 a service that ran out of memory ends with
    /// `Result=signal` instead of `oom-kill`, since systemd reads that from version 2 alone.
    pub version: u8,
}

/// Where this machine's control groups are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    /// The version 2 tree.
    unified: PathBuf,
    /// Whether it is the only one.
    only_unified: bool,
    /// The version 1 trees that hosts need: systemd's own and those of controllers.
    old: Vec<PathBuf>,
}

impl Layout {
    /// Reads it from the mounts; fails with the reason why hosts cannot have groups.
    pub(super) fn detect() -> Result<Self, String> {
        let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        let layout = Self::parse(&mounts)?;
        // Since Linux 5.14; without it the processes of a host cannot be ended as one.
        let probe = layout.unified.join(format!("plimsoll-probe-{:016x}", fastrand::u64(..)));
        std::fs::create_dir(&probe).map_err(|error| {
            format!("no control group can be made in {}: {error}", layout.unified.display())
        })?;
        let can_kill = probe.join("cgroup.kill").exists();
        let _ = std::fs::remove_dir(&probe);
        if can_kill { Ok(layout) } else { Err("the kernel has no cgroup.kill (Linux 5.14 has)".to_owned()) }
    }

    fn parse(mounts: &str) -> Result<Self, String> {
        let mut unified = None;
        let mut old = Vec::new();
        for line in mounts.lines() {
            let mut words = line.split(' ').skip(1);
            let (Some(place), Some(kind), Some(options)) = (words.next(), words.next(), words.next()) else {
                continue;
            };
            let is_wanted = |option: &str| option == "name=systemd" || CONTROLLERS.contains(&option);
            match kind {
                "cgroup2" if place.starts_with("/sys/fs/cgroup") => unified = Some(PathBuf::from(place)),
                "cgroup" if options.split(',').any(is_wanted) => old.push(PathBuf::from(place)),
                _ => {}
            }
        }
        let unified = unified.ok_or("no cgroup2 is mounted below /sys/fs/cgroup")?;
        let only_unified = unified == Path::new("/sys/fs/cgroup");
        old.sort();
        old.dedup();
        Ok(Self { unified, only_unified, old: if only_unified { Vec::new() } else { old } })
    }

    /// What is enforced inside hosts.
    pub(super) fn limits(&self) -> Limits {
        let available = std::fs::read_to_string(self.unified.join("cgroup.controllers")).unwrap_or_default();
        let in_new = |name: &str| available.split_whitespace().any(|controller| controller == name);
        let in_old = |name: &str| {
            let mut trees = self.old.iter().filter_map(|tree| tree.file_name()?.to_str());
            trees.any(|tree| tree.split(',').any(|controller| controller == name))
        };
        let has = |name: &str| if self.only_unified { in_new(name) } else { in_old(name) };
        let version = if self.only_unified { 2 } else { 1 };
        Limits { memory: has("memory"), cpu: has("cpu"), tasks: has("pids"), version }
    }

    /// The groups of a host. `fleet` is the name of the fleet's own group.
    pub(super) fn of_host(&self, fleet: &str, host: &str) -> Groups {
        let below = |tree: &PathBuf| tree.join(fleet).join(host);
        Groups {
            unified: below(&self.unified),
            old: self.old.iter().map(below).collect(),
            trees: self.old.clone(),
            only_unified: self.only_unified,
        }
    }
}

/// The groups of one host.
#[derive(Debug, Clone)]
pub(super) struct Groups {
    unified: PathBuf,
    old: Vec<PathBuf>,
    trees: Vec<PathBuf>,
    only_unified: bool,
}

impl Groups {
    /// Makes them, empty.
    pub(super) fn make(&self) -> Result<(), FleetError> {
        // What an earlier boot left below.
        self.all().for_each(|group| remove_below(group));
        self.all().try_for_each(|group| make_folder(group))?;
        // A host that was frozen when it was ended.
        self.freeze(false)?;
        if self.only_unified {
            let fleet = self.unified.parent().expect("it is two folders below the tree");
            let root = fleet.parent().expect("it is two folders below the tree");
            for controller in ["cpu", "memory", "pids"] {
                // One that is missing is missing in `Limits` as well.
                let _ = write(&root.join("cgroup.subtree_control"), format!("+{controller}"));
                let _ = write(&fleet.join("cgroup.subtree_control"), format!("+{controller}"));
            }
        }
        Ok(())
    }

    /// All of them; a process that is to be the host's joins each.
    pub(super) fn all(&self) -> impl Iterator<Item = &PathBuf> {
        std::iter::once(&self.unified).chain(&self.old)
    }

    /// Trees that the host must be allowed to write in: nspawn mounts those of version 1 read-only.
    pub(super) fn to_open(&self) -> &[PathBuf] {
        &self.trees
    }

    /// The processes in it and below, as this machine numbers them.
    pub(super) fn pids(&self) -> Vec<i32> {
        let mut pids = Vec::new();
        let mut folders = vec![self.unified.clone()];
        while let Some(folder) = folders.pop() {
            let listed = std::fs::read_to_string(folder.join("cgroup.procs")).unwrap_or_default();
            pids.extend(listed.lines().filter_map(|line| line.parse::<i32>().ok()));
            folders.extend(children(&folder));
        }
        pids
    }

    /// Ends every process at once, with SIGKILL, and waits until the last is gone.
    pub(super) fn kill(&self) -> Result<(), FleetError> {
        if !self.unified.exists() {
            return Ok(());
        }
        write(&self.unified.join("cgroup.kill"), "1")?;
        self.wait("populated 0")
    }

    /// Stops every process where it is, or lets all go on.
    pub(super) fn freeze(&self, frozen: bool) -> Result<(), FleetError> {
        let bit = u8::from(frozen);
        write(&self.unified.join("cgroup.freeze"), bit.to_string())?;
        self.wait(&format!("frozen {bit}"))
    }

    /// Waits for a line of the group's events.
    fn wait(&self, line: &str) -> Result<(), FleetError> {
        let limit = Duration::from_secs(20);
        let deadline = Instant::now() + limit;
        loop {
            let events = super::error::read(&self.unified.join("cgroup.events"))?;
            if events.lines().any(|seen| seen == line) {
                return Ok(());
            }
            if Instant::now() > deadline {
                let host = self.unified.display().to_string();
                let seen = events.trim_end().replace('\n', ", ");
                return Err(FleetError::Late { host, what: "its control group", seen, limit });
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

fn children(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .map(|entry| entry.path())
        .collect()
}

fn remove_below(folder: &Path) {
    for child in children(folder) {
        remove_below(&child);
        // Groups with processes stay; none has any where this is used.
        let _ = std::fs::remove_dir(child);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_layouts_are_read() {
        let both = "cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0\n\
                    cgroup /sys/fs/cgroup/freezer cgroup rw,freezer 0 0\n\
                    cgroup /sys/fs/cgroup/systemd cgroup rw,name=systemd 0 0\n\
                    cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n";
        let layout = Layout::parse(both).unwrap();
        assert_eq!(layout.old, ["/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/systemd"].map(PathBuf::from));
        assert_eq!(layout.limits(), Limits { memory: false, cpu: true, tasks: false, version: 1 });
        let new = Layout::parse("cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n").unwrap();
        assert!(new.only_unified && new.old.is_empty());
        assert!(Layout::parse("proc /proc proc rw 0 0\n").is_err());
    }
}
