//! A folder seen as the root of a file system: paths and symbolic links stay inside it.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// What Linux follows before it gives up.
const MOST_LINKS: u32 = 40;

/// A root that programs will run in.
pub(super) struct Root<'a> {
    path: &'a Path,
    is_ours: bool,
}

impl<'a> Root<'a> {
    pub(super) fn new(path: &'a Path) -> Self {
        Self { path, is_ours: path == Path::new("/") }
    }

    /// Where a path of the root is on this machine, if a regular file is there. Links are followed as a process
    /// inside the root would follow them: an absolute one begins at the root, `..` does not leave it.
    pub(super) fn file(&self, path: &Path) -> Option<PathBuf> {
        self.find(path).filter(|found| found.is_file())
    }

    /// As [`Root::file`], for a folder.
    pub(super) fn folder(&self, path: &Path) -> Option<PathBuf> {
        self.find(path).filter(|found| found.is_dir())
    }

    /// The content of a file, if it is there and not larger than `most` bytes.
    pub(super) fn read(&self, path: &Path, most: u64) -> Option<Vec<u8>> {
        let file = self.file(path)?;
        let small = fs::metadata(&file).is_ok_and(|metadata| metadata.len() <= most);
        small.then(|| fs::read(file).ok()).flatten()
    }

    fn find(&self, path: &Path) -> Option<PathBuf> {
        if self.is_ours {
            return path.is_absolute().then(|| path.to_owned());
        }
        let mut found = PathBuf::new();
        let mut left: VecDeque<OsString> = parts(path);
        let mut links = 0;
        while let Some(part) = left.pop_front() {
            if part == ".." {
                found.pop();
                continue;
            }
            found.push(&part);
            let here = self.path.join(&found);
            let Ok(metadata) = fs::symlink_metadata(&here) else { return None };
            if !metadata.is_symlink() {
                continue;
            }
            links += 1;
            if links > MOST_LINKS {
                return None;
            }
            let target = fs::read_link(&here).ok()?;
            if target.is_absolute() {
                found = PathBuf::new();
            } else {
                found.pop();
            }
            let mut parts = parts(&target);
            parts.append(&mut left);
            left = parts;
        }
        Some(self.path.join(found))
    }
}

/// Whether a regular file is at a path of a root folder.
pub(crate) fn exists_in(root: &Path, path: &Path) -> bool {
    Root::new(root).file(path).is_some()
}

fn parts(path: &Path) -> VecDeque<OsString> {
    let parts = path.components().filter_map(|component| match component {
        Component::Normal(part) => Some(part.to_owned()),
        Component::ParentDir => Some(OsString::from("..")),
        _ => None,
    });
    parts.collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_and_dots_stay_inside() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("usr/lib")).unwrap();
        fs::write(folder.path().join("usr/lib/libx.so"), "x").unwrap();
        symlink("usr/lib", folder.path().join("lib")).unwrap();
        symlink("/usr/lib", folder.path().join("lib64")).unwrap();
        symlink("../../../../lib64/libx.so", folder.path().join("usr/up.so")).unwrap();
        symlink("loop", folder.path().join("loop")).unwrap();
        symlink("/etc/passwd", folder.path().join("passwd")).unwrap();
        let root = Root::new(folder.path());
        for inside in ["/lib/libx.so", "/lib64/libx.so", "/usr/up.so", "/../../lib/libx.so"] {
            let found = root.file(Path::new(inside)).unwrap();
            assert_eq!(found, folder.path().join("usr/lib/libx.so"), "{inside}");
        }
        for none in ["/loop", "/passwd", "/etc/passwd", "/lib", "/none"] {
            assert_eq!(root.file(Path::new(none)), None, "{none}");
        }
        assert!(root.folder(Path::new("/lib64")).is_some());
    }
}
