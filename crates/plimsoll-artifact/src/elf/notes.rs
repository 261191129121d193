//! Notes of a file: its build id and the names of who wrote notes.

use object::ReadRef;
use object::elf;

use super::image::{Image, Segment};

const LARGEST_NOTES: u64 = 1 << 20;
const MOST_NOTES: usize = 256;
const GNU_BUILD_ID: u32 = 3;

/// What the notes say.
#[derive(Debug, Default)]
pub(crate) struct Notes<'data> {
    /// The build id in hexadecimal digits.
    pub(crate) build_id: Option<String>,
    /// Who wrote notes: `GNU`, `Go`, `OpenBSD`, ...
    pub(crate) owners: Vec<&'data str>,
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
            self.owners.push(owner);
        }
    }
}

struct Note<'data> {
    owner: &'data [u8],
    kind: u32,
    content: &'data [u8],
}

impl<'data> Note<'data> {
    fn split(bytes: &mut &'data [u8], big: bool, align: usize) -> Option<Self> {
        let number = |at: usize| {
            let bytes = *bytes.get(at..)?.first_chunk()?;
            Some(if big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
        };
        let size = |at| number(at).and_then(|n| usize::try_from(n).ok());
        let (owner_size, content_size, kind) = (size(0)?, size(4)?, number(8)?);
        let padded = |size: usize| size.checked_next_multiple_of(align);
        let content_at = padded(owner_size.checked_add(12)?)?;
        let content_end = content_at.checked_add(content_size)?;
        let owner = bytes.get(12..12 + owner_size)?;
        let content = bytes.get(content_at..content_end)?;
        *bytes = bytes.get(padded(content_end)?..).unwrap_or_default();
        Some(Self { owner, kind, content })
    }
}
