//! Words of an instruction: split at blanks, quotes kept together, quotes and escapes removed.

/// A word as it stands there, quotes and all.
pub(super) fn split(text: &str, escape: char) -> Vec<&str> {
    let mut words = Vec::new();
    let mut start = None;
    let mut quote = None;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        if quote.is_none() && c.is_whitespace() {
            if let Some(start) = start.take() {
                words.push(&text[start..at]);
            }
            continue;
        }
        start.get_or_insert(at);
        match quote {
            Some(open) if open == c => quote = None,
            None if matches!(c, '"' | '\'') => quote = Some(c),
            _ => {}
        }
        if c == escape && quote != Some('\'') {
            chars.next();
        }
    }
    words.extend(start.map(|start| &text[start..]));
    words
}

/// A word without its quotes and escapes.
pub fn unquoted(word: &str, escape: char) -> String {
    let mut text = String::with_capacity(word.len());
    let mut quote = None;
    let mut chars = word.chars().peekable();
    while let Some(c) = chars.next() {
        match quote {
            Some(open) if open == c => quote = None,
            None if matches!(c, '"' | '\'') => quote = Some(c),
            _ if c == escape && quote != Some('\'') => match chars.peek() {
                // A backslash in a path of Windows escapes nothing that needs to be escaped.
                Some(&next) if !next.is_alphanumeric() && next != '.' => {
                    text.push(next);
                    chars.next();
                }
                _ => text.push(c),
            },
            _ => text.push(c),
        }
    }
    text
}

/// The first word and the rest.
pub(super) fn first(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    (&text[..end], text[end..].trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_escapes_keep_a_word_together() {
        assert_eq!(split(r#"a "b c" d\ e 'f " g'x"#, '\\'), ["a", "\"b c\"", "d\\ e", "'f \" g'x"]);
        assert_eq!(split("  ", '\\'), Vec::<&str>::new());
        assert_eq!(split("a \"b c", '\\'), ["a", "\"b c"]);
        assert_eq!(split(r"C:\x\ y", '`'), [r"C:\x\", "y"]);
    }

    #[test]
    fn quotes_and_escapes_are_removed() {
        for (word, text) in [
            (r#""a b"c"#, "a bc"),
            (r"d\ e", "d e"),
            (r"C:\x\y", r"C:\x\y"),
            (r"'\$x'", r"\$x"),
            (r"\$x", "$x"),
            ("a\\", "a\\"),
        ] {
            assert_eq!(unquoted(word, '\\'), text, "{word}");
        }
    }
}
