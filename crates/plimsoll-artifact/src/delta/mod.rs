//! Content that travels as what the other side lacks: patches between two programs, and programs compressed.
//!
//! [`make`] and [`compress`] turn a program into bytes to send, [`Decoder`] and [`apply`] turn them back.
//!
//! A patch is made in three steps. `index` and `align` find which stretch of the base each stretch of the target
//! came from, tolerating bytes that differ (a function that moved keeps its code, but not the addresses in it);
//! `make` writes such a stretch as a copy with *edits*, differences of 32-bit little-endian words: all references
//! to what moved differ by the same number, so they compress to almost nothing; zstd packs the rest. `decode` undoes
//! it in bounded memory, and takes every patch for hostile. Figures and what was rejected: `docs/design/transfer.md`.
//!
//! ```text
//! offset 0   magic        "PLDT"
//! offset 4   version      one byte, 1
//! offset 5   method       one byte: 1 compressed, 2 patch
//! offset 6   base         32 bytes, SHA-256; zero where there is none
//! offset 38  target       32 bytes, SHA-256
//! offset 70  size         eight bytes, little endian: the target's
//! offset 78  payload      one zstd frame, window at most 8 MiB: the target, or blocks
//!
//! block      four lengths of four bytes, little endian, each at most 4 MiB: operations, gaps, deltas, literals;
//!            then these four
//! operation  literal length, distance of the copy from the end of the one before (signed), copy length; at most
//!            1 MiB each and not both 0. It yields literals, then the copy
//! gap        unchanged bytes of the block's copies before the next edit; none left: no more edits in the block
//! delta      what is added to the word at an edit, wrapping (signed); a word ends where its copy ends
//! ```
//!
//! Numbers in blocks are LEB128, signed ones zigzag.

mod align;
mod apply;
mod decode;
mod error;
mod header;
mod index;
mod make;
mod number;

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;

pub use apply::apply;
pub use decode::{Base, Decoder};
pub use error::DeltaError;
pub use header::{HEADER, Header, Method};
pub use make::{Content, compress, make};

/// Most bytes of one operation's literals and of its copy.
const PIECE: usize = 1024 * 1024;
/// Most bytes of one section of a block.
const SECTION: u32 = 4 * 1024 * 1024;
/// Logarithm of the most bytes that zstd may look back.
const WINDOW_LOG: u32 = 23;
