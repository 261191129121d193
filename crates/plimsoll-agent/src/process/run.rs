//! The folder of one execution: what the agent ordered, and what shim and launch wrote about it.
//!
//! ```text
//! state/runs/<instance>-<run>/
//!   order.json     what to run                                   agent, before the shim is started
//!   secrets.json   secret variables, removed once they are read  agent; launch removes it
//!   lock           held by the shim as long as it lives          shim
//!   cgroups.json   the cgroups that were made                    shim
//!   process.json   process number and start                      launch, once, before it becomes the program
//!   failure        why the program could not be executed         launch
//!   exit.json      how it ended                                  shim, last
//! ```

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use plimsoll_model::release::Limits;
use plimsoll_model::{InstanceId, Secret};

use super::procfs;
use crate::durable;
use crate::runtime::{Exit, ProcessStatus};

/// What the shim is told. Only shims of the same version read it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Order {
    pub(super) instance: InstanceId,
    pub(super) executable: PathBuf,
    pub(super) args: Vec<String>,
    pub(super) variables: BTreeMap<String, String>,
    pub(super) limits: Limits,
    pub(super) folder: PathBuf,
    pub(super) log: PathBuf,
    /// Name for cgroups, unique on the host.
    pub(super) name: String,
    /// The program that knows the step `launch`.
    pub(super) plimsoll: PathBuf,
}

/// Which process it became.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct ProcessRecord {
    pub(super) pid: u32,
    pub(super) start_ticks: u64,
    /// Ticks and numbers begin again with every boot.
    pub(super) boot: String,
}

/// The folder.
#[derive(Debug, Clone)]
pub(super) struct Run(pub(super) PathBuf);

impl Run {
    /// The folder that an order's file is in.
    pub(super) fn of_order(order: &Path) -> Option<Self> {
        order.parent().map(|folder| Self(folder.to_owned()))
    }

    pub(super) fn order_path(&self) -> PathBuf {
        self.0.join("order.json")
    }

    pub(super) fn order(&self) -> io::Result<Order> {
        read(&self.order_path())
    }

    pub(super) fn write_order(&self, order: &Order, secrets: &BTreeMap<String, Secret>) -> io::Result<()> {
        durable::write(&self.0.join("secrets.json"), &json(secrets))?;
        durable::write(&self.order_path(), &json(order))
    }

    /// The secrets, as long as they have not been taken.
    pub(super) fn secrets(&self) -> io::Result<BTreeMap<String, Secret>> {
        read(&self.0.join("secrets.json"))
    }

    /// The secrets, once: their file is gone afterwards.
    pub(super) fn take_secrets(&self) -> io::Result<BTreeMap<String, Secret>> {
        let secrets = self.secrets()?;
        fs::remove_file(self.0.join("secrets.json"))?;
        Ok(secrets)
    }

    pub(super) fn write_cgroups(&self, folders: &[PathBuf]) -> io::Result<()> {
        durable::write(&self.0.join("cgroups.json"), &json(&folders))
    }

    pub(super) fn cgroups(&self) -> Vec<PathBuf> {
        read(&self.0.join("cgroups.json")).unwrap_or_default()
    }

    /// Writes down the process, unless one was before; `false` then.
    pub(super) fn claim(&self, process: &ProcessRecord) -> io::Result<bool> {
        durable::write_once(&self.0.join("process.json"), &json(process))
    }

    pub(super) fn process(&self) -> Option<ProcessRecord> {
        read(&self.0.join("process.json")).ok()
    }

    pub(super) fn write_failure(&self, why: &str) -> io::Result<()> {
        durable::write(&self.0.join("failure"), why.as_bytes())
    }

    pub(super) fn failure(&self) -> Option<String> {
        fs::read_to_string(self.0.join("failure")).ok()
    }

    pub(super) fn write_exit(&self, exit: &Exit) -> io::Result<()> {
        durable::write(&self.0.join("exit.json"), &json(exit))
    }

    pub(super) fn exit(&self) -> Option<Exit> {
        read(&self.0.join("exit.json")).ok()
    }

    /// Takes the lock that says "a shim lives here"; `None` where another one does.
    pub(super) fn lock(&self) -> io::Result<Option<File>> {
        let file = OpenOptions::new().create(true).append(true).open(self.0.join("lock"))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(file)),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn has_shim(&self) -> bool {
        self.0.join("lock").exists() && matches!(self.lock(), Ok(None))
    }

    /// What became of the execution.
    pub(super) fn status(&self) -> ProcessStatus {
        if let Some(exit) = self.exit() {
            return ProcessStatus::Exited(exit);
        }
        let has_shim = self.has_shim();
        match self.process() {
            None if has_shim => ProcessStatus::Launching,
            None => self.exit().map_or(ProcessStatus::Absent, ProcessStatus::Exited),
            Some(process) => {
                let ProcessRecord { pid, start_ticks, boot } = process;
                // A process that has just ended still counts as running until its shim has said how it ended.
                if boot == procfs::boot_id() && (procfs::is_alive(pid, start_ticks) || has_shim) {
                    return ProcessStatus::Running { pid, start_ticks };
                }
                // The shim may have finished between the two looks.
                ProcessStatus::Exited(self.exit().unwrap_or(Exit::Unknown))
            }
        }
    }
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("orders have only text keys")
}

fn read<T: DeserializeOwned>(path: &Path) -> io::Result<T> {
    serde_json::from_slice(&fs::read(path)?).map_err(io::Error::from)
}
