//! The folder that a state belongs to.
//!
//! A state names processes. Copied with its folder it still names those of the original, and an agent that believed it
//! would end them. So the state says where it lies: by its path, and by the folder's number on its disk. A folder that
//! was moved keeps its number, one that was restored in its place keeps its path; a copy has neither.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::durable;
use crate::layout::Layout;
use crate::state::StateStore as _;
use crate::state::file::FileState;

/// Where a state lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Place {
    path: PathBuf,
    device: u64,
    inode: u64,
}

/// A state that belongs elsewhere.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// It was copied from a folder whose instances run.
    #[error(
        "{} is a copy of {}, and describes the instances that run there, not here",
        here.display(),
        original.display()
    )]
    Copied {
        /// The copy.
        here: PathBuf,
        /// Where it was copied from.
        original: PathBuf,
        /// What to remove, so that the copy begins anew.
        state: PathBuf,
    },
    /// It cannot be found out or written down.
    #[error("cannot use {}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Refuses a state that was copied while what it describes ran.
pub fn check(layout: &Layout) -> Result<(), PlaceError> {
    let Some(known) =
        fs::read(file(layout)).ok().and_then(|text| serde_json::from_slice::<Place>(&text).ok())
    else {
        return Ok(());
    };
    let here = here(layout)?;
    let is_same_folder = (known.device, known.inode) == (here.device, here.inode);
    // Of what was stopped nothing is left that two could both take for theirs.
    let describes_something = || matches!(FileState::new(layout).load(), Ok(Some(state)) if state.has_work());
    if known.path == here.path || is_same_folder || !describes_something() {
        return Ok(());
    }
    Err(PlaceError::Copied { here: here.path, original: known.path, state: layout.state() })
}

/// [`check`], and then the state is this folder's.
pub(crate) fn claim(layout: &Layout) -> Result<(), PlaceError> {
    check(layout)?;
    let text = serde_json::to_vec(&here(layout)?).expect("a place has only text keys");
    let path = file(layout);
    durable::write(&path, &text).map_err(|source| PlaceError::Io { path, source })
}

fn file(layout: &Layout) -> PathBuf {
    layout.state().join("place.json")
}

fn here(layout: &Layout) -> Result<Place, PlaceError> {
    let folder = layout.folder();
    let find = |folder: &Path| {
        let (path, found) = (fs::canonicalize(folder)?, fs::metadata(folder)?);
        Ok(Place { path, device: found.dev(), inode: found.ino() })
    };
    find(folder).map_err(|source| PlaceError::Io { path: folder.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::HostState;

    /// A folder with a state that describes something, or nothing.
    fn layout_in(root: &Path, busy: bool) -> Layout {
        let layout = Layout::new(root, &"greeter".parse().unwrap());
        layout.create().unwrap();
        let mut state = HostState::new("greeter".parse().unwrap());
        state.proxy_wanted = busy;
        FileState::new(&layout).save(&state).unwrap();
        layout
    }

    /// Copies what matters of a folder.
    fn copied(root: &tempfile::TempDir, from: &Layout) -> Layout {
        let copy = Layout::new(&root.path().join("copy"), &"greeter".parse().unwrap());
        copy.create().unwrap();
        for name in ["place.json", "agent.json"] {
            fs::copy(from.state().join(name), copy.state().join(name)).unwrap();
        }
        copy
    }

    #[test]
    fn a_copy_of_what_runs_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let layout = layout_in(&root.path().join("original"), true);
        claim(&layout).unwrap();
        claim(&layout).unwrap();
        let copy = copied(&root, &layout);
        let error = claim(&copy).unwrap_err();
        assert!(
            matches!(&error, PlaceError::Copied { original, .. } if original.ends_with("original/greeter"))
        );
        check(&layout).unwrap();
    }

    #[test]
    fn a_copy_of_what_was_stopped_is_taken() {
        let root = tempfile::tempdir().unwrap();
        let layout = layout_in(&root.path().join("original"), false);
        claim(&layout).unwrap();
        claim(&copied(&root, &layout)).unwrap();
    }

    #[test]
    fn a_folder_that_was_moved_is_the_same() {
        let root = tempfile::tempdir().unwrap();
        claim(&layout_in(&root.path().join("original"), true)).unwrap();
        fs::rename(root.path().join("original"), root.path().join("moved")).unwrap();
        let moved = Layout::new(&root.path().join("moved"), &"greeter".parse().unwrap());
        claim(&moved).unwrap();
    }
}
