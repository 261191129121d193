//! A line of text in parts with meanings, fitted to a width only when it is rendered.
//!
//! Every text that enters a line is made [`visible`] first: there is no way to write to a terminal around that.

use unicode_width::UnicodeWidthChar;

use crate::palette::Role;
use crate::style::Style;
use crate::visible::visible;

/// The column at which the part on the right ends on wide terminals; further out the eye loses the line.
const RIGHT_EDGE: usize = 100;

/// A line, not yet fitted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Line {
    parts: Vec<Part>,
    right: Option<Part>,
    wrap: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    role: Role,
    text: String,
}

/// Columns that a character takes. Emoji selectors count as one: an estimate too wide cuts early, one too narrow
/// would break the redrawing.
fn char_width(c: char) -> usize {
    if c == '\u{fe0f}' { 1 } else { c.width().unwrap_or(0) }
}

/// Columns that a text takes.
pub(crate) fn width_of(text: &str) -> usize {
    text.chars().map(char_width).sum()
}

impl Line {
    /// An empty line.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A line of plain text.
    pub(crate) fn text(text: impl AsRef<str>) -> Self {
        Self::new().with(Role::Plain, text)
    }

    /// Adds text that means `role`.
    pub(crate) fn with(mut self, role: Role, text: impl AsRef<str>) -> Self {
        self.push(role, text);
        self
    }

    /// Adds plain text.
    pub(crate) fn plain(self, text: impl AsRef<str>) -> Self {
        self.with(Role::Plain, text)
    }

    /// Adds text that means `role`.
    pub(crate) fn push(&mut self, role: Role, text: impl AsRef<str>) {
        let text = visible(text.as_ref());
        match self.parts.last_mut() {
            Some(last) if last.role == role => last.text.push_str(&text),
            _ if text.is_empty() => {}
            _ => self.parts.push(Part { role, text: text.into_owned() }),
        }
    }

    /// Adds the parts of another line.
    pub(crate) fn append(&mut self, other: Self) {
        other.parts.into_iter().for_each(|part| self.push(part.role, part.text));
    }

    /// Text at the right edge, kept whole when the line is cut.
    pub(crate) fn right(mut self, role: Role, text: impl AsRef<str>) -> Self {
        self.right = Some(Part { role, text: visible(text.as_ref()).into_owned() });
        self
    }

    /// Is continued on further lines, indented by `hang`, instead of being cut.
    pub(crate) fn wrapped(mut self, hang: usize) -> Self {
        self.wrap = Some(hang);
        self
    }

    /// Columns without the part on the right.
    pub(crate) fn width(&self) -> usize {
        self.parts.iter().map(|part| width_of(&part.text)).sum()
    }

    /// The line fitted to the style's width: one line, or several where it wraps.
    pub(crate) fn render(&self, style: &Style) -> Vec<String> {
        match (style.columns(), self.wrap) {
            (Some(columns), Some(hang)) => {
                let room = columns - hang.min(columns / 2);
                self.break_up(columns, columns - room).iter().map(|line| line.fitted(style)).collect()
            }
            _ => vec![self.fitted(style)],
        }
    }

    fn fitted(&self, style: &Style) -> String {
        let right = self.right.as_ref().filter(|right| !right.text.is_empty());
        let right_width = right.map_or(0, |right| width_of(&right.text) + 2);
        let Some(columns) = style.columns() else {
            let gap = right.map_or(String::new(), |right| format!("  ({})", right.text));
            return (self.painted(style.colour) + &gap).trim_end().to_owned();
        };
        let room = columns.saturating_sub(right_width);
        let cut = self.cut(room, style.cut_mark());
        let mut text = cut.painted(style.colour);
        if let Some(right) = right.filter(|_| right_width <= columns) {
            let used = cut.width();
            let gap = columns.min(RIGHT_EDGE).saturating_sub(used + right_width) + 2;
            text.push_str(&" ".repeat(gap));
            text.push_str(&right.role.paint(&right.text, style.colour));
        } else {
            text.truncate(text.trim_end().len());
        }
        text
    }

    fn painted(&self, colour: bool) -> String {
        self.parts.iter().map(|part| part.role.paint(&part.text, colour)).collect()
    }

    /// At most `room` columns of the line, with `mark` where something is missing.
    fn cut(&self, room: usize, mark: &str) -> Self {
        if self.width() <= room {
            return Self { right: None, ..self.clone() };
        }
        let room = room.saturating_sub(width_of(mark));
        let mut cut = Self::new();
        let mut used = 0;
        'parts: for part in &self.parts {
            for c in part.text.chars() {
                used += char_width(c);
                if used > room {
                    break 'parts;
                }
                cut.push(part.role, c.encode_utf8(&mut [0; 4]));
            }
        }
        cut.push(Role::Quiet, mark);
        cut
    }

    /// Breaks the line between words, and inside of words that are longer than a line.
    fn break_up(&self, columns: usize, hang: usize) -> Vec<Self> {
        let mut lines = vec![];
        let mut line = Self::new();
        let mut used = 0;
        for (role, word) in self.words() {
            let blank = word.starts_with(' ');
            if used + width_of(word) > columns && used > hang {
                lines.push(std::mem::take(&mut line).plain(""));
                line.push(Role::Plain, " ".repeat(hang));
                used = hang;
                if blank {
                    continue;
                }
            }
            for c in word.chars() {
                if used + char_width(c) > columns {
                    lines.push(std::mem::take(&mut line));
                    line.push(Role::Plain, " ".repeat(hang));
                    used = hang;
                }
                line.push(role, c.encode_utf8(&mut [0; 4]));
                used += char_width(c);
            }
        }
        lines.push(line);
        lines
    }

    /// Runs of blanks and of other characters, in turn.
    fn words(&self) -> impl Iterator<Item = (Role, &str)> {
        self.parts.iter().flat_map(|part| {
            let mut rest = part.text.as_str();
            std::iter::from_fn(move || {
                let blank = rest.chars().next()? == ' ';
                let end = rest.find(|c: char| (c == ' ') != blank).unwrap_or(rest.len());
                let (word, tail) = rest.split_at(end);
                rest = tail;
                Some((part.role, word))
            })
        })
    }
}

/// Renders lines one below the other, each ended by a line break.
pub(crate) fn render_all(lines: &[Line], style: &Style) -> String {
    lines.iter().flat_map(|line| line.render(style)).map(|line| line + "\n").collect()
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    use super::*;

    fn style(width: usize) -> Style {
        Style { colour: false, ..Style::terminal(width, 24, TimeZone::UTC) }
    }

    #[test]
    fn a_long_line_is_cut_and_its_right_part_stays() {
        let line =
            Line::text("  ok   build   a long summary of what was built here").right(Role::Quiet, "3.1 s");
        assert_eq!(line.render(&style(40)), ["  ok   build   a long summary o…  3.1 s"]);
        assert_eq!(
            line.render(&Style::plain(TimeZone::UTC)),
            ["  ok   build   a long summary of what was built here  (3.1 s)"]
        );
    }

    #[test]
    fn wide_characters_count_twice() {
        let line = Line::text("你好你好你好你好你好你好你好");
        assert_eq!(line.render(&style(20)), ["你好你好你好你好你…"]);
    }

    #[test]
    fn a_wrapped_line_hangs() {
        let line = Line::text("  no   test   forty-one passed, one failed: TestGreeting").wrapped(14);
        assert_eq!(
            line.render(&style(36)),
            ["  no   test   forty-one passed, one", "              failed: TestGreeting"]
        );
    }

    #[test]
    fn colour_surrounds_parts() {
        let line = Line::new().with(Role::Good, "ok").plain(" fine");
        let coloured = Style { colour: true, ..style(80) };
        assert_eq!(line.render(&coloured), ["\x1b[32mok\x1b[0m fine"]);
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_the_screen(
            text in "\\PC{0,120}", right in "[a-z]{0,9}", width in 1_usize..100, hang in 0_usize..30, wrap: bool,
        ) {
            let mut line = Line::text(text).right(Role::Quiet, right);
            if wrap {
                line = line.wrapped(hang);
            }
            for rendered in line.render(&style(width)) {
                prop_assert!(width_of(&rendered) < width.max(20), "{:?}", rendered);
            }
        }
    }
}
