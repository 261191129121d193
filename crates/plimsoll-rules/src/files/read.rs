//! Reading a file that may be anything.

use std::fs::OpenOptions;
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use plimsoll_model::size::human;

/// Bytes that are looked at before the rest is read.
const BEGINNING: u64 = 8 << 10;

/// Why a file was not read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It is larger than any file of its kind.
    #[error("it has {}, and no more than {} are read; check a smaller one, or leave it out with --exclude", human(*.size), human(*.largest))]
    TooLarge {
        /// Its size.
        size: u64,
        /// What would be read.
        largest: u64,
    },
    /// It is a folder, a device, a pipe or a socket.
    #[error("it is {what}, not a file")]
    NoFile {
        /// What it is.
        what: &'static str,
    },
    /// It is no text.
    #[error("it holds bytes of zero, so that it is no text")]
    NoText,
    /// Its links lead in a circle.
    #[error("its links lead in a circle")]
    Circle,
    /// The system refused.
    #[error("it cannot be read: {source}")]
    Refused {
        /// How the system says it.
        source: io::Error,
    },
}

impl Unreadable {
    pub(super) fn new(source: io::Error) -> Self {
        if source.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) {
            return Self::Circle;
        }
        Self::Refused { source }
    }
}

/// The text of a file of at most `largest` bytes. What is no UTF-8 becomes U+FFFD.
pub fn read_text(path: &Path, largest: u64) -> Result<String, Unreadable> {
    // A pipe would be waited for; it is opened without waiting and then told apart.
    let flags = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).expect("a flag of open fits its argument");
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(Unreadable::new)?;
    let metadata = file.metadata().map_err(Unreadable::new)?;
    if !metadata.is_file() {
        let what = if metadata.is_dir() { "a folder" } else { "a device, a pipe or a socket" };
        return Err(Unreadable::NoFile { what });
    }
    if metadata.len() > largest {
        return Err(Unreadable::TooLarge { size: metadata.len(), largest });
    }
    let mut bytes = Vec::new();
    // Most of what is no text says so at its beginning.
    let mut file = file.take(largest + 1);
    file.by_ref().take(BEGINNING).read_to_end(&mut bytes).map_err(Unreadable::new)?;
    if bytes.contains(&0) {
        return Err(Unreadable::NoText);
    }
    // Files below `/proc` say that they are empty, and others may grow meanwhile.
    file.read_to_end(&mut bytes).map_err(Unreadable::new)?;
    let size = bytes.len() as u64;
    if size > largest {
        return Err(Unreadable::TooLarge { size, largest });
    }
    if bytes.contains(&0) {
        return Err(Unreadable::NoText);
    }
    Ok(String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()))
}

/// Whether a file begins as no text does. What cannot be read begins as nothing.
pub(crate) fn begins_as_no_text(path: &Path) -> bool {
    let mut bytes = Vec::new();
    let read = OpenOptions::new()
        .read(true)
        .open(path)
        .and_then(|file| file.take(BEGINNING).read_to_end(&mut bytes));
    read.is_ok() && bytes.contains(&0)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn hostile_files_end_in_a_message() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        File::create(path("sparse")).unwrap().set_len(4 << 30).unwrap();
        std::os::unix::fs::symlink("circle", path("circle")).unwrap();
        fs::write(path("zero"), b"a\0b").unwrap();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            path("pipe"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR,
            0,
        )
        .unwrap();
        let began = Instant::now();
        let said = |path: &Path| read_text(path, 1 << 20).unwrap_err().to_string();
        assert!(said(&path("sparse")).starts_with("it has 4"), "{}", said(&path("sparse")));
        assert_eq!(said(&path("circle")), "its links lead in a circle");
        assert_eq!(said(&path("zero")), "it holds bytes of zero, so that it is no text");
        assert_eq!(said(&path("pipe")), "it is a device, a pipe or a socket, not a file");
        assert_eq!(said(folder.path()), "it is a folder, not a file");
        assert_eq!(said(Path::new("/dev/zero")), "it is a device, a pipe or a socket, not a file");
        assert!(said(&path("none")).contains("No such file"));
        assert!(began.elapsed() < Duration::from_secs(1));
    }

    #[test]
    fn what_is_no_utf8_is_read_all_the_same() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), b"a\xffb").unwrap();
        assert_eq!(read_text(file.path(), 10).unwrap(), "a\u{fffd}b");
    }
}
