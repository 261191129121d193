//! The demo's own plimsoll and its processes: nothing of it may stay behind.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::{events_file, ship};
use crate::{processes, workspace};

/// How long processes may take to be gone after `plimsoll down`.
const GRACE: Duration = Duration::from_secs(5);

/// Where the demo plays.
pub(crate) struct Stage {
    folder: PathBuf,
    plimsoll: PathBuf,
}

impl Stage {
    /// Puts a copy of plimsoll into the demo's folder, so that every process of it is known by its program, and
    /// stops what an earlier demo left running.
    pub(crate) fn set(folder: &Path, built: &Path) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let folder = fs::canonicalize(folder)?;
        let stage = Self { plimsoll: folder.join("plimsoll"), folder };
        if !processes::of_folder(&stage.folder).is_empty() {
            println!("stopping what an earlier demo left running");
            stage.down();
            stage.gone()?;
        }
        // Beside and renamed: a program that runs cannot be written to.
        let beside = stage.folder.join("plimsoll.new");
        fs::copy(built, &beside).context("plimsoll cannot be copied")?;
        fs::rename(&beside, &stage.plimsoll)?;
        Ok(stage)
    }

    pub(crate) fn plimsoll(&self) -> &Path {
        &self.plimsoll
    }

    /// File for the events of a run.
    pub(super) fn events(&self, version: u32, attempt: u32) -> PathBuf {
        events_file(&self.folder, version, attempt)
    }

    /// Leaves everything running, and says how to look at it.
    #[expect(clippy::unnecessary_wraps, reason = "the other way to end may fail")]
    pub(super) fn keep(&self) -> Result<()> {
        println!("\neverything still runs. In the service's folder below {}:", self.folder.display());
        for (command, about) in [
            ("status", "what runs where"),
            ("history", "what was released"),
            ("down --all", "stops everything"),
        ] {
            println!("  {} {command:<12} {about}", self.plimsoll.display());
        }
        Ok(())
    }

    /// Stops everything, and makes sure that it has stopped.
    pub(crate) fn clear(&self) -> Result<()> {
        self.down();
        self.gone()
    }

    fn down(&self) {
        for project in ["greeter", "greeter-go"].map(|name| self.folder.join(name)) {
            if !project.join(".plimsoll").exists() || !self.plimsoll.exists() {
                continue;
            }
            let mut command = Command::new(&self.plimsoll);
            ship::clean(command.args(["down", "--all", "--quiet"]).current_dir(&project));
            if let Err(error) = workspace::read(&mut command) {
                println!("  warn {error:#}");
            }
        }
    }

    /// Waits until no process of the demo is left; ends those that stay, and fails because they did.
    fn gone(&self) -> Result<()> {
        let until = Instant::now() + GRACE;
        loop {
            let left = processes::of_folder(&self.folder);
            if left.is_empty() {
                return Ok(());
            }
            if Instant::now() > until {
                left.iter().for_each(processes::Process::kill);
                let list: Vec<String> = left.iter().map(|p| format!("{} {}", p.pid, p.arguments)).collect();
                bail!("these outlived `plimsoll down --all` and were killed:\n{}", list.join("\n"));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}
