//! What belongs together in a file, so that a comment above it is about all of it.

use super::{Block, Remark};
use crate::source::Source;

/// Lines that one comment is about at most: there may be many comments, and many lines.
const FARTHEST: usize = 10_000;

/// How lines of a file belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Layout {
    /// In these blocks, in the order of their lines: instructions.
    Blocks(Vec<Block>),
    /// An entry and what is indented below it.
    Indented,
    /// Each line is for itself.
    Lines,
}

impl Layout {
    /// The lines that a comment is about: what it stands in, or what is below it.
    pub(super) fn about(&self, source: &Source, remark: &Remark) -> Option<Block> {
        let begin = || {
            let first = if remark.inside { remark.line } else { remark.line + 1 };
            (first..=source.line_count()).take(FARTHEST).find(|&line| is_code(source.line(line)))
        };
        match self {
            Self::Blocks(blocks) => {
                blocks.get(blocks.partition_point(|(_, end)| *end < remark.line)).copied()
            }
            Self::Lines => begin().map(|line| (line, line)),
            Self::Indented => begin().map(|line| (line, end_of_entry(source, line))),
        }
    }
}

fn is_code(line: &str) -> bool {
    let line = line.trim_start();
    !line.is_empty() && !line.starts_with('#')
}

/// The last line that is indented deeper than the one that begins the entry. An item of a list may stand as far left as the
/// key that the list belongs to.
fn end_of_entry(source: &Source, begin: u32) -> u32 {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let first = source.line(begin);
    let is_key = !first.trim_start().starts_with("- ") && first.trim_end().ends_with(':');
    let mut end = begin;
    for number in (begin + 1..=source.line_count()).take(FARTHEST) {
        let line = source.line(number);
        if !is_code(line) {
            continue;
        }
        let is_item = is_key && line.trim_start().starts_with('-') && indent(line) == indent(first);
        if indent(line) <= indent(first) && !is_item {
            break;
        }
        end = number;
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_ends_where_the_next_begins() {
        let source = Source::new("x", "a:\n  # note\n  b: 1\n\n  c:\n  - 1\n  - 2\nd: 3\n");
        let about = |line, inside| {
            let remark = Remark { line, text: String::new(), inside };
            Layout::Indented.about(&source, &remark)
        };
        assert_eq!(about(2, false), Some((3, 3)));
        assert_eq!(about(4, false), Some((5, 7)));
        assert_eq!(about(1, true), Some((1, 7)));
        assert_eq!(about(8, false), None);
    }
}
