//! Finding and decoding the build information in a program of any format (Go's `debug/buildinfo`).
//!
//! A header of 32 bytes stands at the front of the data segment. Since Go 1.18 two texts with their lengths follow
//! it; before, it held the addresses of two string headers.

use std::path::Path;

use object::read::ReadCache;
use serde::{Deserialize, Serialize};

use super::{BuildInfo, pclntab};
use crate::elf::image::Image;
use crate::elf::{InspectError, open_plain};
use crate::program::{Source, View};

const MAGIC: &[u8] = b"\xff Go buildinf:";
const HEADER: u64 = 32;
const ALIGN: u64 = 16;
/// How much of each data segment is searched where no section tells; the linker puts the header first.
const SEARCHED: u64 = 16 << 20;
const SEARCHED_SEGMENTS: usize = 4;
const PIECE: u64 = 1 << 20;
/// Kubernetes' list of modules has about 40 KB.
const LARGEST_TEXT: u64 = 4 << 20;

/// What a file says about having been made by Go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "about")]
pub enum Program {
    /// It is Go's, and this is how it was built.
    Go(BuildInfo),
    /// It is Go's, but its build information is gone or older than Go 1.13.
    GoWithoutBuildInfo,
    /// Nothing of Go is in it.
    NotGo,
    /// It could not be read.
    Unknown {
        /// Why.
        why: String,
    },
}

impl Program {
    /// The build information, if there is any.
    pub fn build_info(&self) -> Option<&BuildInfo> {
        match self {
            Self::Go(info) => Some(info),
            _ => None,
        }
    }
}

/// What an ELF file held in memory says about Go.
pub fn inspect(bytes: &[u8]) -> Program {
    let source = Source::Bytes(bytes);
    judged(Image::parse(bytes).map(|image| read(&image.view(&source))))
}

/// What an ELF file on disk says about Go; only a few pieces of it are read.
pub fn inspect_file(path: &Path) -> Program {
    let read_file = || {
        let (file, length) = open_plain(path)?;
        let source = Source::File(file, length);
        let Source::File(file, _) = &source else { return Ok(Program::NotGo) };
        let cache = ReadCache::new(std::io::BufReader::new(file));
        Ok(read(&Image::parse(&cache)?.view(&source)))
    };
    judged(read_file())
}

fn judged(read: Result<Program, InspectError>) -> Program {
    read.unwrap_or_else(|why| Program::Unknown { why: why.to_string() })
}

/// What a program says about Go.
pub(crate) fn read(view: &View<'_>) -> Program {
    if let Some(info) = header(view).and_then(|offset| decode(view, offset)) {
        return Program::Go(info);
    }
    let traces = [
        ".gopclntab",
        ".note.go.buildid",
        ".go.buildinfo",
        ".data.rel.ro.gopclntab",
        "__gopclntab",
        "__go_buildinfo",
    ];
    if view.section(&traces).is_some() || view.sections.is_empty() && pclntab::Table::find(view).is_some() {
        Program::GoWithoutBuildInfo
    } else {
        Program::NotGo
    }
}

/// Offset of the header in the file.
fn header(view: &View<'_>) -> Option<u64> {
    if let Some(section) = view.section(&[".go.buildinfo", "__go_buildinfo"]) {
        return search(view, section.offset, section.size.min(PIECE));
    }
    let data = view.segments.iter().filter(|segment| segment.writable).take(SEARCHED_SEGMENTS);
    let mut data = data.map(|segment| {
        // The header is aligned in memory.
        let skip = segment.address.wrapping_neg() % ALIGN;
        (segment.offset.saturating_add(skip), segment.size.saturating_sub(skip).min(SEARCHED))
    });
    data.find_map(|(offset, size)| search(view, offset, size))
}

fn search(view: &View<'_>, offset: u64, size: u64) -> Option<u64> {
    let mut done = 0;
    while done < size {
        let piece = view.bytes(offset.checked_add(done)?, PIECE.min(size - done))?;
        let mut places = (0_u64..).step_by(16).zip(piece.chunks(16));
        if let Some((at, _)) = places.find(|(_, chunk)| chunk.starts_with(MAGIC)) {
            return Some(offset + done + at);
        }
        done += PIECE;
    }
    None
}

fn decode(view: &View<'_>, offset: u64) -> Option<BuildInfo> {
    let header = view.bytes(offset, HEADER)?;
    let (pointer_size, flags) = (header[14], header[15]);
    let (version, modules) = if flags & 2 != 0 {
        let (version, end) = inline_text(view, offset + HEADER)?;
        let (modules, _) = inline_text(view, end).unwrap_or_default();
        (version, modules)
    } else {
        let pointers = Pointers { size: pointer_size.into(), is_big: flags & 1 != 0 };
        let text = |at: u64| pointers.text(view, pointers.number(view, offset + at)?);
        (text(16)?, text(16 + pointers.size).unwrap_or_default())
    };
    let version = std::str::from_utf8(&version).ok().filter(|version| !version.is_empty())?;
    Some(BuildInfo::parse(version, &String::from_utf8_lossy(without_sentinels(&modules))))
}

/// The linker puts 16 random bytes on either side of the modules, so that other tools find them.
fn without_sentinels(modules: &[u8]) -> &[u8] {
    match modules.len() {
        length if length >= 33 && modules[length - 17] == b'\n' => &modules[16..length - 16],
        _ => &[],
    }
}

/// A text with its length as a varint before it, and where it ends.
fn inline_text(view: &View<'_>, offset: u64) -> Option<(Vec<u8>, u64)> {
    let available = view.source.length().checked_sub(offset)?.min(10);
    let bytes = view.bytes(offset, available)?;
    let end = bytes.iter().position(|byte| byte & 0x80 == 0)?;
    let length = bytes[..=end].iter().rev().try_fold(0_u64, |length, byte| {
        let shifted = length.checked_mul(128)?;
        Some(shifted | u64::from(byte & 0x7f))
    })?;
    let start = offset + u64::try_from(end).ok()? + 1;
    if length > LARGEST_TEXT {
        return None;
    }
    Some((view.bytes(start, length)?, start + length))
}

/// Numbers and texts as a program has them in memory.
struct Pointers {
    size: u64,
    is_big: bool,
}

impl Pointers {
    fn number(&self, view: &View<'_>, offset: u64) -> Option<u64> {
        if self.size != if view.wide { 8 } else { 4 } {
            return None;
        }
        let bytes = view.bytes(offset, self.size)?;
        let add = |number, byte: &u8| number << 8 | u64::from(*byte);
        Some(if self.is_big { bytes.iter().fold(0, add) } else { bytes.iter().rev().fold(0, add) })
    }

    /// The text whose string header (address, length) is at an address.
    fn text(&self, view: &View<'_>, address: u64) -> Option<Vec<u8>> {
        let (header, _) = view.offset_of(address)?;
        let start = self.number(view, header)?;
        let length = self.number(view, header.checked_add(self.size)?)?;
        let (offset, available) = view.offset_of(start)?;
        if length > available.min(LARGEST_TEXT) { None } else { view.bytes(offset, length) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: u64 = 0x1_0000;

    /// A program with one data segment of the given content.
    fn program(content: &[u8]) -> Vec<u8> {
        let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
        bytes.resize(16, 0);
        bytes.extend([2, 0, 62, 0, 1, 0, 0, 0]);
        bytes.extend([0_u64, 64, 0].iter().flat_map(|number| number.to_le_bytes()));
        bytes.extend([0_u32.to_le_bytes()].concat());
        bytes.extend([64_u16, 56, 1, 64, 0, 0].iter().flat_map(|number| number.to_le_bytes()));
        bytes.extend([1_u32, 6].iter().flat_map(|number| number.to_le_bytes()));
        let size = content.len() as u64;
        let fields = [128, BASE, BASE, size, size, 16];
        bytes.extend(fields.iter().flat_map(|number: &u64| number.to_le_bytes()));
        bytes.resize(128, 0);
        [&bytes, content].concat()
    }

    fn modules() -> Vec<u8> {
        [&[1; 16][..], b"path\texample.com/app\nbuild\tCGO_ENABLED=1\n", &[2; 16]].concat()
    }

    fn old_format(version: &str) -> Vec<u8> {
        let modules = modules();
        let (version_at, modules_at) = (BASE + 32 + 32, BASE + 32 + 32 + version.len() as u64);
        let numbers = [version_at, version.len() as u64, modules_at, modules.len() as u64];
        let strings: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        let pointers = [(BASE + 32).to_le_bytes(), (BASE + 48).to_le_bytes()].concat();
        [MAGIC, &[8, 0], &pointers, &strings, version.as_bytes(), &modules].concat()
    }

    #[test]
    fn pointers_of_go_before_1_18_are_followed() {
        let info = inspect(&program(&old_format("go1.16.3"))).build_info().unwrap().clone();
        assert_eq!((info.go_version.as_str(), info.path.as_deref()), ("go1.16.3", Some("example.com/app")));
        assert_eq!(info.cgo(), crate::go::Answer::Yes);
    }

    #[test]
    fn inline_texts_are_read() {
        let modules = modules();
        let length = u8::try_from(modules.len()).unwrap();
        let content = [MAGIC, &[8, 2], &[0; 16], &[8], b"go1.22.1", &[length], &modules].concat();
        let info = inspect(&program(&[&[0; 48][..], &content].concat())).build_info().unwrap().clone();
        assert_eq!((info.go_version.as_str(), info.path.as_deref()), ("go1.22.1", Some("example.com/app")));
    }

    #[test]
    fn damage_is_survived_at_every_byte() {
        let whole = program(&old_format("go1.16.3"));
        for at in 128..whole.len() {
            for value in [0, 0x7f, 0xff] {
                let mut bytes = whole.clone();
                bytes[at] = value;
                let _ = inspect(&bytes);
            }
        }
    }

    #[test]
    fn what_is_not_go_and_what_is_not_known_differ() {
        assert_eq!(inspect(&program(&[0; 64])), Program::NotGo);
        assert!(matches!(inspect(b"MZ"), Program::Unknown { .. }));
        assert_eq!(inspect(&std::fs::read("/bin/true").unwrap()), Program::NotGo);
    }
}
