//! A program file as what all formats have in common: bytes that are read in pieces, parts of the file with addresses,
//! and texts that are searched for.
//!
//! The readers of Go's and Rust's data work on a [`View`], so that one reader serves ELF, Mach-O and PE. A [`Source`] is
//! read where it is asked for; nothing here holds a whole file.

mod scan;
mod source;
mod view;

pub(crate) use scan::{PEOPLE, Traces, scan};
pub(crate) use source::Source;
pub(crate) use view::{Region, View};
