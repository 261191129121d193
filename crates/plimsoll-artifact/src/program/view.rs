//! Parts of a program file and their addresses, the same for all formats.

use super::source::Source;

/// A program file.
#[derive(Debug)]
pub(crate) struct View<'a> {
    pub(crate) source: &'a Source<'a>,
    /// Whether addresses have 64 bits.
    pub(crate) wide: bool,
    /// Whether numbers begin with their highest byte.
    pub(crate) big_endian: bool,
    /// Named parts; none where the file has no table of them.
    pub(crate) sections: Vec<Region>,
    /// What is mapped when the program starts.
    pub(crate) segments: Vec<Region>,
}

/// A part of a file.
#[derive(Debug, Clone)]
pub(crate) struct Region {
    /// Its name; empty where it has none.
    pub(crate) name: String,
    pub(crate) address: u64,
    pub(crate) offset: u64,
    /// How many bytes of the file it has.
    pub(crate) size: u64,
    pub(crate) writable: bool,
    pub(crate) executable: bool,
}

impl View<'_> {
    /// The bytes at an offset of the file.
    pub(crate) fn bytes(&self, offset: u64, size: u64) -> Option<Vec<u8>> {
        self.source.read(offset, size)
    }

    /// The first section with one of these names.
    pub(crate) fn section(&self, names: &[&str]) -> Option<&Region> {
        self.sections.iter().find(|section| names.contains(&section.name.as_str()))
    }

    /// Where in the file the byte at an address is, and how many bytes follow it there.
    pub(crate) fn offset_of(&self, address: u64) -> Option<(u64, u64)> {
        self.segments.iter().find_map(|segment| {
            let inside = address.checked_sub(segment.address)?;
            (inside < segment.size).then(|| (segment.offset.saturating_add(inside), segment.size - inside))
        })
    }

    /// A number of the width of an address.
    pub(crate) fn address_in(&self, bytes: &[u8], at: usize) -> Option<u64> {
        let size = if self.wide { 8 } else { 4 };
        let bytes = bytes.get(at..at.checked_add(size)?)?;
        let add = |number, byte: &u8| number << 8 | u64::from(*byte);
        Some(if self.big_endian { bytes.iter().fold(0, add) } else { bytes.iter().rev().fold(0, add) })
    }

    /// What holds constants: the mapped parts that are not code.
    pub(crate) fn data(&self) -> impl Iterator<Item = &Region> {
        self.segments.iter().filter(|segment| !segment.executable)
    }
}
