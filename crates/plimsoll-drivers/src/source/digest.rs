//! Files of any kind and size into a digest, within a bound.

use std::fs::{File, Metadata};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use plimsoll_model::digest::Hasher;

/// How much content is read at most: a second or two of work.
const CONTENT: u64 = 1 << 30;

/// What may still be read.
#[derive(Debug)]
pub(super) struct Budget {
    left: u64,
    exceeded: bool,
}

impl Default for Budget {
    fn default() -> Self {
        Self { left: CONTENT, exceeded: false }
    }
}

impl Budget {
    /// Whether some content was not read.
    pub(super) fn exceeded(&self) -> bool {
        self.exceeded
    }

    fn takes(&mut self, size: u64) -> bool {
        let fits = size <= self.left;
        self.left -= if fits { size } else { 0 };
        self.exceeded |= !fits;
        fits
    }
}

/// Adds bytes with their length, so that no two sequences of pieces look the same.
pub(super) fn add_piece(hasher: &mut Hasher, bytes: &[u8]) {
    hasher.update(&(bytes.len() as u64).to_be_bytes());
    hasher.update(bytes);
}

/// Adds what is at `path`: nothing, a link, a folder (by name only), or a file.
pub(super) fn add_path(hasher: &mut Hasher, path: &Path, budget: &mut Budget) {
    let Ok(metadata) = path.symlink_metadata() else {
        return add_piece(hasher, b"gone");
    };
    if metadata.is_symlink() {
        add_piece(hasher, b"link");
        let target = path.read_link().unwrap_or_default();
        add_piece(hasher, target.as_os_str().as_bytes());
    } else if metadata.is_file() {
        add_piece(hasher, if metadata.mode() & 0o100 == 0 { b"file" } else { b"program" });
        if !budget.takes(metadata.len()) || add_content(hasher, path, metadata.len()).is_err() {
            add_outside(hasher, &metadata);
        }
    } else {
        add_piece(hasher, b"other");
    }
}

fn add_content(hasher: &mut Hasher, path: &Path, size: u64) -> std::io::Result<()> {
    hasher.update(&size.to_be_bytes());
    // A file that grows meanwhile is read no further than it was long.
    let mut file = File::open(path)?.take(size);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(()),
            n => hasher.update(&buffer[..n]),
        }
    }
}

/// What can be said of a file without reading it.
fn add_outside(hasher: &mut Hasher, metadata: &Metadata) {
    for number in [metadata.len(), metadata.mtime().cast_unsigned(), metadata.mtime_nsec().cast_unsigned()] {
        hasher.update(&number.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_beyond_the_budget_is_told_apart_by_size_and_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let digest = |budget: u64| {
            let mut hasher = Hasher::default();
            let mut budget = Budget { left: budget, exceeded: false };
            add_path(&mut hasher, &path, &mut budget);
            (hasher.finish(), budget.exceeded())
        };
        std::fs::write(&path, "four").unwrap();
        let (small, large) = (digest(3), digest(4));
        assert_ne!(small.0, large.0);
        assert_eq!((small.1, large.1), (true, false));
        std::fs::write(&path, "fiver").unwrap();
        assert_ne!(digest(3).0, small.0);
        std::fs::remove_file(&path).unwrap();
        assert_ne!(digest(9).0, large.0);
    }
}
