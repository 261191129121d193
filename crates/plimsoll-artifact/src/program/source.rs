//! The bytes of a file, on disk or in memory, read in pieces.

use std::fs::File;
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt as _;

/// How much is read at once.
pub(crate) const PIECE: u64 = 1 << 20;

/// The bytes of a file.
#[derive(Debug)]
pub(crate) enum Source<'a> {
    /// On disk: the file and its length.
    File(File, u64),
    /// In memory.
    Bytes(&'a [u8]),
}

impl Source<'_> {
    /// The number of bytes.
    pub(crate) fn length(&self) -> u64 {
        match self {
            Self::File(_, length) => *length,
            Self::Bytes(bytes) => bytes.len() as u64,
        }
    }

    /// The bytes at an offset; `None` where not all of them are there. Callers bound the size.
    pub(crate) fn read(&self, offset: u64, size: u64) -> Option<Vec<u8>> {
        if offset.checked_add(size)? > self.length() {
            return None;
        }
        let mut bytes = vec![0; usize::try_from(size).ok()?];
        self.fill(offset, &mut bytes)?;
        Some(bytes)
    }

    /// Reads a range piece by piece. Each piece begins with the last `overlap` bytes of the one before, so that a text
    /// on the border is seen whole in one of them. Tells whether the whole range was read.
    pub(crate) fn pieces(
        &self,
        offset: u64,
        size: u64,
        overlap: usize,
        mut each: impl FnMut(u64, &[u8]) -> ControlFlow<()>,
    ) -> bool {
        let end = offset.saturating_add(size).min(self.length());
        let mut buffer = Vec::new();
        let mut at = offset;
        while at < end {
            let kept = buffer.len().min(overlap);
            buffer.drain(..buffer.len() - kept);
            let Ok(room) = usize::try_from(PIECE.min(end - at)) else { return false };
            buffer.resize(kept + room, 0);
            if self.fill(at, &mut buffer[kept..]).is_none() {
                return false;
            }
            if each(at - kept as u64, &buffer).is_break() {
                return true;
            }
            at += room as u64;
        }
        true
    }

    fn fill(&self, offset: u64, bytes: &mut [u8]) -> Option<()> {
        match self {
            Self::File(file, _) => file.read_exact_at(bytes, offset).ok(),
            Self::Bytes(all) => {
                let start = usize::try_from(offset).ok()?;
                bytes.copy_from_slice(all.get(start..start.checked_add(bytes.len())?)?);
                Some(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_overlap_and_cover_everything() {
        let bytes: Vec<u8> = (0..3 * PIECE + 77).map(|n| u8::try_from(n % 251).unwrap()).collect();
        let source = Source::Bytes(&bytes);
        let mut expected_start = 5;
        let mut seen = 0;
        let whole = source.pieces(5, u64::MAX, 16, |offset, piece| {
            let start = usize::try_from(offset).unwrap();
            assert_eq!(piece, &bytes[start..start + piece.len()]);
            assert_eq!(offset, expected_start);
            seen = start + piece.len();
            expected_start = seen as u64 - 16;
            ControlFlow::Continue(())
        });
        assert!(whole && seen == bytes.len());
        assert!(source.read(bytes.len() as u64, 1).is_none() && source.read(u64::MAX, 2).is_none());
    }
}
