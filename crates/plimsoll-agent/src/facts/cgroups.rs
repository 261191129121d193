//! Control groups: what the agent may hand on to instances, and what limits the agent itself.

use std::fs;
use std::path::{Path, PathBuf};

use plimsoll_model::facts::{Cgroups, Fact};
use rustix::fs::{Access, access};

use crate::process::cgroup::{Place, place};

/// A number that stands for "no limit" in version 1: the highest multiple of a page.
const NO_LIMIT: u64 = 0x7fff_ffff_ffff_0000;

pub(super) fn facts() -> Fact<Cgroups> {
    let writable = |folder: &Path| access(folder, Access::WRITE_OK).is_ok();
    match place() {
        Place::Unified(folder) => match fs::read_to_string(folder.join("cgroup.controllers")) {
            Ok(text) => Fact::Known(Cgroups {
                version: 2,
                controllers: text.split_ascii_whitespace().map(str::to_owned).collect(),
                writable: writable(&folder),
            }),
            Err(error) => Fact::unknown(format!("{}: {error}", folder.display())),
        },
        Place::Controllers { memory: None, cpu: None } => {
            Fact::unknown("no tree of control groups with controllers is mounted")
        }
        Place::Controllers { memory, cpu } => {
            let named = [("memory", &memory), ("cpu", &cpu)];
            let there = named.into_iter().filter_map(|(name, folder)| Some((name, folder.as_ref()?)));
            let can_be_used: Vec<_> = there.map(|(name, folder)| (name, writable(folder))).collect();
            Fact::Known(Cgroups {
                version: 1,
                controllers: can_be_used.iter().map(|(name, _)| (*name).to_owned()).collect(),
                writable: can_be_used.iter().all(|(_, writable)| *writable),
            })
        }
    }
}

/// The least memory limit around this process.
pub(super) fn memory_limit() -> Option<u64> {
    let limits = match place() {
        Place::Unified(folder) => read_upwards(&folder, "memory.max"),
        Place::Controllers { memory, .. } => {
            memory.map(|folder| read_upwards(&folder, "memory.limit_in_bytes")).unwrap_or_default()
        }
    };
    limits.iter().filter_map(|text| text.parse().ok()).filter(|limit| *limit < NO_LIMIT).min()
}

/// The least processor time around this process, in hundredths of a core.
pub(super) fn quota() -> Fact<Option<u32>> {
    let hundredths = |quota: &str, period: &str| {
        let (quota, period): (u64, u64) = (quota.parse().ok()?, period.parse().ok()?);
        u32::try_from(quota.checked_mul(100)?.checked_div(period)?).ok()
    };
    let quotas: Vec<u32> = match place() {
        Place::Unified(folder) => {
            let lines = read_upwards(&folder, "cpu.max");
            lines
                .iter()
                .filter_map(|line| line.split_once(' '))
                .filter_map(|(q, p)| hundredths(q, p))
                .collect()
        }
        Place::Controllers { cpu: Some(folder), .. } => {
            let quotas = read_upwards(&folder, "cpu.cfs_quota_us");
            let periods = read_upwards(&folder, "cpu.cfs_period_us");
            quotas.iter().zip(&periods).filter_map(|(q, p)| hundredths(q, p)).collect()
        }
        Place::Controllers { cpu: None, .. } => {
            return Fact::unknown("no tree of control groups with the processor's controller is mounted");
        }
    };
    Fact::Known(quotas.into_iter().min())
}

/// A file of the group and of those around it, up to the tree's root.
fn read_upwards(folder: &Path, file: &str) -> Vec<String> {
    let is_group = |folder: &&Path| folder.join("cgroup.procs").exists();
    let groups: Vec<PathBuf> = folder.ancestors().take_while(is_group).map(Path::to_owned).collect();
    let texts = groups.iter().filter_map(|group| fs::read_to_string(group.join(file)).ok());
    texts.map(|text| text.trim().to_owned()).collect()
}
