//! A host's disk: a file system in memory of limited size, laid over the common root.
//!
//! It outlives the host's processes, so a host that lost its power boots again with what it had written. Filling it
//! makes the file system itself smaller, down to what is in use: full means `ENOSPC` in that host, costs no memory, and
//! is undone by giving the size back.

use std::path::{Path, PathBuf};

use super::error::make_folder;
use super::{FleetError, tools};

/// The disk of one host, below its folder.
#[derive(Debug, Clone)]
pub(super) struct Disk {
    memory: PathBuf,
    root: PathBuf,
    megabytes: u32,
}

impl Disk {
    pub(super) fn new(host: &Path, megabytes: u32) -> Self {
        Self { memory: host.join("disk"), root: host.join("root"), megabytes }
    }

    /// Makes it over a root.
    pub(super) fn make(&self, below: &Path) -> Result<(), FleetError> {
        make_folder(&self.memory)?;
        make_folder(&self.root)?;
        let size = format!("size={}m,mode=755", self.megabytes);
        let mount = |kind: &str, options: &str, place: &Path| {
            tools::run(tools::command("mount").args(["-t", kind, "-o", options, kind]).arg(place))
        };
        mount("tmpfs", &size, &self.memory)?;
        let (upper, work) = (self.memory.join("upper"), self.memory.join("work"));
        make_folder(&upper)?;
        make_folder(&work)?;
        let layers =
            format!("lowerdir={},upperdir={},workdir={}", below.display(), upper.display(), work.display());
        mount("overlay", &layers, &self.root).map(drop)
    }

    /// The host's root.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Leaves so much room and no more.
    pub(super) fn fill(&self, but_for: u64) -> Result<(), FleetError> {
        // What is written between the two makes the size impossible; then it is tried with the new one.
        let mut last = Ok(());
        for _ in 0..20 {
            let stat = rustix::fs::statvfs(&self.memory)
                .map_err(|error| FleetError::file("asked", &self.memory)(error.into()))?;
            let used = (stat.f_blocks - stat.f_bfree) * stat.f_frsize;
            last = self.resize(&(used + but_for).to_string());
            if last.is_ok() {
                break;
            }
        }
        last
    }

    /// Gives the room back.
    pub(super) fn free(&self) -> Result<(), FleetError> {
        self.resize(&format!("{}m", self.megabytes))
    }

    fn resize(&self, size: &str) -> Result<(), FleetError> {
        let options = format!("remount,size={size}");
        tools::run(tools::command("mount").args(["-o", &options]).arg(&self.memory)).map(drop)
    }
}
