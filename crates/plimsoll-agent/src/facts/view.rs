//! The host's files, read with bounds: nothing from `/proc` or `/etc` may hang the agent or fill its memory.

use std::fs::{self, File, OpenOptions};
use std::io::Read as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// The usual bound on a file. The longest that is read with it is `/proc/cpuinfo` of a large machine.
const MOST: u64 = 4 << 20;
/// The most entries of a folder that are looked at: Linux has at most 4,194,304 processes, and 65,536 are many.
const MOST_ENTRIES: usize = 65_536;

/// A host's file system.
#[derive(Debug, Clone)]
pub(super) struct View {
    root: PathBuf,
}

impl View {
    pub(super) fn of_this_host() -> Self {
        Self { root: PathBuf::from("/") }
    }

    /// A folder that stands for a host's root.
    #[cfg(test)]
    pub(super) fn of(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Where an absolute path of the host is.
    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    pub(super) fn exists(&self, path: &str) -> bool {
        self.path(path).exists()
    }

    /// The text of a file, with anything that is not UTF-8 replaced; or why it cannot be read.
    pub(super) fn text(&self, path: &str) -> Result<String, String> {
        self.bytes(path, MOST).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The text of a file that need not be there.
    pub(super) fn text_if_there(&self, path: &str) -> Result<Option<String>, String> {
        if self.exists(path) { self.text(path).map(Some) } else { Ok(None) }
    }

    /// The first line of a file that is one line.
    pub(super) fn line(&self, path: &str) -> Result<String, String> {
        Ok(self.text(path)?.lines().next().unwrap_or_default().trim().to_owned())
    }

    /// The bytes of a file of at most `most` bytes.
    pub(super) fn bytes(&self, path: &str, most: u64) -> Result<Vec<u8>, String> {
        let failed = |error: std::io::Error| format!("{path}: {}", plain(&error));
        let mut bytes = Vec::new();
        open(&self.path(path)).map_err(failed)?.take(most + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > most {
            return Err(format!("{path} is longer than {most} bytes"));
        }
        Ok(bytes)
    }

    /// Names in a folder; none where it cannot be read.
    pub(super) fn names(&self, path: &str) -> Vec<String> {
        let entries = fs::read_dir(self.path(path)).into_iter().flatten().take(MOST_ENTRIES);
        entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect()
    }

    /// The names of the programs that run.
    pub(super) fn running(&self) -> Vec<String> {
        let processes =
            self.names("/proc").into_iter().filter(|name| name.bytes().all(|b| b.is_ascii_digit()));
        processes.filter_map(|pid| self.line(&format!("/proc/{pid}/comm")).ok()).collect()
    }
}

/// Opens a regular file only: a pipe would block, a device never end.
fn open(path: &Path) -> std::io::Result<File> {
    let no_wait = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).expect("it is a small number");
    let file = OpenOptions::new().read(true).custom_flags(no_wait).open(path)?;
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, "it is not a regular file"))
}

/// An error without the number that the standard library puts behind it.
pub(super) fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    let words = text.split(" (os error").next().unwrap_or_default();
    let mut letters = words.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_lowercase().collect::<String>() + letters.as_str())
}
