//! Logical lines: what an instruction says, put together from the lines that it is spread over.

use plimsoll_model::finding::Place;

use crate::source::{Comment, Source, number};

/// An instruction's text without its line breaks, and where each part of it stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Logical {
    /// The text: lines joined where they were broken, comments inside left out.
    pub(super) text: String,
    /// The first line.
    pub(super) line: u32,
    /// The last line.
    pub(super) end_line: u32,
    /// Where in the text each line begins.
    pub(super) parts: Vec<(usize, u32)>,
}

impl Logical {
    /// The text from an offset on, as if it were all.
    pub(super) fn from(&self, offset: usize) -> Self {
        let parts = self.parts.iter().map(|(at, line)| (at.saturating_sub(offset), *line));
        Self { text: self.text[offset..].to_owned(), parts: parts.collect(), ..*self }
    }

    /// The line that an offset of the text stands in.
    pub(super) fn line_of(&self, offset: usize) -> u32 {
        let after = self.parts.partition_point(|(at, _)| *at <= offset);
        after.checked_sub(1).and_then(|part| self.parts.get(part)).map_or(self.line, |(_, line)| *line)
    }
}

/// Goes over a file's lines.
#[derive(Debug)]
pub(super) struct Lines<'s> {
    source: &'s Source,
    /// The line that is read next, from 1.
    next: u32,
    pub(super) escape: char,
    pub(super) comments: Vec<Comment>,
}

impl<'s> Lines<'s> {
    pub(super) fn new(source: &'s Source) -> Self {
        Self { source, next: 1, escape: '\\', comments: Vec::new() }
    }

    /// The next line as it stands there.
    pub(super) fn raw(&mut self) -> Option<(u32, &'s str)> {
        let line = self.next;
        if line > self.source.line_count() {
            return None;
        }
        self.next += 1;
        Some((line, self.source.line(line).trim_start_matches('\u{feff}')))
    }

    /// Goes back to before the line that was read last.
    pub(super) fn put_back(&mut self) {
        self.next -= 1;
    }

    /// The next instruction's text. Comments on the way are remembered.
    pub(super) fn logical(&mut self) -> Option<Logical> {
        let mut logical = Logical::default();
        while let Some((line, text)) = self.raw() {
            let began = logical.line > 0;
            if let Some(comment) = text.trim_start().strip_prefix('#') {
                self.comments.push(Comment { line, text: comment.to_owned(), inside: began });
                continue;
            }
            let trimmed = text.trim_end();
            if trimmed.is_empty() {
                continue;
            }
            if !began {
                logical.line = line;
            }
            logical.end_line = line;
            logical.parts.push((logical.text.len(), line));
            let part = if began { trimmed } else { trimmed.trim_start() };
            let Some(continued) = part.strip_suffix(self.escape) else {
                logical.text.push_str(part);
                break;
            };
            logical.text.push_str(continued);
        }
        (logical.line > 0).then_some(logical)
    }
}

/// The whole of some lines.
pub(super) fn place(source: &Source, line: u32, end_line: u32) -> Place {
    let mut place = source.whole_lines(line, end_line);
    place.end_column = place.end_column.max(number(1));
    place
}
