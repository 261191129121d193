//! Finding what is there below the paths that were named.

use std::collections::VecDeque;
use std::fs;
use std::path::{Component, Path, PathBuf};

use plimsoll_model::finding::Unread;

use super::kind::Kind;
use super::read::Unreadable;

/// Entries of folders that are looked at in one run.
const MOST_ENTRIES: usize = 500_000;

/// Files that are checked in one run.
const MOST_FILES: usize = 100_000;

/// Folders that hold what others wrote or what tools made.
const PASSED_OVER: [&str; 12] = [
    ".git",
    ".hg",
    ".svn",
    "node_modules",
    "target",
    "vendor",
    ".venv",
    "__pycache__",
    ".terraform",
    ".gradle",
    ".tox",
    ".next",
];

/// A file to check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where it is, relative to where it was looked for.
    pub path: PathBuf,
    /// What it is taken for.
    pub kind: Kind,
    /// The folder above which nothing is looked at.
    pub root: PathBuf,
    /// Whether it was named itself.
    pub named: bool,
}

/// What was found, and what could not be looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Discovery {
    /// The files, in the order of their names.
    pub files: Vec<Found>,
    /// Folders and files that could not be looked at.
    pub unread: Vec<Unread>,
}

/// Looks below the paths. A file that is named itself is checked whatever it is called. Links inside of folders are not
/// followed.
pub fn discover(paths: &[PathBuf], exclude: &[String]) -> Discovery {
    let mut discovery = Discovery::default();
    let mut entries = 0;
    for path in paths {
        match fs::metadata(path) {
            Err(error) => discovery.cannot(path, &Unreadable::new(error).to_string()),
            Ok(metadata) if metadata.is_dir() => walk(path, exclude, &mut entries, &mut discovery),
            Ok(_) => {
                let kind = Kind::of(path).unwrap_or(Kind::Text);
                let folder = path.parent().unwrap_or(Path::new(""));
                discovery.files.push(Found { path: path.clone(), kind, root: limit(folder), named: true });
            }
        }
    }
    discovery.files.sort_by(|a, b| a.path.cmp(&b.path));
    discovery.files.dedup_by(|a, b| a.path == b.path);
    discovery
}

impl Discovery {
    fn cannot(&mut self, path: &Path, why: &str) {
        self.unread.push(Unread { path: path.display().to_string(), why: why.to_owned() });
    }
}

fn walk(root: &Path, exclude: &[String], entries: &mut usize, discovery: &mut Discovery) {
    let mut folders = VecDeque::from([root.to_path_buf()]);
    while let Some(folder) = folders.pop_front() {
        let listing = match fs::read_dir(&folder) {
            Ok(listing) => listing,
            Err(error) => {
                discovery.cannot(&folder, &Unreadable::new(error).to_string());
                continue;
            }
        };
        for entry in listing.flatten() {
            *entries += 1;
            if *entries > MOST_ENTRIES || discovery.files.len() >= MOST_FILES {
                let limit = if *entries > MOST_ENTRIES { MOST_ENTRIES } else { MOST_FILES };
                discovery
                    .cannot(root, &format!("it holds more than {limit} entries; name the folders to check"));
                return;
            }
            let (name, path) = (entry.file_name(), below(root, &folder, &entry.file_name()));
            let excluded = exclude.iter().any(|pattern| matches(pattern, &path, &name.to_string_lossy()));
            let Ok(kind) = entry.file_type() else { continue };
            if excluded {
                continue;
            }
            if kind.is_dir() && !PASSED_OVER.iter().any(|passed| name == *passed) {
                folders.push_back(entry.path());
            } else if kind.is_file()
                && let Some(kind) = Kind::of(&path)
            {
                discovery.files.push(Found { path, kind, root: limit(root), named: false });
            }
        }
    }
}

/// The folder above which nothing is looked at: the working folder where it holds the one that was named.
fn limit(folder: &Path) -> PathBuf {
    let is_here = folder.is_relative() && !folder.components().any(|part| part == Component::ParentDir);
    if is_here { PathBuf::new() } else { folder.to_path_buf() }
}

/// `./Dockerfile` is shown as `Dockerfile`.
fn below(root: &Path, folder: &Path, name: &std::ffi::OsStr) -> PathBuf {
    let path = folder.join(name);
    if root == Path::new(".") {
        return path.strip_prefix(root).map(Path::to_path_buf).unwrap_or(path);
    }
    path
}

/// Whether a pattern means a path: its name, its beginning, or with one `*` in it.
fn matches(pattern: &str, path: &Path, name: &str) -> bool {
    if let Some((before, after)) = pattern.split_once('*') {
        return name.len() >= before.len() + after.len() && name.starts_with(before) && name.ends_with(after);
    }
    name == pattern || path.starts_with(pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(root: &Path, exclude: &[&str]) -> Vec<String> {
        let exclude: Vec<String> = exclude.iter().map(|&e| e.to_owned()).collect();
        let found = discover(&[root.to_path_buf()], &exclude);
        assert_eq!(found.unread, []);
        let relative = |found: Found| found.path.strip_prefix(root).unwrap().display().to_string();
        found.files.into_iter().map(relative).collect()
    }

    #[test]
    fn files_are_found_below_folders_and_links_are_not_followed() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        for folder in ["a/b", "node_modules/x", ".git"] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        for file in
            ["Dockerfile", "a/b/api.Dockerfile", "a/main.png", "node_modules/x/Dockerfile", ".git/Dockerfile"]
        {
            fs::write(root.join(file), "FROM scratch\n").unwrap();
        }
        std::os::unix::fs::symlink("..", root.join("a/up")).unwrap();
        std::os::unix::fs::symlink("/dev/zero", root.join("a/Dockerfile")).unwrap();
        assert_eq!(names(root, &[]), ["Dockerfile", "a/b/api.Dockerfile"]);
        assert_eq!(names(root, &["a*"]), ["Dockerfile"]);
        assert_eq!(names(root, &["Dockerfile"]), ["a/b/api.Dockerfile"]);
    }

    #[test]
    fn what_is_not_there_is_told() {
        let found = discover(&[PathBuf::from("/nowhere/at/all")], &[]);
        assert_eq!((found.files.len(), found.unread.len()), (0, 1));
    }
}
