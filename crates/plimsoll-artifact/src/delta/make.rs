//! Packing: a target against a base, or alone.

use std::io::Write;

use plimsoll_model::Digest;
use zstd::stream::write::Encoder;

use super::align::{Stretch, align, equal};
use super::header::{Header, Method};
use super::{DeltaError, PIECE, WINDOW_LOG, number};

/// A program's bytes and their digest, which the caller knows from its manifest.
#[derive(Debug, Clone, Copy)]
pub struct Content<'a> {
    /// The bytes.
    pub bytes: &'a [u8],
    /// Their SHA-256.
    pub digest: Digest,
}

/// Up to this size better compression costs no time that anybody notices.
const LITTLE: usize = 8 * 1024 * 1024;
/// A block is closed when it has so many bytes.
const BLOCK: usize = 256 * 1024;

/// Packs `target` as a patch against `base`. Takes about 6 ms for each MB where the two are alike, one thread, and
/// memory for half of the base and for the patch before it is compressed. Where the two have nothing in common it is
/// about as large as [`compress`]ed.
pub fn make(base: Content<'_>, target: Content<'_>) -> Result<Vec<u8>, DeltaError> {
    let stretches = align(base.bytes, target.bytes);
    let blocks = Blocks::of(base.bytes, target.bytes, &stretches);
    pack(Method::Patch { base: base.digest }, target, &blocks)
}

/// Packs `target` alone.
pub fn compress(target: Content<'_>) -> Result<Vec<u8>, DeltaError> {
    pack(Method::Compressed, target, target.bytes)
}

fn pack(method: Method, target: Content<'_>, payload: &[u8]) -> Result<Vec<u8>, DeltaError> {
    let header = Header { method, target: target.digest, size: target.bytes.len() as u64 };
    let level = if payload.len() <= LITTLE { 9 } else { 3 };
    let write = || {
        let mut encoder = Encoder::new(header.to_bytes().to_vec(), level)?;
        encoder.set_pledged_src_size(Some(payload.len() as u64))?;
        encoder.window_log(WINDOW_LOG)?;
        encoder.write_all(payload)?;
        encoder.finish()
    };
    write().map_err(DeltaError::io("compress"))
}

/// A patch before it is compressed.
#[derive(Default)]
struct Blocks {
    done: Vec<u8>,
    operations: Vec<u8>,
    gaps: Vec<u8>,
    deltas: Vec<u8>,
    literals: Vec<u8>,
    /// Unchanged bytes of copies since the last edit in this block.
    gap: u64,
}

impl Blocks {
    fn of(base: &[u8], target: &[u8], stretches: &[Stretch]) -> Vec<u8> {
        let mut blocks = Self::default();
        let (mut at, mut base_at) = (0, 0);
        for stretch in stretches {
            let literals = blocks.leading_literals(&target[at..stretch.target]);
            at = stretch.target + stretch.length;
            let copied = &base[stretch.base..stretch.base + stretch.length];
            let wanted = target[stretch.target..at].chunks(PIECE);
            let mut seek = (stretch.base.cast_signed() - base_at) as i64;
            let mut literals = literals;
            for (from, to) in copied.chunks(PIECE).zip(wanted) {
                blocks.operation(literals, seek, from, to);
                (literals, seek) = (&[], 0);
            }
            base_at = (stretch.base + stretch.length).cast_signed();
        }
        let last = blocks.leading_literals(&target[at..]);
        blocks.operation(last, 0, &[], &[]);
        blocks.close();
        blocks.done
    }

    /// Writes all literals but the last piece, which goes with the copy behind it.
    fn leading_literals<'a>(&mut self, mut literals: &'a [u8]) -> &'a [u8] {
        while let Some((piece, rest)) = literals.split_at_checked(PIECE) {
            self.operation(piece, 0, &[], &[]);
            literals = rest;
        }
        literals
    }

    fn operation(&mut self, literals: &[u8], seek: i64, from: &[u8], to: &[u8]) {
        if literals.is_empty() && to.is_empty() {
            return;
        }
        number::put(&mut self.operations, literals.len() as u64);
        number::put_signed(&mut self.operations, seek);
        number::put(&mut self.operations, to.len() as u64);
        self.literals.extend_from_slice(literals);
        self.edits(from, to);
        if self.operations.len() + self.gaps.len() + self.deltas.len() + self.literals.len() >= BLOCK {
            self.close();
        }
    }

    fn edits(&mut self, mut from: &[u8], mut to: &[u8]) {
        loop {
            let same = equal(from, to);
            self.gap += same as u64;
            (from, to) = (&from[same..], &to[same..]);
            if to.is_empty() {
                return;
            }
            let width = to.len().min(4);
            let delta = word(&to[..width]).wrapping_sub(word(&from[..width]));
            number::put(&mut self.gaps, self.gap);
            number::put_signed(&mut self.deltas, i64::from(delta.cast_signed()));
            self.gap = 0;
            (from, to) = (&from[width..], &to[width..]);
        }
    }

    fn close(&mut self) {
        let sections = [&mut self.operations, &mut self.gaps, &mut self.deltas, &mut self.literals];
        if sections[0].is_empty() {
            return;
        }
        for section in &sections {
            let length = u32::try_from(section.len()).expect("a block ends long before 4 GiB");
            self.done.extend_from_slice(&length.to_le_bytes());
        }
        for section in sections {
            self.done.append(section);
        }
        self.gap = 0;
    }
}

/// At most four bytes as a little-endian number.
pub(super) fn word(bytes: &[u8]) -> u32 {
    let mut word = [0; 4];
    word[..bytes.len()].copy_from_slice(bytes);
    u32::from_le_bytes(word)
}
