//! The trail in files: `state/audit.jsonl`, and older ones with `.1` to `.3`.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::StateError;
use crate::durable;

/// A file larger than this is put aside, in bytes.
const LARGEST: u64 = 1024 * 1024;
/// Files kept.
const FILES: u32 = 4;

/// The trail's files.
#[derive(Debug)]
pub(super) struct TrailFile {
    folder: PathBuf,
    largest: u64,
    open: Option<(File, u64)>,
}

impl TrailFile {
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), largest: LARGEST, open: None }
    }

    pub(super) fn append(&mut self, line: &str) -> Result<(), StateError> {
        self.try_append(line).map_err(|error| {
            self.open = None;
            self.failed("write", &error)
        })
    }

    pub(super) fn lines(&mut self) -> Result<Vec<String>, StateError> {
        let mut lines = Vec::new();
        for number in (0..FILES).rev() {
            match fs::read(self.path(number)) {
                // What is no text is shown to the reader as such: it checks every line.
                Ok(bytes) => {
                    // A line whose end could not be written, to a full disk or because of a crash, was never there.
                    let whole = if number == 0 { &bytes[..whole(&bytes)] } else { &bytes };
                    lines.extend(String::from_utf8_lossy(whole).lines().map(str::to_owned));
                }
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(self.failed("read", &error)),
            }
        }
        Ok(lines)
    }

    fn try_append(&mut self, line: &str) -> io::Result<()> {
        if self.open.as_ref().is_some_and(|(_, size)| *size >= self.largest) {
            self.open = None;
            for number in (1..FILES).rev() {
                rename(&self.path(number - 1), &self.path(number))?;
            }
        }
        let (mut file, size) = match self.open.take() {
            Some(open) => open,
            None => self.reopen()?,
        };
        let text = format!("{line}\n");
        file.write_all(text.as_bytes())?;
        file.sync_data()?;
        self.open = Some((file, size + text.len() as u64));
        Ok(())
    }

    /// Opens the file at its end. A line that a crash cut off was never there.
    fn reopen(&self) -> io::Result<(File, u64)> {
        let path = self.path(0);
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path)?;
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        let whole = whole(&text) as u64;
        if whole < text.len() as u64 {
            file.set_len(whole)?;
        }
        file.seek(SeekFrom::Start(whole))?;
        if whole == 0 {
            durable::sync_folder(&self.folder)?;
        }
        Ok((file, whole))
    }

    fn path(&self, number: u32) -> PathBuf {
        let older = if number == 0 { String::new() } else { format!(".{number}") };
        self.folder.join(format!("audit.jsonl{older}"))
    }

    fn failed(&self, action: &'static str, error: &io::Error) -> StateError {
        let (path, full) = (self.path(0), durable::is_full(error));
        StateError::Io { action, path, why: error.to_string(), full }
    }
}

/// The length of all lines that have an end.
fn whole(text: &[u8]) -> usize {
    text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1)
}

fn rename(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stay_in_order_and_old_files_go() {
        let folder = tempfile::tempdir().unwrap();
        let mut trail = TrailFile { largest: 100, ..TrailFile::new(folder.path()) };
        for number in 0..100 {
            trail.append(&format!("line {number}")).unwrap();
        }
        let lines = trail.lines().unwrap();
        assert_eq!(lines.last().unwrap(), "line 99");
        let first: usize = lines[0].strip_prefix("line ").unwrap().parse().unwrap();
        assert_eq!(lines, (first..100).map(|n| format!("line {n}")).collect::<Vec<_>>());
        assert!(first > 30 && fs::read_dir(folder.path()).unwrap().count() == 4);
    }

    #[test]
    fn a_line_that_was_cut_off_is_taken_away() {
        let folder = tempfile::tempdir().unwrap();
        TrailFile::new(folder.path()).append("whole").unwrap();
        let path = folder.path().join("audit.jsonl");
        fs::write(&path, "whole\nhal").unwrap();
        let mut trail = TrailFile::new(folder.path());
        assert_eq!(trail.lines().unwrap(), ["whole"]);
        trail.append("next").unwrap();
        assert_eq!(trail.lines().unwrap(), ["whole", "next"]);
    }
}
