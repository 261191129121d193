//! Writing an instance's log: one line of text for each line of output, bounded in length, rotated by size.
//!
//! `2026-01-31T14:03:12.250Z o text`: time, stream (`o`, `e`, or `a` for the agent), text. Lines of the agent are in a
//! file of their own, so that every file has one writer.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use plimsoll_model::agent::LogStream;
use plimsoll_model::{Masker, Timestamp};

/// The file of the instance's output.
pub(super) const OUTPUT: &str = "output";
/// The file of the agent's remarks.
pub(super) const NOTES: &str = "notes";
/// Files kept: the one that is written and older ones with `.1`, `.2`.
pub(super) const FILES: u32 = 3;
/// A file larger than this is put aside.
pub(super) const LARGEST: u64 = 10 * 1024 * 1024;
/// Largest file of the agent's remarks about one instance, in bytes.
const LARGEST_NOTES: u64 = 1024 * 1024;
/// Longer lines are cut.
const LONGEST_LINE: usize = 16 * 1024;

/// A log file that is rotated.
#[derive(Debug)]
pub(super) struct LogFile {
    path: PathBuf,
    largest: u64,
    open: Mutex<Option<(File, u64)>>,
}

impl LogFile {
    /// The file `name` in the folder, which is made.
    pub(super) fn new(folder: &Path, name: &str, largest: u64) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        Ok(Self { path: folder.join(name), largest, open: Mutex::new(None) })
    }

    /// Adds a line. Where the disk is full the line is lost: the instance must go on.
    pub(super) fn line(&self, at: Timestamp, stream: LogStream, text: &str) {
        let letter = match stream {
            LogStream::Stdout => 'o',
            LogStream::Stderr => 'e',
            LogStream::Agent => 'a',
        };
        let line = format!("{at} {letter} {}\n", text.replace('\n', " "));
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if self.write(&mut open, line.as_bytes()).is_err() {
            *open = None;
        }
    }

    fn write(&self, open: &mut Option<(File, u64)>, line: &[u8]) -> io::Result<()> {
        let length = line.len() as u64;
        if open.as_ref().is_some_and(|(_, size)| size + length > self.largest) {
            *open = None;
        }
        if open.is_none() {
            *open = Some(self.reopen(length)?);
        }
        let Some((file, size)) = open else { return Ok(()) };
        file.write_all(line)?;
        *size += length;
        Ok(())
    }

    fn reopen(&self, length: u64) -> io::Result<(File, u64)> {
        let old = fs::metadata(&self.path).map_or(0, |found| found.len());
        if old + length > self.largest {
            for number in (1..FILES).rev() {
                let from = if number == 1 { self.path.clone() } else { numbered(&self.path, number - 1) };
                let _ = fs::rename(from, numbered(&self.path, number));
            }
        }
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(&self.path)?;
        let size = file.metadata()?.len();
        Ok((file, size))
    }
}

/// Adds the agent's own line to an instance's log. A log that cannot be written is no reason to stop.
pub(crate) fn note(folder: &Path, at: Timestamp, text: &str) {
    if let Ok(log) = LogFile::new(folder, NOTES, LARGEST_NOTES) {
        log.line(at, LogStream::Agent, text);
    }
}

/// The `number`th older file.
pub(super) fn numbered(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    PathBuf::from(name)
}

/// Copies output line by line into the log until it ends, without the values of secrets.
pub(super) fn copy(from: impl Read, stream: LogStream, log: &LogFile, secrets: &Masker) {
    let mut from = BufReader::with_capacity(64 * 1024, from);
    let mut line = Vec::new();
    let mut cut = false;
    let finish = |line: &mut Vec<u8>, cut: &mut bool| {
        let text = String::from_utf8_lossy(line);
        let text = text.trim_end_matches('\r');
        log.line(now(), stream, &if *cut { secrets.mask_cut(text) } else { secrets.mask(text) });
        line.clear();
        *cut = false;
    };
    loop {
        let (taken, ended) = match from.fill_buf() {
            Ok([]) => {
                if !line.is_empty() {
                    finish(&mut line, &mut cut);
                }
                return;
            }
            Ok(bytes) => {
                let ended = bytes.iter().position(|byte| *byte == b'\n');
                let taken = ended.unwrap_or(bytes.len());
                // What is beyond the bound is read and dropped, so that the instance is never held up.
                let room = LONGEST_LINE.saturating_sub(line.len());
                cut |= taken > room;
                line.extend_from_slice(&bytes[..taken.min(room)]);
                (taken + usize::from(ended.is_some()), ended.is_some())
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return,
        };
        from.consume(taken);
        if ended {
            finish(&mut line, &mut cut);
        }
    }
}

/// The time by this machine's clock.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::default() + since
}
