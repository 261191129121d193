//! Bytes to lines of bounded length, and lines to text that is safe to show.

/// The longest line that is passed on. Longer ones are cut: a program that never breaks its line must not fill
/// the memory.
pub(super) const MAX_LINE: usize = 8 * 1024;

/// What stands behind a line that was cut.
pub(super) const LINE_CUT: &str = " ... (line cut)";

/// Splits a stream into lines.
#[derive(Debug)]
pub(crate) struct Lines {
    limit: usize,
    open: Vec<u8>,
    cut: bool,
}

impl Lines {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, open: Vec::new(), cut: false }
    }

    /// Takes a piece of the stream and gives out the lines that it ends; `true` stands for a line that was cut.
    pub(crate) fn push(&mut self, bytes: &[u8], each: &mut dyn FnMut(&[u8], bool)) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (piece, ends) = match piece.split_last() {
                Some((b'\n', line)) => (line, true),
                _ => (piece, false),
            };
            if ends && self.open.is_empty() && piece.len() <= self.limit {
                each(piece, false);
                continue;
            }
            let room = self.limit - self.open.len();
            self.cut |= piece.len() > room;
            self.open.extend_from_slice(&piece[..piece.len().min(room)]);
            if ends {
                self.give(each);
            }
        }
    }

    /// Gives out the last line, where it has no line break.
    pub(crate) fn finish(&mut self, each: &mut dyn FnMut(&[u8], bool)) {
        if !self.open.is_empty() {
            self.give(each);
        }
    }

    fn give(&mut self, each: &mut dyn FnMut(&[u8], bool)) {
        each(&self.open, self.cut);
        self.open.clear();
        self.cut = false;
    }
}

/// A line as text: what a terminal would show in the end, without colours, cursor movements and other controls. What
/// a build prints must not be able to repaint the screen or to hide what it did.
pub(crate) fn readable(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let text = text.trim_end_matches('\r');
    // A progress bar rewrites its line; what stands last is what counts.
    let text = text.rsplit('\r').next().unwrap_or_default();
    let mut shown = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '\u{1b}' => skip_escape(&mut rest),
            '\t' => shown.push(c),
            c if c.is_control() => {}
            c => shown.push(c),
        }
    }
    shown
}

/// Skips what belongs to an escape character: `ESC [ ... letter`, `ESC ] ... BEL`, or one character.
fn skip_escape(rest: &mut std::str::Chars<'_>) {
    match rest.next() {
        Some('[') => {
            rest.by_ref().find(|c| ('@'..='~').contains(c));
        }
        Some(']') => {
            rest.by_ref().find(|c| matches!(c, '\u{7}' | '\\'));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(limit: usize, pieces: &[&[u8]]) -> Vec<(Vec<u8>, bool)> {
        let mut lines = Lines::new(limit);
        let mut found = Vec::new();
        for piece in pieces {
            lines.push(piece, &mut |line, cut| found.push((line.to_vec(), cut)));
        }
        lines.finish(&mut |line, cut| found.push((line.to_vec(), cut)));
        found
    }

    #[test]
    fn lines_end_where_they_end_and_are_cut_at_the_limit() {
        let found = split(4, &[b"ab\nc", b"d\n\nlonger", b" still\nx"]);
        let expected: [(&[u8], bool); 5] =
            [(b"ab", false), (b"cd", false), (b"", false), (b"long", true), (b"x", false)];
        assert_eq!(found, expected.map(|(line, cut)| (line.to_vec(), cut)));
    }

    #[test]
    fn controls_are_not_shown() {
        let cases: [(&[u8], &str); 6] = [
            (b"plain\tline\r", "plain\tline"),
            (b"\x1b[31;1mred\x1b[0m", "red"),
            (b"\x1b]0;title\x07text", "text"),
            (b" 10%\r100%", "100%"),
            (b"bell\x07 \x9b \xff", "bell \u{fffd} \u{fffd}"),
            (b"\x1b[", ""),
        ];
        for (line, text) in cases {
            assert_eq!(readable(line), text);
        }
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(bytes: Vec<u8>, at in 0_usize..64, limit in 1_usize..20) {
            let (a, b) = bytes.split_at(at.min(bytes.len()));
            prop_assert_eq!(split(limit, &[&bytes]), split(limit, &[a, b]));
        }
    }
}
