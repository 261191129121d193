//! Our own program on a host, as coordinators place it: `<root>/bin/<digest>/plimsoll`, one folder for each version.
//!
//! [`tidy`] removes versions that nobody used lately and no process runs; [`check_owner`] refuses to act as root from a
//! file that somebody else could have replaced.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Versions that are kept beside those that run.
const KEPT: usize = 4;
/// Whatever is younger may be in use by a coordinator that is about to run it.
const YOUNG: Duration = Duration::from_secs(24 * 60 * 60);

/// A program that root must not run.
#[derive(Debug, thiserror::Error)]
pub enum OwnerError {
    /// Somebody else may change it or a folder above it.
    #[error(
        "{} may be changed by others than root (owner {owner}, mode {mode:o}), so it must not be run as root; place \
         plimsoll in a folder that only root writes, as /opt/plimsoll/bin", path.display()
    )]
    Exposed {
        /// The file or folder.
        path: PathBuf,
        /// Its owner.
        owner: u32,
        /// Its mode.
        mode: u32,
    },
    /// It cannot be looked at.
    #[error("cannot look at {}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Refuses a program that others than root may change, in itself or by a folder above it.
pub fn check_owner(program: &Path) -> Result<(), OwnerError> {
    for path in program.ancestors() {
        let failed = |source| OwnerError::Io { path: path.to_owned(), source };
        let found = fs::symlink_metadata(path).map_err(failed)?;
        let (owner, mode) = (found.uid(), found.mode() & 0o7777);
        // A sticky folder (/tmp) lets nobody rename what is another's.
        let exposed = mode & 0o022 != 0 && mode & 0o1000 == 0;
        if owner != 0 || exposed {
            return Err(OwnerError::Exposed { path: path.to_owned(), owner, mode });
        }
    }
    Ok(())
}

/// Marks the version that runs as used, and removes those beyond the newest few that no process runs and nobody used
/// for a day; also what cut uploads left. It is no matter if it does not work: the next one tries again.
pub fn tidy(root: &Path, running: &Path, now: SystemTime) {
    let bin = root.join("bin");
    let Some(own) = running.parent().filter(|folder| folder.parent() == Some(bin.as_path())) else { return };
    if let Ok(folder) = fs::File::open(own) {
        let _ = folder.set_modified(now);
    }
    let old = |path: &Path| {
        let modified = fs::symlink_metadata(path).and_then(|found| found.modified());
        modified.is_ok_and(|at| now.duration_since(at).is_ok_and(|age| age > YOUNG))
    };
    let mut versions = Vec::new();
    for entry in fs::read_dir(&bin).into_iter().flatten().flatten() {
        let (name, path) = (entry.file_name(), entry.path());
        let Some(name) = name.to_str() else { continue };
        if is_digest(name) {
            let used = entry.metadata().and_then(|found| found.modified()).unwrap_or(now);
            versions.push((used, path));
        } else if name.strip_prefix('.').and_then(|name| name.get(..64)).is_some_and(is_digest) && old(&path)
        {
            let _ = fs::remove_file(&path);
        }
    }
    versions.sort_by_key(|(used, _)| std::cmp::Reverse(*used));
    let in_use = running_programs();
    for (_, folder) in versions.into_iter().skip(KEPT) {
        if old(&folder) && !in_use.iter().any(|program| program.starts_with(&folder)) {
            let _ = fs::remove_dir_all(&folder);
        }
    }
}

fn is_digest(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// The programs of all processes that can be seen.
fn running_programs() -> BTreeSet<PathBuf> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes.filter_map(|process| fs::read_link(process.path().join("exe")).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(root: &Path, number: u64, used: SystemTime) -> PathBuf {
        let folder = root.join("bin").join(format!("{number:064x}"));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("plimsoll"), "").unwrap();
        fs::File::open(&folder).unwrap().set_modified(used).unwrap();
        folder.join("plimsoll")
    }

    #[test]
    fn versions_that_nobody_uses_go_and_others_stay() {
        let root = tempfile::tempdir().unwrap();
        let now = SystemTime::now();
        let week = |weeks: u64| now - Duration::from_secs(weeks * 7 * 24 * 60 * 60);
        let programs: Vec<PathBuf> = (1..=8).map(|n| version(root.path(), n, week(n))).collect();
        // The oldest one runs.
        let oldest = programs[7].clone();
        fs::copy("/bin/sleep", &oldest).unwrap();
        let used = fs::File::open(oldest.parent().unwrap()).unwrap();
        used.set_modified(week(8)).unwrap();
        let mut running = std::process::Command::new(&oldest).arg("60").spawn().unwrap();
        let cut = root.path().join("bin").join(format!(".{:064x}.part", 1));
        fs::write(&cut, "half").unwrap();
        fs::File::open(&cut).unwrap().set_modified(week(1)).unwrap();
        tidy(root.path(), &programs[4], now);
        let there: Vec<bool> = programs.iter().map(|program| program.exists()).collect();
        running.kill().unwrap();
        running.wait().unwrap();
        assert_eq!(there, [true, true, true, false, true, false, false, true]);
        assert!(!cut.exists());
    }

    #[test]
    fn a_program_below_a_folder_of_others_is_not_run_as_root() {
        use std::os::unix::fs::PermissionsExt as _;
        if !rustix::process::getuid().is_root() {
            println!("skipped: a_program_below_a_folder_of_others_is_not_run_as_root: needs root");
            return;
        }
        let root = tempfile::tempdir().unwrap();
        let program = root.path().join("plimsoll");
        fs::write(&program, "").unwrap();
        check_owner(&program).unwrap();
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o775)).unwrap();
        assert!(matches!(check_owner(&program), Err(OwnerError::Exposed { mode: 0o775, .. })));
    }
}
