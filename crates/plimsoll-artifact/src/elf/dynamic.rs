//! The dynamic table: what a program asks of the loader.

use object::elf;
use object::read::elf::Dyn;
use object::{Endianness, ReadRef};

use super::InspectError;
use super::error::malformed;
use super::header::Class;
use super::image::Image;

/// Real tables have about thirty entries; one program seen needs 700 libraries.
const MOST_ENTRIES: usize = 16_384;
/// The most libraries that one file may need.
const MOST_NEEDED: usize = 4096;

/// The entries that matter here.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the format")]
#[derive(Debug, Default)]
pub(super) struct Dynamic {
    pub(super) needed: Vec<String>,
    pub(super) soname: Option<String>,
    pub(super) rpath: Vec<String>,
    pub(super) runpath: Vec<String>,
    pub(super) no_default_libraries: bool,
    pub(super) says_pie: bool,
    /// Whether all names are looked up before the program starts.
    pub(super) binds_now: bool,
    /// Whether the loader writes into code.
    pub(super) text_relocations: bool,
    /// Where the table of symbols begins.
    pub(super) symbols: Option<u64>,
    /// Offsets in the file where the string table begins and ends.
    pub(super) strings: Option<(u64, u64)>,
    /// Address and number of the needed versions.
    pub(super) version_needs: Option<(u64, u64)>,
    /// Address and number of the defined versions.
    pub(super) version_definitions: Option<(u64, u64)>,
}

impl Dynamic {
    /// Reads the table that `PT_DYNAMIC` names; a file without one has an empty one.
    pub(super) fn read<'data, R: ReadRef<'data>>(image: &Image<'data, R>) -> Result<Self, InspectError> {
        let entries = entries(image)?;
        let value = |tag| entries.iter().find(|(t, _)| *t == tag).map(|(_, value)| *value);
        let mut dynamic = Self {
            strings: strings(image, value(elf::DT_STRTAB), value(elf::DT_STRSZ)),
            version_needs: value(elf::DT_VERNEED).zip(value(elf::DT_VERNEEDNUM)),
            version_definitions: value(elf::DT_VERDEF).zip(value(elf::DT_VERDEFNUM)),
            ..Self::default()
        };
        let flags = value(elf::DT_FLAGS_1).unwrap_or_default();
        dynamic.no_default_libraries = flags & elf::DF_1_NODEFLIB.0 != 0;
        dynamic.says_pie = flags & elf::DF_1_PIE.0 != 0;
        let old_flags = value(elf::DT_FLAGS).unwrap_or_default();
        let now = flags & elf::DF_1_NOW.0 != 0 || old_flags & elf::DF_BIND_NOW.0 != 0;
        dynamic.binds_now = now || value(elf::DT_BIND_NOW).is_some();
        dynamic.text_relocations = old_flags & elf::DF_TEXTREL.0 != 0 || value(elf::DT_TEXTREL).is_some();
        dynamic.symbols = value(elf::DT_SYMTAB);
        for (tag, value) in &entries {
            let slot = match *tag {
                elf::DT_NEEDED => &mut dynamic.needed,
                elf::DT_RPATH => &mut dynamic.rpath,
                elf::DT_RUNPATH => &mut dynamic.runpath,
                elf::DT_SONAME => {
                    dynamic.soname = Some(text(image, dynamic.strings, *value)?);
                    continue;
                }
                _ => continue,
            };
            let text = text(image, dynamic.strings, *value)?;
            match *tag {
                elf::DT_NEEDED => slot.push(text),
                _ => *slot = text.split(':').map(str::to_owned).collect(),
            }
            if slot.len() > MOST_NEEDED {
                return Err(malformed("it needs more than 4,096 libraries"));
            }
        }
        Ok(dynamic)
    }
}

fn entries<'data, R: ReadRef<'data>>(
    image: &Image<'data, R>,
) -> Result<Vec<(elf::DynamicTag, u64)>, InspectError> {
    let Some(segment) = image.segment(elf::PT_DYNAMIC) else { return Ok(Vec::new()) };
    // As a loader does: by address. The offset is only right in files that no tool has rewritten.
    let (offset, available) = image.offset_of(segment.address).unwrap_or((segment.offset, segment.size));
    let size = segment.size.min(available);
    let mut entries = match image.header.class {
        Class::Elf32 => rows::<elf::Dyn32<Endianness>, R>(image, offset, size),
        Class::Elf64 => rows::<elf::Dyn64<Endianness>, R>(image, offset, size),
    }
    .ok_or(malformed("its dynamic table lies outside the file"))?;
    match entries.iter().position(|(tag, _)| *tag == elf::DT_NULL) {
        Some(end) => entries.truncate(end),
        None if entries.len() == MOST_ENTRIES => return Err(malformed("its dynamic table has no end")),
        None => {}
    }
    Ok(entries)
}

fn rows<'data, D, R>(image: &Image<'data, R>, offset: u64, size: u64) -> Option<Vec<(elf::DynamicTag, u64)>>
where
    D: Dyn<Endian = Endianness>,
    R: ReadRef<'data>,
{
    let count = usize::try_from(size).ok()? / size_of::<D>();
    let rows: &[D] = image.records(offset, count.min(MOST_ENTRIES))?;
    Some(rows.iter().map(|row| (row.d_tag(image.endian), row.d_val(image.endian).into())).collect())
}

fn strings<'data, R: ReadRef<'data>>(
    image: &Image<'data, R>,
    address: Option<u64>,
    size: Option<u64>,
) -> Option<(u64, u64)> {
    let (offset, available) = image.offset_of(address?)?;
    Some((offset, offset + size.unwrap_or(available).min(available)))
}

/// A text of the dynamic string table.
pub(super) fn text<'data, R: ReadRef<'data>>(
    image: &Image<'data, R>,
    strings: Option<(u64, u64)>,
    index: u64,
) -> Result<String, InspectError> {
    let (start, end) = strings.ok_or(malformed("its dynamic table has no strings"))?;
    let text = start.checked_add(index).and_then(|start| image.string(start, end));
    let text = text.ok_or(malformed("a name of its dynamic table lies outside the strings"))?;
    Ok(String::from_utf8_lossy(text).into_owned())
}
