//! From bytes or a file to [`Facts`].

use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use object::read::ReadCache;

use super::dynamic::Dynamic;
use super::image::Image;
use super::{Facts, InspectError, symbols};

/// Facts about an ELF file held in memory.
pub fn inspect(bytes: &[u8]) -> Result<Facts, InspectError> {
    Facts::read(&Image::parse(bytes)?)
}

/// Facts about an ELF file on disk, of which only the tables are read.
pub fn inspect_file(path: &Path) -> Result<Facts, InspectError> {
    let cache = open(path)?;
    Facts::read(&Image::parse(&cache)?)
}

/// The names of functions and variables that an ELF file takes from libraries; `None` where they cannot be read.
pub(crate) fn imports_of(path: &Path) -> Option<BTreeSet<String>> {
    let cache = open(path).ok()?;
    let image = Image::parse(&cache).ok()?;
    let dynamic = Dynamic::read(&image).ok()?;
    if image.segment(object::elf::PT_DYNAMIC).is_none() {
        return Some(BTreeSet::new());
    }
    symbols::imports(&image, &dynamic)
}

/// Opens a file to be read in pieces.
fn open(path: &Path) -> Result<ReadCache<BufReader<File>>, InspectError> {
    Ok(ReadCache::new(BufReader::new(open_plain(path)?.0)))
}

/// Opens a file, and tells its length. Anything but a regular file is refused: a pipe would block, a device never end.
pub(crate) fn open_plain(path: &Path) -> Result<(File, u64), InspectError> {
    let unreadable = |source| InspectError::Unreadable { path: path.to_owned(), source };
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        let what = if metadata.is_dir() { "it is a folder" } else { "it is not a regular file" };
        return Err(unreadable(std::io::Error::new(std::io::ErrorKind::InvalidInput, what)));
    }
    Ok((File::open(path).map_err(unreadable)?, metadata.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_program_is_named() {
        let message = |bytes: &[u8]| inspect(bytes).unwrap_err().to_string();
        assert!(matches!(inspect(b""), Err(InspectError::Empty)));
        assert!(message(b"#!/bin/sh -e\nexec app\n").contains("`#!/bin/sh -e`"));
        assert!(message(b"MZ\x90\0").contains("a Windows program"));
        assert!(message(b"\xcf\xfa\xed\xfe1234").contains("macOS"));
        assert!(message(b"PK\x03\x04").contains("a zip archive"));
        assert!(message(b"hello").contains("is text"));
        assert!(message(b"\x7fELF").contains("cut off"));
    }

    #[test]
    fn a_program_of_this_machine_has_its_platform() {
        let bytes = std::fs::read("/bin/true").unwrap();
        let facts = inspect(&bytes).unwrap();
        assert_eq!(facts, inspect_file(Path::new("/bin/true")).unwrap());
        assert_eq!(facts.platform.clone().unwrap().os, "linux");
        assert!(facts.file_type.is_program() && facts.size == bytes.len() as u64);
        let json = serde_json::to_string(&facts).unwrap();
        assert!(json.contains("\"oldest-glibc\""), "{json}");
        assert_eq!(serde_json::from_str::<Facts>(&json).unwrap(), facts);
    }

    #[test]
    fn every_cut_of_a_program_is_an_error() {
        let bytes = std::fs::read("/bin/true").unwrap();
        for end in (0..bytes.len()).step_by(97) {
            assert!(inspect(&bytes[..end]).is_err(), "the first {end} bytes");
        }
        let error = inspect(&bytes[..bytes.len() / 2]).unwrap_err();
        assert!(matches!(error, InspectError::Truncated { .. }), "{error}");
    }
}
