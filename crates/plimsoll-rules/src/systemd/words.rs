//! Values as systemd splits them: words, quotes, escapes, specifiers.

/// Why a value cannot be split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsplit {
    /// A quote that is not closed.
    #[error("a quote is not closed")]
    Quote,
    /// A backslash before something that it does not escape.
    #[error("a backslash stands before something that it does not escape")]
    Escape,
}

/// What a backslash means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backslash {
    /// The next character as it is.
    Plain,
    /// As in C; what it does not know is wrong.
    C,
    /// As in C; what it does not know stays as it is.
    Relaxed,
}

/// The words of a value, without their quotes.
pub fn split(value: &str, backslash: Backslash) -> Result<Vec<String>, Unsplit> {
    split_at(value, backslash, |c| matches!(c, ' ' | '\t' | '\n' | '\r'))
}

/// The words that could be read: systemd warns at the first flaw and keeps what came before it.
pub fn readable(value: &str) -> Vec<String> {
    let mut words = Words { rest: value, backslash: Backslash::Plain, separator: |c| " \t\n\r".contains(c) };
    std::iter::from_fn(|| words.next().ok().flatten()).collect()
}

/// The words between separators.
pub fn split_at(
    value: &str,
    backslash: Backslash,
    separator: fn(char) -> bool,
) -> Result<Vec<String>, Unsplit> {
    let mut words = Words { rest: value, backslash, separator };
    let mut found = Vec::new();
    while let Some(word) = words.next()? {
        found.push(word);
    }
    Ok(found)
}

struct Words<'a> {
    rest: &'a str,
    backslash: Backslash,
    separator: fn(char) -> bool,
}

impl Words<'_> {
    fn next(&mut self) -> Result<Option<String>, Unsplit> {
        self.rest = self.rest.trim_start_matches(self.separator);
        if self.rest.is_empty() {
            return Ok(None);
        }
        let mut word = String::new();
        let mut quote = None;
        let mut characters = self.rest.char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '\\' => self.escaped(&mut characters, &mut word)?,
                _ if quote == Some(character) => quote = None,
                '"' | '\'' if quote.is_none() => quote = Some(character),
                _ if quote.is_none() && (self.separator)(character) => {
                    self.rest = &self.rest[at..];
                    return Ok(Some(word));
                }
                _ => word.push(character),
            }
        }
        self.rest = "";
        if quote.is_some() { Err(Unsplit::Quote) } else { Ok(Some(word)) }
    }

    fn escaped(&self, characters: &mut std::str::CharIndices<'_>, word: &mut String) -> Result<(), Unsplit> {
        let rest = characters.as_str();
        let Some(next) = rest.chars().next() else {
            return if self.backslash == Backslash::Relaxed {
                word.push('\\');
                Ok(())
            } else {
                Err(Unsplit::Escape)
            };
        };
        if self.backslash == Backslash::Plain {
            characters.next();
            word.push(next);
            return Ok(());
        }
        match escape(rest) {
            Some((character, length)) => {
                word.push(character);
                characters.by_ref().take(length).for_each(drop);
                Ok(())
            }
            None if self.backslash == Backslash::Relaxed => {
                word.push('\\');
                word.push(next);
                characters.next();
                Ok(())
            }
            None => Err(Unsplit::Escape),
        }
    }
}

/// The character that an escape stands for, and its length behind the backslash.
fn escape(rest: &str) -> Option<(char, usize)> {
    let first = rest.chars().next()?;
    let number = |from: usize, digits: usize, radix: u32| {
        let code = rest.get(from..from + digits).filter(|text| text.chars().all(|c| c.is_digit(radix)))?;
        let code = u32::from_str_radix(code, radix).ok().filter(|&code| code != 0)?;
        char::from_u32(code).map(|character| (character, from + digits))
    };
    let plain = match first {
        'a' => '\x07',
        'b' => '\x08',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        '\\' | '"' | '\'' => first,
        's' => ' ',
        'x' => return number(1, 2, 16),
        'u' => return number(1, 4, 16),
        'U' => return number(1, 8, 16),
        '0'..='7' => return number(0, 3, 8).filter(|(c, _)| u32::from(*c) < 256),
        _ => return None,
    };
    Some((plain, 1))
}

/// Specifiers of units. `%D` came with 256; others are as old as 252.
const SPECIFIERS: &str = "aAbBCdDEfgGhHiIjJlLmMnNopPqsStTuUvVwWyY%";

/// The specifiers of a value that mean nothing. Before anything but a letter a `%` is a percent sign.
pub fn unknown_specifiers(value: &str) -> Vec<String> {
    let mut unknown = Vec::new();
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        if character != '%' {
            continue;
        }
        match characters.next() {
            Some(letter) if letter.is_ascii_alphabetic() && !SPECIFIERS.contains(letter) => {
                unknown.push(format!("%{letter}"));
            }
            _ => {}
        }
    }
    unknown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_systemd_does() {
        for (value, words) in [
            ("", vec![]),
            ("  a\tb ", vec!["a", "b"]),
            ("\"a b\" 'c d'e", vec!["a b", "c de"]),
            ("a\\x20b \\s", vec!["a b", " "]),
            ("\"\"", vec![""]),
            ("\\u00e9\\101", vec!["éA"]),
        ] {
            assert_eq!(split(value, Backslash::C).unwrap(), words, "{value}");
        }
        assert_eq!(split("a \"b", Backslash::C), Err(Unsplit::Quote));
        assert_eq!(split("\\q", Backslash::C), Err(Unsplit::Escape));
        assert_eq!(split("\\q\\é", Backslash::Relaxed).unwrap(), ["\\q\\é"]);
        assert_eq!(split("\\q\\ b", Backslash::Plain).unwrap(), ["q b"]);
        assert_eq!(readable("a b 'c"), ["a", "b"]);
    }

    #[test]
    fn specifiers_are_known() {
        assert_eq!(unknown_specifiers("%i %% %h/50% 1 %"), Vec::<String>::new());
        assert_eq!(unknown_specifiers("%Q%é"), ["%Q"]);
    }
}
