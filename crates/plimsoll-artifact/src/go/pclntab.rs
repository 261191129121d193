//! The names of functions and source files that every Go program carries for its stack traces (`.gopclntab`), stripped or
//! not.
//!
//! The format is that of Go's `debug/gosym` since 1.16: a header with offsets, one table of names, inlined functions'
//! too, and one of files. Both are read piece by piece, so their size costs no memory. Older programs have their names
//! spread out and are answered with "unknown".

use std::ops::ControlFlow;

use memchr::memmem::Finder;

use crate::program::{Region, View};

/// Since Go 1.16, 1.18 and 1.20.
const MAGICS: [u32; 3] = [0xffff_fffa, 0xffff_fff0, 0xffff_fff1];
/// Kubernetes has about 10 MiB of names.
const LARGEST: u64 = 256 << 20;
/// How much of a file is searched where no section tells.
const SEARCHED: u64 = 128 << 20;
/// Names of generic functions reach some kilobytes.
const LONGEST_NAME: usize = 1 << 16;
/// Magic, two zeros, two sizes, and eight numbers at most.
const HEADER: usize = 8 + 8 * 8;

/// Where the names are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Table {
    /// The names of functions: offset in the file and size.
    names: (u64, u64),
    /// The names of source files.
    files: (u64, u64),
}

impl Table {
    /// Finds the table by its section, else by its first bytes.
    pub(crate) fn find(view: &View<'_>) -> Option<Self> {
        let sections = [".gopclntab", ".data.rel.ro.gopclntab", "__gopclntab"];
        if let Some(section) = view.section(&sections) {
            return Self::at(view, section.offset, section.size);
        }
        let mut left = SEARCHED;
        view.data().find_map(|region| {
            let size = region.size.min(left);
            left -= size;
            Self::search(view, region, size)
        })
    }

    fn search(view: &View<'_>, region: &Region, size: u64) -> Option<Self> {
        // The sizes tell the header from other text: code is aligned to 1, 2 or 4 bytes.
        let finder = Finder::new(if view.big_endian { &b"\xff\xff\xff"[..] } else { b"\xff\xff\xff\0\0" });
        let mut found = None;
        view.source.pieces(region.offset, size, HEADER, |offset, piece| {
            for at in finder.find_iter(piece) {
                let start = if view.big_endian { Some(at) } else { at.checked_sub(1) };
                let Some(start) = start.map(|start| offset + start as u64) else { continue };
                let end = region.offset.saturating_add(region.size);
                found = end.checked_sub(start).and_then(|available| Self::at(view, start, available));
                if found.is_some() {
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        });
        found
    }

    /// Reads the header; `None` where it does not make sense.
    fn at(view: &View<'_>, offset: u64, available: u64) -> Option<Self> {
        let header = view.bytes(offset, (HEADER as u64).min(available))?;
        let magic = *header.first_chunk()?;
        let magic = if view.big_endian { u32::from_be_bytes(magic) } else { u32::from_le_bytes(magic) };
        let width = if view.wide { 8 } else { 4 };
        let shape = header.get(4..8)?;
        let fits =
            shape[0] == 0 && shape[1] == 0 && matches!(shape[2], 1 | 2 | 4) && usize::from(shape[3]) == width;
        if !MAGICS.contains(&magic) || !fits {
            return None;
        }
        // Since 1.18 the address of the code stands before the offsets.
        let first = if magic == MAGICS[0] { 2 } else { 3 };
        let number = |index: usize| view.address_in(&header, 8 + index * width);
        let (functions, names, units, files, counters) =
            (number(0)?, number(first)?, number(first + 1)?, number(first + 2)?, number(first + 3)?);
        let ordered = names < units && units <= files && files <= counters && counters <= available;
        if !ordered || counters > LARGEST || functions == 0 || functions > available / 4 {
            return None;
        }
        Some(Self { names: (offset + names, units - names), files: (offset + files, counters - files) })
    }

    /// Hands out the name of each function, those of inlined ones too; tells whether all could be read.
    pub(crate) fn each_function(&self, view: &View<'_>, each: impl FnMut(&str)) -> bool {
        each_text(view, self.names, each)
    }

    /// Hands out the path of each source file; tells whether all could be read.
    pub(crate) fn each_file(&self, view: &View<'_>, each: impl FnMut(&str)) -> bool {
        each_text(view, self.files, each)
    }
}

/// Hands out texts that end with a zero byte each.
fn each_text(view: &View<'_>, (offset, size): (u64, u64), mut each: impl FnMut(&str)) -> bool {
    let mut begun: Vec<u8> = Vec::new();
    let mut sound = true;
    let mut hand_out = |text: &[u8]| {
        if let Ok(text) = std::str::from_utf8(text)
            && !text.is_empty()
        {
            each(text);
        }
    };
    let whole = view.source.pieces(offset, size, 0, |_, piece| {
        let mut rest = piece;
        while let Some(end) = memchr::memchr(0, rest) {
            if begun.is_empty() {
                hand_out(&rest[..end]);
            } else {
                begun.extend_from_slice(&rest[..end]);
                hand_out(&begun);
                begun.clear();
            }
            rest = &rest[end + 1..];
        }
        begun.extend_from_slice(rest);
        sound = begun.len() <= LONGEST_NAME;
        if sound { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    whole && sound
}
