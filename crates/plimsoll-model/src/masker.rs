//! Secret values in the output of builds and tests, replaced by `***` before anything shows or stores them.
//!
//! Works on bytes as they come: a value that arrives in two pieces is found as well, so up to the length of the longest
//! value is held back until more comes or [`MaskingWriter::finish`] is called.

use std::io::{self, Write};

use plimsoll_model::Secret;

/// Shorter values are not masked: they would hit ordinary text everywhere and so give themselves away.
pub const SHORTEST: usize = 4;
const MASK: &[u8] = b"***";

/// The values to mask.
#[derive(Clone, Default)]
pub struct Masker {
    /// Longest first.
    values: Vec<Vec<u8>>,
}

impl Masker {
    /// Masks these values, and each line of those with several lines (keys in PEM), since output is read by line.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let mut values: Vec<Vec<u8>> = secrets
            .into_iter()
            .flat_map(|secret| std::iter::once(secret.expose()).chain(secret.expose().lines()))
            .filter(|value| value.len() >= SHORTEST)
            .map(|value| value.as_bytes().to_vec())
            .collect();
        values.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        values.dedup();
        Self { values }
    }

    /// `text` with every value masked.
    pub fn mask(&self, text: &str) -> String {
        let mut masked = Vec::with_capacity(text.len());
        let mut scan = Scan { pending: text.as_bytes().to_vec(), covered: 0 };
        scan.advance(self, true, &mut masked);
        String::from_utf8_lossy(&masked).into_owned()
    }

    /// A writer that masks what goes through it to `out`.
    pub fn writer<W: Write>(&self, out: W) -> MaskingWriter<W> {
        MaskingWriter { masker: self.clone(), scan: Scan::default(), out }
    }

    /// Length of the longest value that begins `rest`.
    fn matching(&self, rest: &[u8]) -> Option<usize> {
        self.values.iter().find(|value| rest.starts_with(value)).map(Vec::len)
    }

    /// Whether more bytes could make a value of `rest`.
    fn may_match(&self, rest: &[u8]) -> bool {
        self.values.iter().any(|value| value.len() > rest.len() && value.starts_with(rest))
    }
}

impl std::fmt::Debug for Masker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Masker({} values)", self.values.len())
    }
}

/// A place in a stream of bytes.
#[derive(Default)]
struct Scan {
    /// Bytes that are not written yet.
    pending: Vec<u8>,
    /// How many of them a mask already written stands for. Values that overlap share one mask, so no tail shows.
    covered: usize,
}

impl Scan {
    /// Moves what is certain from `pending` to `out`; at the `end` everything is.
    fn advance(&mut self, masker: &Masker, end: bool, out: &mut Vec<u8>) {
        let mut at = 0;
        while at < self.pending.len() {
            let rest = &self.pending[at..];
            if !end && masker.may_match(rest) {
                break;
            }
            if let Some(length) = masker.matching(rest) {
                if at >= self.covered {
                    out.extend_from_slice(MASK);
                }
                self.covered = self.covered.max(at + length);
            }
            if at >= self.covered {
                out.push(self.pending[at]);
            }
            at += 1;
        }
        self.pending.drain(..at);
        self.covered = self.covered.saturating_sub(at);
    }
}

/// Masks what is written through it.
pub struct MaskingWriter<W: Write> {
    masker: Masker,
    scan: Scan,
    out: W,
}

impl<W: Write> MaskingWriter<W> {
    /// Writes what was held back and returns the writer inside.
    pub fn finish(mut self) -> io::Result<W> {
        self.pass(true)?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn pass(&mut self, end: bool) -> io::Result<()> {
        let mut masked = Vec::with_capacity(self.scan.pending.len());
        self.scan.advance(&self.masker, end, &mut masked);
        self.out.write_all(&masked)
    }
}

impl<W: Write> Write for MaskingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.scan.pending.extend_from_slice(bytes);
        self.pass(false)?;
        Ok(bytes.len())
    }

    /// Does not write what is held back: it may be the first half of a value.
    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn masker(values: &[&str]) -> Masker {
        let secrets: Vec<Secret> = values.iter().map(|value| Secret::new(*value)).collect();
        Masker::new(&secrets)
    }

    #[test]
    fn values_are_masked_longest_first() {
        let masker = masker(&["hunter2", "hunter2-extended", "abc"]);
        assert_eq!(masker.mask("a hunter2-extended b hunter2 abc"), "a *** b *** abc");
        assert_eq!(masker.mask("hunter"), "hunter");
    }

    #[test]
    fn overlapping_values_leave_no_tail() {
        assert_eq!(masker(&["abcd", "cdef"]).mask("xabcdefy"), "x***y");
        assert_eq!(masker(&["aaaa"]).mask("aaaaaaab"), "***b");
    }

    #[test]
    fn each_line_of_a_key_is_masked() {
        let masker = masker(&["first line\nsecond line\n"]);
        assert_eq!(masker.mask("log: second line."), "log: ***.");
    }

    #[test]
    fn a_value_in_pieces_is_found() {
        let mut writer = masker(&["hunter2"]).writer(Vec::new());
        for piece in ["pass=hun", "ter", "2 user=hunt"] {
            writer.write_all(piece.as_bytes()).unwrap();
            writer.flush().unwrap();
        }
        assert_eq!(writer.finish().unwrap(), b"pass=*** user=hunt");
    }

    #[test]
    fn an_endless_repetition_is_not_kept() {
        let mut writer = masker(&["aaaa"]).writer(Vec::new());
        for _ in 0..1000 {
            writer.write_all(b"aaaaaaaaaaaaaaaa").unwrap();
            assert!(writer.scan.pending.len() < 8);
        }
        assert_eq!(writer.finish().unwrap(), b"***");
    }

    proptest! {
        #[test]
        fn no_value_ever_shows_and_pieces_do_not_matter(
            values in prop::collection::vec("[ab]{4,6}", 0..4),
            pieces in prop::collection::vec("[abc]{0,9}", 0..12),
        ) {
            let masker = masker(&values.iter().map(String::as_str).collect::<Vec<_>>());
            let mut writer = masker.writer(Vec::new());
            for piece in &pieces {
                writer.write_all(piece.as_bytes()).unwrap();
            }
            let streamed = String::from_utf8(writer.finish().unwrap()).unwrap();
            prop_assert_eq!(&streamed, &masker.mask(&pieces.concat()));
            for value in &values {
                prop_assert!(!streamed.contains(value.as_str()));
            }
        }
    }
}
