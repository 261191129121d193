//! A place for one fleet: a number from which its network, its control groups and its folder are named.
//!
//! The number is held by a lock on a file, which ends with its holders, however they end. Holders are the owner and the
//! watcher: a shell that waits until the owner's pipe closes and then takes the fleet away (`take_down.sh`, the one
//! way in which any fleet ends). Where both were killed, the next fleet finds the folder without a holder and sweeps it.

use std::fs::{File, TryLockError};
use std::io::{PipeWriter, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::error::{make_folder, write};
use super::{FleetError, tools};

/// Where fleets have their folders.
const FOLDER: &str = "/run/plimsoll-fleet";
const TAKE_DOWN: &str = include_str!("take_down.sh");
/// Waits for the end of its owner, or for the word that the fleet is to stay.
const WATCH: &str = "trap '' INT TERM HUP; read -r word && [ \"$word\" = keep ] && exit 0; exec sh -c \"$1\" sh \"$2\" \"$3\"";

/// A number that a fleet has for itself.
#[derive(Debug)]
pub(super) struct Slot {
    number: u8,
    lock: File,
}

/// The process that takes the fleet away when its owner ends.
#[derive(Debug)]
pub(super) struct Watcher {
    child: Child,
    pipe: PipeWriter,
}

impl Slot {
    /// Takes a free number, and takes away what dead owners left on the way.
    pub(super) fn take() -> Result<Self, FleetError> {
        make_folder(Path::new(FOLDER))?;
        let mut slots = Vec::new();
        // Every one is looked at, so that nothing dead stays.
        for number in 0..=u8::MAX {
            let is_left = folder(number).exists();
            if (slots.is_empty() || is_left)
                && let Some(slot) = Self::lock(number)?
                && !is_kept(number)
            {
                if is_left {
                    slot.take_down()?;
                    continue;
                }
                slots.push(slot);
            }
        }
        let slot = slots.into_iter().next().ok_or(FleetError::NoNetwork)?;
        make_folder(&slot.folder())?;
        Ok(slot)
    }

    /// The fleets that were left running on purpose.
    pub(super) fn kept() -> Vec<u8> {
        (0..=u8::MAX).filter(|number| is_kept(*number)).collect()
    }

    /// Takes a kept fleet away. `false` where somebody else is at it.
    pub(super) fn end_kept(number: u8) -> Result<bool, FleetError> {
        Self::lock(number)?.map_or(Ok(false), |slot| slot.take_down().map(|()| true))
    }

    /// Locks a number; none where another holds it.
    fn lock(number: u8) -> Result<Option<Self>, FleetError> {
        let path = folder(number).with_extension("lock");
        let lock = File::create(&path).map_err(FleetError::file("written", &path))?;
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(source)) => return Err(FleetError::file("locked", &path)(source)),
            Ok(()) => {}
        }
        // Its last holder removed the file, maybe between our opening and our locking.
        let inode =
            |metadata: std::io::Result<std::fs::Metadata>| metadata.ok().map(|metadata| metadata.ino());
        let is_same = inode(std::fs::metadata(&path)) == inode(lock.metadata());
        Ok(is_same.then_some(Self { number, lock }))
    }

    /// Starts the process that takes the fleet away.
    pub(super) fn watch(&self) -> Result<Watcher, FleetError> {
        let shown = || "sh".to_owned();
        let start = |source| FleetError::Start { command: shown(), source };
        let (reader, pipe) = std::io::pipe().map_err(start)?;
        let lock = self.lock.try_clone().map_err(start)?;
        let mut command = tools::command("sh");
        command.args(["-c", WATCH, "sh", TAKE_DOWN]).arg(self.folder()).arg(self.number.to_string());
        // Its standard output is the lock, which so stays held until it has done its work.
        command.stdin(reader).stdout(lock).stderr(Stdio::null()).process_group(0);
        let child = command.spawn().map_err(start)?;
        Ok(Watcher { child, pipe })
    }

    fn take_down(&self) -> Result<(), FleetError> {
        let mut command: Command = tools::command("sh");
        command.args(["-c", TAKE_DOWN, "sh"]).arg(self.folder()).arg(self.number.to_string());
        tools::run(&mut command).map(drop)
    }

    /// Marks the fleet as one that outlives its owner.
    pub(super) fn keep(&self) -> Result<(), FleetError> {
        write(&self.folder().join(KEPT), "")
    }

    pub(super) fn number(&self) -> u8 {
        self.number
    }

    pub(super) fn folder(&self) -> PathBuf {
        folder(self.number)
    }
}

impl Watcher {
    /// Lets the fleet be.
    pub(super) fn dismiss(mut self) {
        // It ends at either the word or the end of the pipe; the mark of a kept fleet stands already.
        let _ = self.pipe.write_all(b"keep\n");
        let _ = self.child.wait();
    }

    /// Has it take the fleet away now, and waits for that.
    pub(super) fn take_down(self) {
        let Self { mut child, pipe } = self;
        drop(pipe);
        let _ = child.wait();
    }
}

/// A file in the folder of a fleet that is to outlive its owner.
const KEPT: &str = "kept";

fn is_kept(number: u8) -> bool {
    folder(number).join(KEPT).exists()
}

/// The folder of the fleet with a number.
pub(super) fn folder(number: u8) -> PathBuf {
    Path::new(FOLDER).join(number.to_string())
}
