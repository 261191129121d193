//! Text from outside (log lines, commit subjects, build output) made safe to show: whatever a terminal would obey,
//! or a reader would be misled by, is written out instead.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The longest text that one part of a line may hold, in characters. Longer text is cut, so that input from
/// outside cannot fill the memory of a reporter that keeps lines.
pub const LONGEST: usize = 4096;

/// `text` with control characters, escape sequences and characters that reorder or hide text made visible.
pub fn visible(text: &str) -> Cow<'_, str> {
    if text.len() <= LONGEST && !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len().min(LONGEST) + 16);
    for (i, c) in text.chars().enumerate() {
        if i == LONGEST {
            shown.push_str("...");
            break;
        }
        show(c, &mut shown);
    }
    Cow::Owned(shown)
}

fn show(c: char, shown: &mut String) {
    match c {
        '\n' => shown.push_str("\\n"),
        '\r' => shown.push_str("\\r"),
        // A tab is common and harmless, but its width depends on the column.
        '\t' => shown.push_str("    "),
        c if !is_hidden(c) => shown.push(c),
        c if c.is_ascii() => write!(shown, "\\x{:02x}", u32::from(c)).expect("a string takes all"),
        c => write!(shown, "\\u{{{:x}}}", u32::from(c)).expect("a string takes all"),
    }
}

/// Controls (C0, DEL, C1), line separators, zero-width and bidirectional marks ("Trojan Source", CVE-2021-42574), and
/// the invisible tag characters. The joiner and variation selectors stay: emoji need them.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c),
            0x00ad | 0x061c | 0x180e | 0x200b | 0x200e | 0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff
            | 0xfff9..=0xfffb | 0xe0000..=0xe007f)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escape_sequences_are_written_out() {
        for (text, shown) in [
            ("plain ünicode 你好", "plain ünicode 你好"),
            ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
            ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
            ("a\rb\nc\td", "a\\rb\\nc    d"),
            ("\u{9b}2J", "\\u{9b}2J"),
            ("if \u{202e}nimda", "if \\u{202e}nimda"),
            ("a\u{7f}", "a\\x7f"),
        ] {
            assert_eq!(visible(text), shown);
        }
    }

    #[test]
    fn long_text_is_cut() {
        let shown = visible(&"x".repeat(LONGEST + 10)).into_owned();
        assert_eq!(shown.len(), LONGEST + 3);
    }

    proptest! {
        #[test]
        fn nothing_hidden_is_left(text in "\\PC*|[\\x00-\\u{ff}]*|[\\u{200b}-\\u{206f}]*") {
            prop_assert!(!visible(&text).chars().any(is_hidden));
        }
    }
}
