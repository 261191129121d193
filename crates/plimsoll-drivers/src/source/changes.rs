//! What the tree holds that the commit does not.
//!
//! The digest is taken over the changed and new files themselves: path, kind, executable bit, content. Together with
//! the commit that says exactly what was built. `git diff` was not taken: its text depends on the version and
//! the user's configuration, and whether a change is staged makes no difference to a build.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use plimsoll_model::digest::Hasher;
use plimsoll_model::release::Tree;

use super::digest::{Budget, add_path, add_piece};
use super::git::{Git, GitError};

/// Submodules within submodules are followed this deep.
const DEEPEST: usize = 8;

/// The tree's state, for the repository at `root`.
pub(super) fn tree(git: &Git<'_>, root: &Path, remarks: &mut Vec<String>) -> Result<Tree, GitError> {
    let mut look = Look { hasher: Hasher::default(), budget: Budget::default(), files: 0 };
    look.repository(git, root, DEEPEST)?;
    remarks.extend(hidden(git, root)?);
    if look.files == 0 {
        return Ok(Tree::Clean);
    }
    if look.budget.exceeded() {
        remarks.push(
            "the changes are so large that some are told apart by size and time only, not by content"
                .to_owned(),
        );
    }
    Ok(Tree::Dirty { files: look.files, changes: look.hasher.finish() })
}

struct Look {
    hasher: Hasher,
    budget: Budget,
    files: u32,
}

impl Look {
    fn repository(&mut self, git: &Git<'_>, root: &Path, deeper: usize) -> Result<(), GitError> {
        let git = git.at(root.to_owned());
        let flags = ["--untracked-files=all", "--ignore-submodules=none", "--no-renames"];
        let answer = git.ask(&["status", "--porcelain=v2", "-z", flags[0], flags[1], flags[2]])?;
        let changed = parse(&answer).ok_or_else(|| GitError::Answer { asked: "status".to_owned() })?;
        for (path, kind) in changed {
            if is_ours(&path) {
                continue;
            }
            self.files = self.files.saturating_add(1);
            add_piece(&mut self.hasher, path.as_os_str().as_bytes());
            let whole = root.join(&path);
            match kind {
                Kind::Submodule if whole.join(".git").exists() && deeper > 0 => {
                    self.submodule(&git, &whole, deeper)?;
                }
                Kind::File | Kind::Submodule => add_path(&mut self.hasher, &whole, &mut self.budget),
            }
        }
        Ok(())
    }

    /// A submodule counts as one; the digest covers its commit and its own changes.
    fn submodule(&mut self, git: &Git<'_>, folder: &Path, deeper: usize) -> Result<(), GitError> {
        let inside = git.at(folder.to_owned());
        if inside.answers_yes(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])? {
            add_piece(&mut self.hasher, inside.head()?.0.as_bytes());
        }
        let files = self.files;
        self.repository(&inside, folder, deeper - 1)?;
        self.files = files;
        Ok(())
    }
}

/// Files that git was told not to look at. Whether they are as in the commit is not known, and not silently yes.
fn hidden(git: &Git<'_>, root: &Path) -> Result<Option<String>, GitError> {
    let answer = git.at(root.to_owned()).ask(&["ls-files", "-v", "-z"])?;
    let is_hidden = |entry: &[u8]| match entry {
        // Of a sparse checkout, what is not there is not built either.
        [b'S', b' ', path @ ..] => root.join(OsStr::from_bytes(path)).symlink_metadata().is_ok(),
        [tag, b' ', ..] => tag.is_ascii_lowercase(),
        _ => false,
    };
    let mut hidden = answer.split(|byte| *byte == 0).filter(|entry| is_hidden(entry));
    let Some(first) = hidden.next() else { return Ok(None) };
    let count = 1 + hidden.count();
    let path = crate::command::readable(&first[2..]);
    Ok(Some(format!(
        "git does not look at {count} of the files (assume-unchanged or skip-worktree), {path} among them: \
         whether they are as in the commit is not known"
    )))
}

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    File,
    Submodule,
}

/// Reads `git status --porcelain=v2 -z`: entries end with NUL, the path is what follows a fixed number of spaces.
fn parse(answer: &[u8]) -> Option<BTreeMap<PathBuf, Kind>> {
    let mut changed = BTreeMap::new();
    for entry in answer.split(|byte| *byte == 0).filter(|entry| !entry.is_empty()) {
        let words = match entry[0] {
            b'1' => 8,
            b'u' => 10,
            b'?' => 1,
            b'#' | b'!' => continue,
            // Renames are switched off; another kind is from a git that we do not know.
            _ => return None,
        };
        let mut parts = entry.splitn(words + 1, |byte| *byte == b' ');
        let submodule = parts.nth(2).filter(|_| words > 1);
        let path = if words == 1 { entry.get(2..)? } else { parts.nth(words - 3)? };
        let kind =
            if submodule.is_some_and(|word| word.starts_with(b"S")) { Kind::Submodule } else { Kind::File };
        changed.insert(PathBuf::from(OsStr::from_bytes(path)), kind);
    }
    Some(changed)
}

/// Whether a path is below a folder of our own.
fn is_ours(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == ".plimsoll")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_is_read_with_any_path() {
        let hash = "0".repeat(40);
        let answer = format!(
            "1 .M N... 100644 100644 100644 {hash} {hash} a file\nwith lines\0? new file\0\
             1 .M S.M. 160000 160000 160000 {hash} {hash} sub\0u UU N... 1 2 3 4 {hash} {hash} {hash} both\0"
        );
        let changed = parse(answer.as_bytes()).unwrap();
        let expected = [
            ("a file\nwith lines", Kind::File),
            ("both", Kind::File),
            ("new file", Kind::File),
            ("sub", Kind::Submodule),
        ];
        assert_eq!(changed.into_iter().collect::<Vec<_>>(), expected.map(|(p, k)| (PathBuf::from(p), k)));
        for bad in ["2 R. N...", "1 .M", "1", "x", "u a"] {
            assert_eq!(parse(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(parse(b"?").map(|_| ()), None);
        assert!(is_ours(Path::new("sub/.plimsoll/out/x")) && !is_ours(Path::new("x.plimsoll/y")));
    }
}
