//! The text of the file with its lines, and how a place in it is shown.
//!
//! What is shown reaches terminals and logs, so control characters are replaced and values that look secret are
//! masked. The width of a line is bounded, since a file may be one line of a megabyte.

use std::ops::Range;

use toml::de::DeTable;

use crate::mask::{merged, secret_values, values_in_secrets};
use crate::problem::Place;

/// Most characters of a line that are shown.
const WIDEST: usize = 120;
/// What stands for a masked value.
const MASK: &str = "***";

/// The file's text.
pub(crate) struct Source<'a> {
    pub(crate) file: &'a str,
    pub(crate) text: &'a str,
    line_starts: Vec<usize>,
    masked: Vec<Range<usize>>,
}

impl<'a> Source<'a> {
    pub(crate) fn new(file: &'a str, text: &'a str) -> Self {
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { file, text, line_starts, masked: secret_values(text) }
    }

    /// The text with what parsing found out about it.
    pub(crate) fn with_document(file: &'a str, text: &'a str, document: &DeTable<'_>) -> Self {
        let source = Self::new(file, text);
        let masked = merged(source.masked.into_iter().chain(values_in_secrets(document)).collect());
        Self { masked, ..source }
    }

    /// Whether some of these bytes must not be shown.
    pub(crate) fn hides(&self, span: &Range<usize>) -> bool {
        let ends_behind = self.masked.partition_point(|range| range.end <= span.start);
        self.masked.get(ends_behind).is_some_and(|range| range.start < span.end)
    }

    /// The line that holds a byte, from 1.
    pub(crate) fn line_of(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= offset).max(1)
    }

    /// The place of some bytes. A span over several lines is shown by its first one.
    pub(crate) fn place(&self, span: Range<usize>) -> Place {
        let start = self.boundary(span.start);
        let end = self.boundary(span.end.max(span.start));
        let line = self.line_of(start);
        let first = self.line_starts[line - 1];
        let last = self.line_starts.get(line).map_or(self.text.len(), |next| next - 1);
        let last = if self.text[first..last].ends_with('\r') { last - 1 } else { last };
        let column = self.text[first..start.max(first)].chars().count() + 1;
        let (source_line, marker) = self.shown(first..last, start..end.min(last).max(start));
        Place { span: start..end, line, column, source_line, marker }
    }

    /// A line as it may be shown, and where the marked bytes are in it.
    fn shown(&self, line: Range<usize>, marked: Range<usize>) -> (String, Range<usize>) {
        let mut shown: Vec<char> = Vec::new();
        let mut marker: Option<Range<usize>> = None;
        let mut masking = false;
        for (at, c) in self.text[line.clone()].char_indices().map(|(at, c)| (at + line.start, c)) {
            let column = shown.len();
            if self.is_masked(at) {
                if !masking {
                    shown.extend(MASK.chars());
                }
                masking = true;
            } else {
                masking = false;
                shown.push(harmless(c));
            }
            if marked.contains(&at) {
                let from = marker.as_ref().map_or(column.min(shown.len() - 1), |m| m.start);
                marker = Some(from..shown.len());
            }
        }
        let at_end = shown.len();
        let fallback = self.text[line.start..marked.start.clamp(line.start, line.end)].chars().count();
        let marker = marker.unwrap_or_else(|| fallback.min(at_end)..fallback.min(at_end) + 1);
        cut(&shown, marker)
    }

    fn is_masked(&self, offset: usize) -> bool {
        let after = self.masked.partition_point(|range| range.start <= offset);
        after > 0 && self.masked[after - 1].contains(&offset)
    }

    fn boundary(&self, offset: usize) -> usize {
        let mut at = offset.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }
}

/// Keeps a window of a long line around its marker.
fn cut(line: &[char], marker: Range<usize>) -> (String, Range<usize>) {
    if line.len() <= WIDEST {
        return (line.iter().collect(), marker);
    }
    let from = marker.start.saturating_sub(WIDEST / 3);
    let to = (from + WIDEST).min(line.len());
    let (before, after) = (if from > 0 { "..." } else { "" }, if to < line.len() { "..." } else { "" });
    let text: String = before.chars().chain(line[from..to].iter().copied()).chain(after.chars()).collect();
    let shift = |column: usize| column.min(to) - from + before.len();
    let start = shift(marker.start);
    (text, start..shift(marker.end).max(start + 1))
}

/// A character that moves no cursor and reverses no text.
pub(crate) fn harmless(c: char) -> char {
    match c {
        '\t' => ' ',
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => {
            '\u{fffd}'
        }
        c if c.is_control() => '\u{fffd}',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_line_and_column() {
        let source = Source::new("f", "a = 1\r\n  größe = 5\n");
        let at = source.text.find('5').unwrap();
        let place = source.place(at..at + 1);
        assert_eq!((place.line, place.column), (2, 11));
        assert_eq!((place.source_line.as_str(), place.marker), ("  größe = 5", 10..11));
    }

    #[test]
    fn the_end_of_the_text_is_a_place() {
        let place = Source::new("f", "a = ").place(4..4);
        assert_eq!((place.line, place.column, place.marker), (1, 5, 4..5));
        assert_eq!(Source::new("f", "").place(0..0).line, 1);
    }

    #[test]
    fn a_long_line_is_cut_around_the_marker() {
        let text = format!("a = \"{}\"; b", "x".repeat(5000));
        let place = Source::new("f", &text).place(text.len() - 1..text.len());
        assert!(place.source_line.len() < 2 * WIDEST);
        let marked: String = place.source_line.chars().skip(place.marker.start).take(1).collect();
        assert_eq!(marked, "b");
    }

    #[test]
    fn nothing_shown_drives_the_terminal() {
        let place = Source::new("f", "a = \u{1b}[31m\u{202e}").place(0..1);
        assert_eq!(place.source_line, "a = \u{fffd}[31m\u{fffd}");
    }

    #[test]
    fn secret_values_are_masked() {
        let text = "DB_PASSWORD = \"hunter2\" # x";
        let place = Source::new("f", text).place(0..text.len());
        assert_eq!(place.source_line, "DB_PASSWORD = ***");
    }
}
