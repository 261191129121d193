//! A file's text, and where in it something stands.

use plimsoll_model::finding::{Place, SourceLine};

/// A longer line is cut where it is shown, in characters.
const LONGEST_SHOWN: usize = 240;

/// Lines of one finding that are shown.
const MOST_SHOWN: u32 = 6;

/// The text of a file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The file, as it was named or found.
    pub path: String,
    /// Its text. What is no UTF-8 has become U+FFFD.
    pub text: String,
    /// Where each line begins.
    starts: Vec<usize>,
}

/// A comment, where a waiver may stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Its line.
    pub line: u32,
    /// What is behind the sign.
    pub text: String,
    /// Whether it stands inside of what goes on over several lines.
    pub inside: bool,
}

impl Source {
    /// A file with this text.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let mut starts = vec![0];
        starts.extend(text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1));
        if text.is_empty() || text.ends_with('\n') {
            starts.pop();
        }
        Self { path: path.into(), text, starts }
    }

    /// How many lines it has.
    pub fn line_count(&self) -> u32 {
        u32::try_from(self.starts.len()).unwrap_or(u32::MAX)
    }

    /// A line by its number from 1, without its end; empty where there is none.
    pub fn line(&self, number: u32) -> &str {
        let index = number as usize;
        let Some(&start) = index.checked_sub(1).and_then(|at| self.starts.get(at)) else { return "" };
        let end = self.starts.get(index).copied().unwrap_or(self.text.len());
        let line = self.text.get(start..end).unwrap_or_default();
        let line = line.strip_suffix('\n').unwrap_or(line);
        line.strip_suffix('\r').unwrap_or(line)
    }

    /// The bytes of a line, its end included; empty where there is none.
    pub fn bytes_of(&self, number: u32) -> std::ops::Range<usize> {
        let end = self.text.len();
        let at = |index: Option<usize>| index.and_then(|at| self.starts.get(at)).copied().unwrap_or(end);
        at((number as usize).checked_sub(1))..at(Some(number as usize))
    }

    /// Every line with its number.
    pub fn lines(&self) -> impl Iterator<Item = (u32, &str)> {
        (1..=self.line_count()).map(|number| (number, self.line(number)))
    }

    /// From the first character to the last one of these lines.
    pub fn whole_lines(&self, first: u32, last: u32) -> Place {
        let text = self.line(first);
        let column = text.chars().take_while(|c| c.is_whitespace()).count();
        let end = self.line(last).trim_end().chars().count();
        Place { line: first, column: number(column + 1), end_line: last, end_column: number(end + 1) }
    }

    /// Where bytes stand; what is behind the end of their first line is left out.
    pub fn place_of(&self, bytes: std::ops::Range<usize>) -> Place {
        let line = self.starts.partition_point(|start| *start <= bytes.start).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or(0);
        let line = number(line);
        let text = self.line(line);
        let column = |byte: usize| {
            let before = text.char_indices().take_while(|(at, _)| start + at < byte).count();
            number(before + 1)
        };
        Place { line, column: column(bytes.start), end_line: line, end_column: column(bytes.end) }
    }

    /// The lines of a place as they are shown: the first ones, each cut where it is very long.
    pub fn shown(&self, place: &Place) -> Vec<SourceLine> {
        let last = place.end_line.min(place.line.saturating_add(MOST_SHOWN - 1));
        let cut = |line: &str| line.chars().take(LONGEST_SHOWN).collect();
        (place.line..=last).map(|line| SourceLine { line, text: cut(self.line(line)) }).collect()
    }
}

/// A count as a line or column has it.
pub(crate) fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_by_number() {
        for (text, lines) in [
            ("", vec![]),
            ("a", vec!["a"]),
            ("a\n", vec!["a"]),
            ("a\r\n\nb", vec!["a", "", "b"]),
            ("\n\n", vec!["", ""]),
        ] {
            let source = Source::new("x", text);
            assert_eq!(source.lines().map(|(_, line)| line).collect::<Vec<_>>(), lines, "{text:?}");
        }
        assert_eq!((Source::new("x", "a").line(0), Source::new("x", "a").line(2)), ("", ""));
    }

    #[test]
    fn a_place_skips_the_indentation() {
        let source = Source::new("x", "  RUN a \\\n    b  \n");
        assert_eq!(source.whole_lines(1, 2), Place { line: 1, column: 3, end_line: 2, end_column: 6 });
    }
}
