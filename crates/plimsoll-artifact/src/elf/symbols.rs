//! Names of functions that a file takes from libraries, and whether a name is in its full table of symbols.
//!
//! The full table of a large program has millions of rows, so it is passed through piece by piece.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use memchr::memmem::Finder;
use object::elf;
use object::read::elf::Sym;
use object::{Endianness, ReadRef};

use super::dynamic::{Dynamic, text};
use super::header::Class;
use super::image::{Image, Section};
use crate::program::Source;

/// Chromium takes about 3,000 names from libraries; libraries define up to some hundred thousand.
const MOST: usize = 500_000;
const MOST_IMPORTS: usize = 50_000;
const LARGEST_STRINGS: u64 = 1 << 30;

/// The names that a file takes from libraries; `None` where the table cannot be read.
pub(super) fn imports<'data, R: ReadRef<'data>>(
    image: &Image<'data, R>,
    dynamic: &Dynamic,
) -> Option<BTreeSet<String>> {
    let table = image.sections.iter().flatten().find(|section| section.kind == elf::SHT_DYNSYM);
    let (offset, available) = match table {
        Some(section) => (section.offset, section.size),
        None => image.offset_of(dynamic.symbols?)?,
    };
    // Without sections the strings follow the symbols, as all linkers lay it out; what is read beyond is not a symbol.
    let end = match (table, dynamic.strings) {
        (None, Some((strings, _))) if strings > offset => available.min(strings - offset),
        (None, _) => return None,
        _ => available,
    };
    match image.header.class {
        Class::Elf32 => names::<elf::Sym32<Endianness>, R>(image, dynamic, offset, end),
        Class::Elf64 => names::<elf::Sym64<Endianness>, R>(image, dynamic, offset, end),
    }
}

fn names<'data, S, R>(
    image: &Image<'data, R>,
    dynamic: &Dynamic,
    offset: u64,
    size: u64,
) -> Option<BTreeSet<String>>
where
    S: Sym<Endian = Endianness>,
    R: ReadRef<'data>,
{
    let count = usize::try_from(size).ok()? / size_of::<S>();
    if count > MOST {
        return None;
    }
    let rows: &[S] = image.records(offset, count)?;
    let undefined = rows.iter().filter(|row| row.st_shndx(image.endian) == elf::SHN_UNDEF);
    let names = undefined.map(|row| row.st_name(image.endian)).filter(|name| *name != 0).take(MOST_IMPORTS);
    Some(names.filter_map(|name| text(image, dynamic.strings, name.into()).ok()).collect())
}

/// Whether a name is in the full table of symbols; `None` where there is no such table.
///
/// Linkers let a name be the end of a longer one, so a find in the strings proves nothing until a symbol begins there.
pub(super) fn is_defined<'data, R: ReadRef<'data>>(
    image: &Image<'data, R>,
    source: &Source<'_>,
    name: &str,
) -> Option<bool> {
    let sections = image.sections.as_ref()?;
    let table = sections.iter().find(|section| section.kind == elf::SHT_SYMTAB)?;
    let strings = sections.get(usize::try_from(table.link).ok()?)?;
    let places = places(strings, source, name)?;
    if places.is_empty() {
        return Some(false);
    }
    let row = match image.header.class {
        Class::Elf32 => 16,
        Class::Elf64 => 24,
    };
    let big = image.endian == Endianness::Big;
    let mut found = false;
    // Pieces are a multiple of a row apart only together with what is kept of the last one.
    let mut next = table.offset;
    let whole = source.pieces(table.offset, table.size, row, |offset, piece| {
        while let Some(at) = next.checked_sub(offset).and_then(|at| usize::try_from(at).ok()) {
            let Some(bytes) = piece.get(at..at + 4).and_then(|bytes| bytes.first_chunk()) else { break };
            let place = if big { u32::from_be_bytes(*bytes) } else { u32::from_le_bytes(*bytes) };
            if places.contains(&place) {
                found = true;
                return ControlFlow::Break(());
            }
            next += row as u64;
        }
        ControlFlow::Continue(())
    });
    whole.then_some(found)
}

/// Where in the strings a name begins, or a longer one ends with it.
fn places(strings: &Section<'_>, source: &Source<'_>, name: &str) -> Option<BTreeSet<u32>> {
    let needle = [name.as_bytes(), b"\0"].concat();
    let finder = Finder::new(&needle);
    let mut places = BTreeSet::new();
    let size = strings.size.min(LARGEST_STRINGS);
    let whole = source.pieces(strings.offset, size, needle.len(), |offset, piece| {
        let found = finder.find_iter(piece).map(|at| offset - strings.offset + at as u64);
        places.extend(found.filter_map(|place| u32::try_from(place).ok()));
        ControlFlow::Continue(())
    });
    whole.then_some(places)
}
