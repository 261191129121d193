//! Reading names and quoted strings, for selectors and metrics pages alike.

/// A position in a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a> {
    rest: &'a str,
}

/// How strings are escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quoting {
    /// On a page: `\\`, `\"` and `\n`; any other backslash is itself.
    Page,
    /// In PromQL: Go's short escapes; and raw strings between backticks.
    Query,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    pub(super) fn rest(&self) -> &'a str {
        self.rest
    }

    pub(super) fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    /// Takes this text where it comes next.
    pub(super) fn take(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Takes everything up to a blank.
    pub(super) fn word(&mut self) -> &'a str {
        let end = self.rest.find([' ', '\t']).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    /// Takes a name of letters, digits and `_`, with `:` where `colons`, not beginning with a digit.
    pub(super) fn name(&mut self, colons: bool) -> Option<&'a str> {
        let inside = |c: char| c.is_ascii_alphanumeric() || c == '_' || (colons && c == ':');
        let end = self.rest.find(|c| !inside(c)).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        self.rest = rest;
        Some(name)
    }

    /// Takes a quoted string; `None` where there is none or it has no end or an unknown escape.
    pub(super) fn string(&mut self, quoting: Quoting) -> Option<String> {
        let quote = self.peek()?;
        let raw = quote == '`';
        if quote != '"' && (quoting == Quoting::Page || (quote != '\'' && !raw)) {
            return None;
        }
        let mut text = String::new();
        let mut chars = self.rest[1..].char_indices();
        while let Some((at, c)) = chars.next() {
            if c == quote {
                self.rest = &self.rest[1 + at + 1..];
                return Some(text);
            }
            if c == '\n' && !raw {
                return None;
            }
            if c != '\\' || raw {
                text.push(c);
                continue;
            }
            match (chars.next()?.1, quoting) {
                ('n', _) => text.push('\n'),
                (c @ ('\\' | '"'), _) => text.push(c),
                (c, Quoting::Page) => text.extend(['\\', c]),
                (c, Quoting::Query) if c == quote => text.push(c),
                ('t', Quoting::Query) => text.push('\t'),
                ('r', Quoting::Query) => text.push('\r'),
                _ => return None,
            }
        }
        None
    }
}

/// Whether a name needs no quotes in PromQL.
pub(super) fn is_plain_name(name: &str, colons: bool) -> bool {
    let mut cursor = Cursor::new(name);
    cursor.name(colons).is_some() && cursor.rest().is_empty()
}

/// A string in double quotes that both PromQL and this module read back.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
