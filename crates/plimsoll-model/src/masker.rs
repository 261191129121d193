//! Secret values in whatever programs print, replaced by `***` before anything shows or stores them: output of builds
//! and tests, instances' logs, errors, evidence.
//!
//! Works on bytes as they come: a value that arrives in two pieces is found as well, so up to the length of the longest
//! value is held back until more comes or [`MaskingWriter::finish`] is called.

use std::borrow::Cow;
use std::io::{self, Write};

use crate::Secret;

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
    /// Masks nothing.
    pub const NONE: Self = Self { values: Vec::new() };

    /// Masks these values, and each line of those with several lines (keys in PEM), since output is read by line. Also as
    /// they stand in JSON, which many services log in.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        let mut values: Vec<Vec<u8>> = secrets
            .into_iter()
            .flat_map(|secret| std::iter::once(secret.expose()).chain(secret.expose().lines()))
            .filter(|value| value.len() >= SHORTEST)
            .flat_map(|value| [value.to_owned(), in_json(value)])
            .map(String::into_bytes)
            .collect();
        in_order(&mut values);
        Self { values }
    }

    /// Masks the values of another one as well.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        self.values.extend_from_slice(&other.values);
        in_order(&mut self.values);
        self
    }

    /// Whether a value is too short to be masked.
    pub fn is_too_short(secret: &Secret) -> bool {
        (1..SHORTEST).contains(&secret.expose().len())
    }

    /// Whether there is nothing to mask.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// `text` with every value masked.
    pub fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.scan(text, true)
    }

    /// The same for text that was cut: a value that may have begun at its end is masked too.
    pub fn mask_cut<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.scan(text, false)
    }

    fn scan<'t>(&self, text: &'t str, is_whole: bool) -> Cow<'t, str> {
        if self.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut masked = Vec::with_capacity(text.len());
        let mut scan = Scan { pending: text.as_bytes().to_vec(), covered: 0 };
        scan.advance(self, is_whole, &mut masked);
        if scan.pending.len() > scan.covered {
            masked.extend_from_slice(MASK);
        }
        if masked == text.as_bytes() {
            return Cow::Borrowed(text);
        }
        Cow::Owned(String::from_utf8_lossy(&masked).into_owned())
    }

    /// Masks the values in every text of a JSON value.
    pub fn mask_json(&self, value: &mut serde_json::Value) {
        match value {
            serde_json::Value::String(text) => self.mask_in_place(text),
            serde_json::Value::Array(items) => items.iter_mut().for_each(|item| self.mask_json(item)),
            serde_json::Value::Object(fields) => fields.values_mut().for_each(|field| self.mask_json(field)),
            _ => {}
        }
    }

    /// Masks the values in a text.
    pub fn mask_in_place(&self, text: &mut String) {
        if let Cow::Owned(masked) = self.mask(text) {
            *text = masked;
        }
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

fn in_order(values: &mut Vec<Vec<u8>>) {
    values.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    values.dedup();
}

/// As it stands between the quotes of a JSON text.
fn in_json(value: &str) -> String {
    let quoted = serde_json::Value::from(value).to_string();
    quoted[1..quoted.len() - 1].to_owned()
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
    fn a_value_is_found_in_json() {
        let masker = masker(&["he said \"no\"", "short"]);
        assert_eq!(masker.mask(r#"{"token":"he said \"no\""}"#), r#"{"token":"***"}"#);
        let mut value = serde_json::json!({ "a": ["xhe said \"no\"x", 1], "b": { "short": "short" } });
        masker.mask_json(&mut value);
        assert_eq!(value, serde_json::json!({ "a": ["x***x", 1], "b": { "short": "***" } }));
    }

    #[test]
    fn where_a_text_was_cut_no_half_value_is_left() {
        let masker = masker(&["hunter2", "2many"]);
        assert_eq!(masker.mask_cut("a hunter2 b hunt"), "a *** b ***");
        assert_eq!(masker.mask_cut("a hunter2"), "a ***");
        assert_eq!(masker.mask_cut("a hunter"), "a ***");
        assert_eq!(masker.mask_cut("nothing here"), "nothing here");
        assert_eq!(Masker::default().mask_cut("hunt"), "hunt");
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
            let whole = pieces.concat();
            prop_assert_eq!(&streamed, &masker.mask(&whole));
            for value in &values {
                prop_assert!(!streamed.contains(value.as_str()));
            }
        }
    }
}
