//! Notes of a file: its build id and the names of who wrote notes.

use object::ReadRef;
use object::elf;

use super::image::{Image, Segment};

const LARGEST_NOTES: u64 = 1 << 20;
const MOST_NOTES: usize = 256;
const GNU_BUILD_ID: u32 = 3;
const GNU_ABI_TAG: u32 = 1;
const GNU_PROPERTIES: u32 = 5;
const MOST_PROPERTIES: usize = 64;

/// What the notes say.
#[derive(Debug, Default)]
pub(crate) struct Notes<'data> {
    /// The build id in hexadecimal digits.
    pub(crate) build_id: Option<String>,
    /// Who wrote notes: `GNU`, `Go`, `OpenBSD`, ...
    pub(crate) owners: Vec<&'data str>,
    /// The oldest Linux that the start-up code accepts: three numbers.
    pub(crate) oldest_kernel: Option<[u32; 3]>,
    /// Properties that the linker wrote: kind, and the first four bytes.
    pub(crate) properties: Vec<(u32, u32)>,
}

impl<'data> Notes<'data> {
    /// Reads the notes of all note segments; what is damaged is passed over, as a loader passes over it.
    pub(crate) fn read<R: ReadRef<'data>>(image: &Image<'data, R>) -> Self {
        let mut notes = Self::default();
        for segment in image.segments.iter().filter(|segment| segment.kind == elf::PT_NOTE) {
            notes.read_segment(image, segment);
        }
        notes
    }

    fn read_segment<R: ReadRef<'data>>(&mut self, image: &Image<'data, R>, segment: &Segment) {
        let Some(mut bytes) = image.bytes(segment.offset, segment.size.min(LARGEST_NOTES)) else { return };
        let big = image.endian == object::Endianness::Big;
        let align = if segment.align == 8 { 8 } else { 4 };
        while self.owners.len() < MOST_NOTES {
            let Some(note) = Note::split(&mut bytes, big, align) else { return };
            let owner = std::str::from_utf8(note.owner).unwrap_or_default().trim_end_matches('\0');
            if owner == "GNU" && note.kind == GNU_BUILD_ID && note.content.len() <= 64 {
                let hex = note.content.iter().flat_map(|byte| [byte >> 4, byte & 15]);
                let hex = hex.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect();
                self.build_id.get_or_insert(hex);
            }
            if owner == "GNU" && note.kind == GNU_ABI_TAG {
                let number = |at| number(note.content, at, big);
                // The first number is the system: 0 is Linux.
                if let (Some(0), Some(a), Some(b), Some(c)) = (number(0), number(4), number(8), number(12)) {
                    self.oldest_kernel.get_or_insert([a, b, c]);
                }
            }
            if owner == "GNU" && note.kind == GNU_PROPERTIES {
                self.read_properties(note.content, big, align);
            }
            self.owners.push(owner);
        }
    }
}

impl Notes<'_> {
    /// Kind, size and content of each, padded to the width of an address.
    fn read_properties(&mut self, mut bytes: &[u8], big: bool, align: usize) {
        while self.properties.len() < MOST_PROPERTIES {
            let (Some(kind), Some(size)) = (number(bytes, 0, big), number(bytes, 4, big)) else { return };
            if let Some(value) = number(bytes, 8, big).filter(|_| size >= 4) {
                self.properties.push((kind, value));
            }
            let padded = usize::try_from(size).ok().and_then(|size| size.checked_next_multiple_of(align));
            let Some(rest) = padded.and_then(|size| bytes.get(size.checked_add(8)?..)) else { return };
            bytes = rest;
        }
    }

    /// The value of a property.
    pub(crate) fn property(&self, kind: u32) -> Option<u32> {
        self.properties.iter().find(|(k, _)| *k == kind).map(|(_, value)| *value)
    }
}

fn number(bytes: &[u8], at: usize, big: bool) -> Option<u32> {
    let bytes = *bytes.get(at..)?.first_chunk()?;
    Some(if big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
}

struct Note<'data> {
    owner: &'data [u8],
    kind: u32,
    content: &'data [u8],
}

impl<'data> Note<'data> {
    fn split(bytes: &mut &'data [u8], big: bool, align: usize) -> Option<Self> {
        let size = |at| number(bytes, at, big).and_then(|n| usize::try_from(n).ok());
        let (owner_size, content_size, kind) = (size(0)?, size(4)?, number(bytes, 8, big)?);
        let padded = |size: usize| size.checked_next_multiple_of(align);
        let content_at = padded(owner_size.checked_add(12)?)?;
        let content_end = content_at.checked_add(content_size)?;
        let owner = bytes.get(12..12 + owner_size)?;
        let content = bytes.get(content_at..content_end)?;
        *bytes = bytes.get(padded(content_end)?..).unwrap_or_default();
        Some(Self { owner, kind, content })
    }
}
