//! Where everything of a service is on its host.
//!
//! ```text
//! <root>/<service>/
//!   releases/<id>/   sealed, never changed
//!   incoming/<id>/   half received
//!   current          -> releases/<id>
//!   shared/          the instances' working folder, outlives releases
//!   targets.json     the running instances, for Prometheus' `file_sd_configs`
//!   state/           agent.json, secrets.json, agent.lock, proxy.json, sockets, audit.jsonl
//!   state/runs/      one folder for each execution of an instance
//!   state/logs/      one folder for each instance
//! ```
//!
//! Sockets lie in a short folder outside, because their paths may have no more than 107 bytes.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use plimsoll_model::{Digest, InstanceId, ServiceName};

use crate::durable;
use crate::runtime::ProcessHandle;

/// The files of one service on one host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    folder: PathBuf,
}

/// The sockets of one service on one host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sockets {
    /// Where the agent takes requests.
    pub agent: PathBuf,
    folder: PathBuf,
    tag: String,
}

impl Sockets {
    /// Where the `number`th proxy of this service is steered.
    pub fn proxy(&self, number: u32) -> PathBuf {
        self.folder.join(format!("{}-proxy-{number}.sock", self.tag))
    }

    /// Removes this service's sockets that nobody answers: those of processes that were killed.
    pub fn sweep(&self) {
        let prefix = format!("{}-", self.tag);
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(&prefix));
            let refused = |error: io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
            if ours && UnixStream::connect(entry.path()).is_err_and(refused) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// Folders that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LayoutError {
    /// A folder could not be made.
    #[error("cannot make the folder {}: {why}", path.display())]
    Create {
        /// The folder.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The folder for sockets is not safe.
    #[error("the folder {} is not this user's alone (owner {owner}, mode {mode:o}); remove it", path.display())]
    NotOurs {
        /// The folder.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Its mode.
        mode: u32,
    },
}

impl Layout {
    /// The files of `service` below `root`. Nothing is made yet.
    pub fn new(root: &Path, service: &ServiceName) -> Self {
        Self { folder: root.join(service.as_str()) }
    }

    /// Makes the folders that are missing.
    pub fn create(&self) -> Result<(), LayoutError> {
        for (path, mode) in [
            (self.folder.clone(), 0o755),
            (self.releases(), 0o755),
            (self.shared(), 0o755),
            (self.incoming(), 0o700),
            (self.state(), 0o700),
            (self.runs(), 0o700),
            (self.logs(), 0o700),
        ] {
            let made = DirBuilder::new().recursive(true).mode(mode).create(&path);
            made.map_err(|error| LayoutError::Create { path, why: error.to_string() })?;
        }
        Ok(())
    }

    /// The service's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Sealed releases.
    pub fn releases(&self) -> PathBuf {
        self.folder.join("releases")
    }

    /// Half received releases.
    pub fn incoming(&self) -> PathBuf {
        self.folder.join("incoming")
    }

    /// The link to the current release.
    pub fn current(&self) -> PathBuf {
        self.folder.join("current")
    }

    /// The instances' working folder.
    pub fn shared(&self) -> PathBuf {
        self.folder.join("shared")
    }

    /// The running instances, for Prometheus.
    pub fn targets(&self) -> PathBuf {
        self.folder.join("targets.json")
    }

    /// What the agent remembers.
    pub fn state(&self) -> PathBuf {
        self.folder.join("state")
    }

    /// What the proxy remembers.
    pub fn proxy_state(&self) -> PathBuf {
        self.state().join("proxy.json")
    }

    pub(crate) fn runs(&self) -> PathBuf {
        self.state().join("runs")
    }

    pub(crate) fn run(&self, process: &ProcessHandle) -> PathBuf {
        self.runs().join(process.to_string())
    }

    /// Runs of an instance that are on disk.
    pub(crate) fn runs_of(&self, instance: &InstanceId) -> Vec<ProcessHandle> {
        let entries = fs::read_dir(self.runs()).into_iter().flatten().flatten();
        let handle = |entry: fs::DirEntry| {
            let name = entry.file_name();
            let (name, run) = name.to_str()?.rsplit_once('-')?;
            Some(ProcessHandle { instance: name.parse().ok()?, run: run.parse().ok()? })
        };
        entries.filter_map(handle).filter(|handle| handle.instance == *instance).collect()
    }

    pub(crate) fn logs(&self) -> PathBuf {
        self.state().join("logs")
    }

    pub(crate) fn log(&self, instance: &InstanceId) -> PathBuf {
        self.logs().join(instance.to_string())
    }

    /// Twelve hexadecimal digits that stand for this service and folder in short names.
    pub(crate) fn tag(&self) -> String {
        let absolute = fs::canonicalize(&self.folder).unwrap_or_else(|_| self.folder.clone());
        Digest::of(absolute.as_os_str().as_encoded_bytes()).short()
    }

    /// The sockets. Their folder is chosen once (`$XDG_RUNTIME_DIR/plimsoll`, or `/tmp/plimsoll-<uid>`) and written
    /// down, so that callers with another environment find the same; it is made where it is missing.
    pub fn sockets(&self) -> Result<Sockets, LayoutError> {
        let note = self.state().join("sockets");
        let noted = fs::read_to_string(&note).ok().map(PathBuf::from).filter(|path| path.is_absolute());
        let folder = if let Some(folder) = noted.filter(|folder| make_private(folder).is_ok()) {
            folder
        } else {
            let folder = choose_folder()?;
            durable::write(&note, folder.as_os_str().as_encoded_bytes())
                .map_err(|error| LayoutError::Create { path: note, why: error.to_string() })?;
            folder
        };
        Ok(self.sockets_below(folder))
    }

    /// The sockets in a folder of the caller's choice, which is made where it is missing.
    pub fn sockets_in(&self, folder: &Path) -> Result<Sockets, LayoutError> {
        make_private(folder)?;
        Ok(self.sockets_below(folder.to_owned()))
    }

    fn sockets_below(&self, folder: PathBuf) -> Sockets {
        let tag = self.tag();
        Sockets { agent: folder.join(format!("{tag}-agent.sock")), folder, tag }
    }
}

/// What is left for the folder: a socket's path has 107 bytes at most, and its name here 34.
const LONGEST_FOLDER: usize = 107 - 35;

fn choose_folder() -> Result<PathBuf, LayoutError> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let runtime = runtime.filter(|path| path.is_absolute()).map(|path| path.join("plimsoll"));
    if let Some(folder) = runtime.filter(|path| path.as_os_str().len() <= LONGEST_FOLDER)
        && make_private(&folder).is_ok()
    {
        return Ok(folder);
    }
    let folder = PathBuf::from(format!("/tmp/plimsoll-{}", rustix::process::getuid().as_raw()));
    make_private(&folder)?;
    Ok(folder)
}

/// Makes the folder for this user only; one that is there must be so already.
fn make_private(folder: &Path) -> Result<(), LayoutError> {
    let failed = |error: io::Error| LayoutError::Create { path: folder.to_owned(), why: error.to_string() };
    match DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(failed(error)),
    }
    // The link itself is looked at: in /tmp anybody could have put one there.
    let found = folder.symlink_metadata().map_err(failed)?;
    let (owner, mode) = (found.uid(), found.permissions().mode() & 0o777);
    if found.is_dir() && owner == rustix::process::getuid().as_raw() && mode == 0o700 {
        Ok(())
    } else {
        Err(LayoutError::NotOurs { path: folder.to_owned(), owner, mode })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn sockets_have_short_paths_and_stay_where_they_are() {
        let root = tempfile::tempdir().unwrap();
        let deep = root.path().join("a".repeat(200));
        let layout = Layout::new(&deep, &"greeter".parse().unwrap());
        layout.create().unwrap();
        let sockets = layout.sockets().unwrap();
        assert!(sockets.agent.as_os_str().len() <= 107 && sockets.proxy(u32::MAX).as_os_str().len() <= 107);
        assert_eq!(sockets, layout.sockets().unwrap());
        let other = Layout::new(&deep, &"other".parse().unwrap());
        other.create().unwrap();
        assert_ne!(sockets, other.sockets().unwrap());
    }

    #[test]
    fn only_sockets_that_nobody_answers_are_swept() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        let sockets =
            Sockets { agent: at("a-agent.sock"), folder: root.path().to_owned(), tag: "a".to_owned() };
        let living = UnixListener::bind(sockets.proxy(2)).unwrap();
        drop(UnixListener::bind(sockets.proxy(1)).unwrap());
        drop(UnixListener::bind(at("b-proxy-1.sock")).unwrap());
        sockets.sweep();
        assert!(!sockets.proxy(1).exists() && sockets.proxy(2).exists() && at("b-proxy-1.sock").exists());
        drop(living);
    }

    #[test]
    fn a_folder_that_others_may_read_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("sockets");
        make_private(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(matches!(make_private(&folder), Err(LayoutError::NotOurs { mode: 0o755, .. })));
        let link = root.path().join("link");
        std::os::unix::fs::symlink(root.path(), &link).unwrap();
        assert!(make_private(&link).is_err());
    }
}
