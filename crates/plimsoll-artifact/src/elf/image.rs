//! The file as a loader sees it: header, segments, sections, and the bytes behind an address.
//!
//! Both widths and byte orders become one shape here, so that nothing after this file is generic over them. Reading
//! goes through [`ReadRef`], so a file on disk is read in the few pieces that are asked for.

use object::elf;
use object::read::elf::{FileHeader, ProgramHeader as _, SectionHeader as _};
use object::{Endianness, Pod, ReadRef, StringTable};

use super::InspectError;
use super::error::{malformed, other_format};
use super::header::{ByteOrder, Class, Header};
use crate::program::{Region, Source, View};

/// Real programs have about a dozen.
const MOST_SEGMENTS: usize = 1024;
/// Linked programs have about forty.
const MOST_SECTIONS: usize = 16_384;
/// Names of sections are short; a bound keeps thousands of hostile ones small.
const LONGEST_SECTION_NAME: u64 = 256;
/// Longest text read from a file: a path.
const LONGEST_STRING: u64 = 4096;

/// An ELF file whose headers are read.
pub(crate) struct Image<'data, R: ReadRef<'data>> {
    pub(crate) header: Header,
    pub(crate) endian: Endianness,
    pub(crate) length: u64,
    pub(crate) segments: Vec<Segment>,
    /// `None` where the table is damaged; a loader never looks at it.
    pub(crate) sections: Option<Vec<Section<'data>>>,
    data: R,
}

/// A row of the program header table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Segment {
    pub(crate) kind: elf::ProgramType,
    pub(crate) writable: bool,
    pub(crate) executable: bool,
    pub(crate) address: u64,
    pub(crate) offset: u64,
    /// Bytes of the file.
    pub(crate) size: u64,
    /// Bytes of memory.
    pub(crate) memory: u64,
    pub(crate) align: u64,
}

/// A row of the section header table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Section<'data> {
    pub(crate) name: &'data [u8],
    pub(crate) kind: elf::SectionType,
    pub(crate) writable: bool,
    pub(crate) executable: bool,
    pub(crate) address: u64,
    pub(crate) offset: u64,
    pub(crate) size: u64,
    /// The section that this one refers to: the strings of a table of symbols.
    pub(crate) link: u32,
}

impl<'data, R: ReadRef<'data>> Image<'data, R> {
    /// Reads the headers.
    pub(crate) fn parse(data: R) -> Result<Self, InspectError> {
        let length = data.len().map_err(|()| malformed("its length is not known"))?;
        if length == 0 {
            return Err(InspectError::Empty);
        }
        let start = data.read_bytes_at(0, length.min(512)).map_err(|()| malformed("it cannot be read"))?;
        if !start.starts_with(&elf::ELFMAG) {
            return Err(other_format(start));
        }
        match start.get(4) {
            Some(1) => Self::parse_as::<elf::FileHeader32<Endianness>>(data, length),
            Some(2) => Self::parse_as::<elf::FileHeader64<Endianness>>(data, length),
            Some(_) => Err(malformed("its class is neither 32 nor 64 bits")),
            None => Err(InspectError::Truncated { part: "its header", needs: 64, has: length }),
        }
    }

    fn parse_as<Elf>(data: R, length: u64) -> Result<Self, InspectError>
    where
        Elf: FileHeader<Endian = Endianness>,
        Elf::Word: Into<u64>,
    {
        within("its header", 0, size_of::<Elf>() as u64, length)?;
        let raw =
            Elf::parse(data).map_err(|_| malformed("its header has an unknown byte order or version"))?;
        let endian = raw.endian().map_err(|_| malformed("its byte order is unknown"))?;
        let header = Header {
            class: if raw.is_class_64() { Class::Elf64 } else { Class::Elf32 },
            byte_order: if raw.is_little_endian() { ByteOrder::Little } else { ByteOrder::Big },
            os_abi: raw.e_ident().os_abi.0,
            elf_type: raw.e_type(endian).0,
            machine: raw.e_machine(endian).0,
            entry: raw.e_entry(endian).into(),
        };
        let segments = segments(raw, endian, data, length)?;
        let sections = sections(raw, endian, data, length)?;
        Ok(Self { header, endian, length, segments, sections, data })
    }

    /// The bytes at an offset of the file.
    pub(crate) fn bytes(&self, offset: u64, size: u64) -> Option<&'data [u8]> {
        self.data.read_bytes_at(offset, size).ok()
    }

    /// The records at an offset of the file.
    pub(crate) fn records<T: Pod>(&self, offset: u64, count: usize) -> Option<&'data [T]> {
        self.data.read_slice_at(offset, count).ok()
    }

    /// Where in the file the byte at an address is, and how many bytes of its segment follow it.
    pub(crate) fn offset_of(&self, address: u64) -> Option<(u64, u64)> {
        self.loaded().find_map(|segment| {
            let inside = address.checked_sub(segment.address)?;
            (inside < segment.size).then(|| (segment.offset + inside, segment.size - inside))
        })
    }

    /// The segments that are mapped.
    pub(crate) fn loaded(&self) -> impl Iterator<Item = &Segment> {
        self.segments.iter().filter(|segment| segment.kind == elf::PT_LOAD)
    }

    /// The first segment of a kind.
    pub(crate) fn segment(&self, kind: elf::ProgramType) -> Option<&Segment> {
        self.segments.iter().find(|segment| segment.kind == kind)
    }

    /// The first section with a name.
    pub(crate) fn section(&self, name: &str) -> Option<&Section<'data>> {
        self.sections.iter().flatten().find(|section| section.name == name.as_bytes())
    }

    /// The file as what all formats have in common.
    pub(crate) fn view<'s>(&self, source: &'s Source<'s>) -> View<'s> {
        let sections = self.sections.iter().flatten().filter(|section| section.kind != elf::SHT_NOBITS);
        let sections = sections.map(|section| Region {
            name: String::from_utf8_lossy(section.name).into_owned(),
            address: section.address,
            offset: section.offset,
            size: section.size,
            writable: section.writable,
            executable: section.executable,
        });
        let segments = self.loaded().map(|segment| Region {
            name: String::new(),
            address: segment.address,
            offset: segment.offset,
            size: segment.size,
            writable: segment.writable,
            executable: segment.executable,
        });
        View {
            source,
            wide: self.header.class == Class::Elf64,
            big_endian: self.header.byte_order == ByteOrder::Big,
            sections: sections.collect(),
            segments: segments.collect(),
        }
    }

    /// A text that ends with a zero byte, between two offsets of the file.
    pub(crate) fn string(&self, start: u64, end: u64) -> Option<&'data [u8]> {
        let end = end.min(start.checked_add(LONGEST_STRING)?).min(self.length);
        if start >= end {
            return None;
        }
        self.data.read_bytes_at_until(start..end, 0).ok()
    }
}

fn within(part: &'static str, offset: u64, size: u64, length: u64) -> Result<(), InspectError> {
    match offset.checked_add(size) {
        Some(end) if end <= length => Ok(()),
        Some(needs) => Err(InspectError::Truncated { part, needs, has: length }),
        None => Err(malformed("an offset is beyond every file")),
    }
}

fn segments<'data, Elf, R>(
    raw: &Elf,
    endian: Endianness,
    data: R,
    length: u64,
) -> Result<Vec<Segment>, InspectError>
where
    Elf: FileHeader<Endian = Endianness>,
    R: ReadRef<'data>,
{
    let count = u64::from(raw.e_phnum(endian));
    within(
        "its program header table",
        raw.e_phoff(endian).into(),
        count * u64::from(raw.e_phentsize(endian)),
        length,
    )?;
    let rows =
        raw.program_headers(endian, data).map_err(|_| malformed("its program headers are unreadable"))?;
    if rows.len() > MOST_SEGMENTS {
        return Err(malformed("it has more than 1,024 segments"));
    }
    let rows = rows.iter().map(|row| Segment {
        kind: row.p_type(endian),
        writable: row.p_flags(endian).contains(elf::PF_W),
        executable: row.p_flags(endian).contains(elf::PF_X),
        address: row.p_vaddr(endian).into(),
        offset: row.p_offset(endian).into(),
        size: row.p_filesz(endian).into(),
        memory: row.p_memsz(endian).into(),
        align: row.p_align(endian).into(),
    });
    let rows: Vec<_> = rows.collect();
    for row in rows.iter().filter(|row| row.kind == elf::PT_LOAD) {
        within("a segment", row.offset, row.size, length)?;
    }
    Ok(rows)
}

fn sections<'data, Elf, R>(
    raw: &Elf,
    endian: Endianness,
    data: R,
    length: u64,
) -> Result<Option<Vec<Section<'data>>>, InspectError>
where
    Elf: FileHeader<Endian = Endianness>,
    R: ReadRef<'data>,
{
    let offset = raw.e_shoff(endian).into();
    if offset == 0 {
        return Ok(Some(Vec::new()));
    }
    // The table is the last thing that a linker writes, so a copy that was cut off lacks it.
    let size = u64::from(raw.e_shnum(endian)) * u64::from(raw.e_shentsize(endian));
    within("its section header table", offset, size, length)?;
    let Ok(rows) = raw.section_headers(endian, data) else { return Ok(None) };
    if rows.len() > MOST_SECTIONS {
        return Ok(None);
    }
    let index = raw.shstrndx(endian, data).ok().and_then(|index| usize::try_from(index).ok());
    let table = index.and_then(|index| rows.get(index)).and_then(|row| {
        let (start, size): (u64, u64) = (row.sh_offset(endian).into(), row.sh_size(endian).into());
        Some((start, start.checked_add(size)?))
    });
    let rows = rows.iter().map(|row| Section {
        name: name(data, table, row.sh_name(endian)).unwrap_or_default(),
        kind: row.sh_type(endian),
        writable: row.sh_flags(endian).contains(elf::SHF_WRITE),
        executable: row.sh_flags(endian).contains(elf::SHF_EXECINSTR),
        address: row.sh_addr(endian).into(),
        offset: row.sh_offset(endian).into(),
        size: row.sh_size(endian).into(),
        link: row.sh_link(endian),
    });
    Ok(Some(rows.collect()))
}

/// The name of a section. One without an end in sight is none.
fn name<'data, R: ReadRef<'data>>(data: R, table: Option<(u64, u64)>, index: u32) -> Option<&'data [u8]> {
    let (start, end) = table?;
    let end = end.min(start.checked_add(u64::from(index))?.checked_add(LONGEST_SECTION_NAME)?);
    StringTable::new(data, start, end).get(index).ok()
}
