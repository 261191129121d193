//! The host state in files: `state/agent.json` and, for this user only, `state/secrets.json`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::targets::targets;
use super::trail_file::TrailFile;
use super::{HostState, Secrets, StateError, StateStore, parse};
use crate::durable;
use crate::layout::Layout;

/// Keeps the state in two files.
#[derive(Debug)]
pub struct FileState {
    state: PathBuf,
    secrets: PathBuf,
    targets: PathBuf,
    published: String,
    trail: TrailFile,
}

impl FileState {
    /// The state of the layout's service.
    pub fn new(layout: &Layout) -> Self {
        let folder = layout.state();
        Self {
            state: folder.join("agent.json"),
            secrets: folder.join("secrets.json"),
            targets: layout.targets(),
            published: String::new(),
            trail: TrailFile::new(&folder),
        }
    }

    /// Writes the list of instances for Prometheus where it changed. A list that cannot be written is tried again with
    /// the next change; nothing of ours depends on it.
    fn publish(&mut self, state: &HostState) {
        let text = targets(state);
        if text == self.published {
            return;
        }
        let mut beside = self.targets.clone();
        beside.set_extension("json.new");
        let written = fs::write(&beside, &text).and_then(|()| fs::rename(&beside, &self.targets));
        if written.is_ok() {
            self.published = text;
        }
    }
}

impl StateStore for FileState {
    fn load(&mut self) -> Result<Option<HostState>, StateError> {
        read(&self.state)?.map(|text| parse(&text, &self.state)).transpose()
    }

    fn save(&mut self, state: &HostState) -> Result<(), StateError> {
        write(&self.state, &serde_json::to_vec_pretty(state).expect("the state has only text keys"))?;
        self.publish(state);
        Ok(())
    }

    fn load_secrets(&mut self) -> Result<Secrets, StateError> {
        let Some(text) = read(&self.secrets)? else { return Ok(Secrets::default()) };
        // The parser's message could show a value.
        serde_json::from_slice(&text).map_err(|error| StateError::Damaged {
            path: self.secrets.clone(),
            why: format!("line {}, column {} is not as expected", error.line(), error.column()),
        })
    }

    fn save_secrets(&mut self, secrets: &Secrets) -> Result<(), StateError> {
        write(&self.secrets, &serde_json::to_vec(secrets).expect("secrets have only text keys"))
    }

    fn append_trail(&mut self, line: &str) -> Result<(), StateError> {
        self.trail.append(line)
    }

    fn trail(&mut self) -> Result<Vec<String>, StateError> {
        self.trail.lines()
    }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, StateError> {
    match fs::read(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => {
            Err(StateError::Io { action: "read", path: path.to_owned(), why: error.to_string(), full: false })
        }
    }
}

fn write(path: &Path, text: &[u8]) -> Result<(), StateError> {
    durable::write(path, text).map_err(|error| StateError::Io {
        action: "write",
        path: path.to_owned(),
        why: error.to_string(),
        full: durable::is_full(&error),
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use plimsoll_model::{Fence, Secret};

    use super::*;

    fn state_in(root: &Path) -> FileState {
        let layout = Layout::new(root, &"greeter".parse().unwrap());
        layout.create().unwrap();
        FileState::new(&layout)
    }

    #[test]
    fn what_is_saved_is_loaded() {
        let root = tempfile::tempdir().unwrap();
        let mut files = state_in(root.path());
        assert_eq!(files.load().unwrap(), None);
        let mut state = HostState::new("greeter".parse().unwrap());
        state.fence = Fence(9);
        files.save(&state).unwrap();
        assert_eq!(files.load().unwrap(), Some(state));
    }

    #[test]
    fn damage_and_other_versions_are_named() {
        let root = tempfile::tempdir().unwrap();
        let mut files = state_in(root.path());
        for (text, part) in [
            ("", "damaged"),
            ("{\"format\":1", "damaged"),
            ("{\"format\":1}", "damaged"),
            ("{\"format\":99}", "format 99"),
        ] {
            fs::write(&files.state, text).unwrap();
            let error = files.load().unwrap_err().to_string();
            assert!(error.contains(part) && error.contains("agent.json"), "{error}");
        }
        fs::write(&files.secrets, "{\"000000000000.0\":{\"A\":[\"hunter2\"]}}").unwrap();
        let error = files.load_secrets().unwrap_err().to_string();
        assert!(error.contains("secrets.json") && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn secrets_are_for_this_user_only() {
        let root = tempfile::tempdir().unwrap();
        let mut files = state_in(root.path());
        let values = [("TOKEN".to_owned(), Secret::new("hunter2"))].into();
        let secrets: Secrets = [("0123456789ab.0".parse().unwrap(), values)].into();
        files.save_secrets(&secrets).unwrap();
        assert_eq!(fs::metadata(&files.secrets).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(files.load_secrets().unwrap(), secrets);
    }
}
