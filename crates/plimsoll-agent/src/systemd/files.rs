//! Unit files on disk: written whole or not at all, and only where no stranger's unit has the name.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::Scope;
use super::bus::BusError;
use super::manager::Systemd;
use super::units::{UnitText, folder_of};
use crate::durable;

/// The name of our drop-in in a unit's folder.
const DROP_IN: &str = "plimsoll.conf";

/// The unit files of one service.
#[derive(Debug, Clone)]
pub(super) struct UnitFiles {
    folder: PathBuf,
    /// The service's folder, which every file names as its owner.
    owner: PathBuf,
}

/// Unit files that could not be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilesError {
    /// Somebody else has a unit of this name.
    #[error("the unit {unit} is not plimsoll's for this service: {} is {whose}", path.display())]
    Conflict {
        /// The unit.
        unit: String,
        /// Its file.
        path: PathBuf,
        /// Whose it is, as a fragment.
        whose: String,
    },
    /// The host failed.
    #[error("cannot {action} {}: {why}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// Systemd could not be asked.
    #[error(transparent)]
    Bus(#[from] BusError),
}

impl UnitFiles {
    /// Files for the service whose folder is `owner`.
    pub(super) fn new(scope: Scope, owner: &Path) -> Self {
        Self { folder: scope.unit_folder(), owner: owner.to_owned() }
    }

    /// Refuses where a unit of this name is somebody else's, wherever systemd would find it.
    pub(super) fn check_ours(&self, systemd: &mut Systemd, unit: &str) -> Result<(), FilesError> {
        let mut files = systemd.unit_files(unit)?;
        files.push(self.folder.join(unit));
        for path in files {
            match fs::read_to_string(&path) {
                Ok(text) => self.check_text(unit, &path, &text)?,
                Err(error) if error.kind() == io::ErrorKind::NotFound && !path.is_symlink() => {}
                // A masked unit is a link to nowhere or to nothing.
                Err(error) => return Err(conflict(unit, &path, format!("not readable ({error})"))),
            }
        }
        Ok(())
    }

    fn check_text(&self, unit: &str, path: &Path, text: &str) -> Result<(), FilesError> {
        match folder_of(text) {
            Some(folder) if folder == self.owner => Ok(()),
            Some(folder) => Err(conflict(unit, path, format!("of the service in {}", folder.display()))),
            None if text.is_empty() => Err(conflict(unit, path, "masked by the administrator".to_owned())),
            None => Err(conflict(unit, path, "not made by plimsoll".to_owned())),
        }
    }

    /// The text of our file, if there is one.
    pub(super) fn read(&self, unit: &str) -> Option<String> {
        fs::read_to_string(self.folder.join(unit)).ok()
    }

    /// Writes a unit; `false` where it was so already.
    pub(super) fn write(
        &self,
        systemd: &mut Systemd,
        unit: &str,
        text: &UnitText,
    ) -> Result<bool, FilesError> {
        self.check_ours(systemd, unit)?;
        replace(&self.folder.join(unit), &text.render())
    }

    /// Writes the drop-in of an instance; `false` where it was so already.
    pub(super) fn write_drop_in(&self, unit: &str, text: &UnitText) -> Result<bool, FilesError> {
        replace(&self.drop_in(unit), &text.render())
    }

    /// The drop-in of an instance, if there is one.
    pub(super) fn read_drop_in(&self, unit: &str) -> Option<String> {
        fs::read_to_string(self.drop_in(unit)).ok()
    }

    fn drop_in(&self, unit: &str) -> PathBuf {
        self.folder.join(format!("{unit}.d")).join(DROP_IN)
    }

    /// Removes a unit of ours; nothing happens where it is not there or not ours.
    pub(super) fn remove(&self, unit: &str) -> Result<(), FilesError> {
        let path = self.folder.join(unit);
        match fs::read_to_string(&path) {
            Ok(text) if folder_of(&text).as_deref() == Some(&self.owner) => remove(&path),
            _ => Ok(()),
        }
    }

    /// Removes the drop-in of an instance, and its folder where nothing else is in it.
    pub(super) fn remove_drop_in(&self, unit: &str) -> Result<(), FilesError> {
        let path = self.drop_in(unit);
        remove(&path)?;
        // An administrator's own drop-in keeps the folder.
        let _ = path.parent().map(fs::remove_dir);
        Ok(())
    }

    /// The unit files whose names begin so.
    pub(super) fn units(&self, prefix: &str) -> Vec<String> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        names.filter(|name| name.starts_with(prefix) && name.ends_with(".service")).collect()
    }

    /// The instances that have a drop-in of ours, by their units.
    pub(super) fn drop_ins(&self, prefix: &str) -> Vec<String> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let unit = |entry: fs::DirEntry| {
            let name = entry.file_name().to_str()?.strip_suffix(".d")?.to_owned();
            name.starts_with(prefix).then_some(name)
        };
        entries.filter_map(unit).filter(|unit| self.drop_in(unit).exists()).collect()
    }
}

fn conflict(unit: &str, path: &Path, whose: String) -> FilesError {
    FilesError::Conflict { unit: unit.to_owned(), path: path.to_owned(), whose }
}

fn remove(path: &Path) -> Result<(), FilesError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("remove", path, &error)),
        _ => Ok(()),
    }
}

/// Writes a file that everybody may read, as unit files are; `false` where it was so already.
pub(super) fn replace(path: &Path, text: &str) -> Result<bool, FilesError> {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(false);
    }
    let folder = path.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(folder).map_err(|error| failed("make", folder, &error))?;
    durable::write(path, text.as_bytes()).map_err(|error| failed("write", path, &error))?;
    fs::set_permissions(path, PermissionsExt::from_mode(0o644))
        .map_err(|error| failed("open up", path, &error))?;
    Ok(true)
}

fn failed(action: &'static str, path: &Path, error: &io::Error) -> FilesError {
    FilesError::Io { action, path: path.to_owned(), why: error.to_string() }
}
