//! Finds values that look secret, so that no message ever shows them.
//!
//! Two ways, since each sees what the other cannot. In the text, which may not even be TOML, all that follows
//! `SOMETHING_TOKEN =` on the line, or to the end of a multi-line string. In the document, all text in a table named
//! `secrets`, where only references belong. Both prefer to mask too much.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

/// Whether the name of a variable says that its value is secret.
pub(crate) fn looks_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase().replace('-', "_");
    // Whole words, so that `TOKENIZER_PATH` and `MAX_TOKENS` are not taken for secrets.
    let words: Vec<&str> = name.split('_').collect();
    let has = |word: &str| words.contains(&word);
    name.contains("PASSWORD")
        || ["SECRET", "TOKEN", "PASSWD", "PASSPHRASE", "CREDENTIALS", "APIKEY"].iter().any(|w| has(w))
        || words.windows(2).any(|pair| matches!(pair, ["API" | "PRIVATE" | "ACCESS" | "SECRET", "KEY"]))
}

/// The bytes of all values whose key looks secret, in order and apart from each other.
pub(crate) fn secret_values(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for (at, _) in text.match_indices('=') {
        if found.last().is_some_and(|range| at < range.end) || !looks_secret(key_before(&text[..at])) {
            continue;
        }
        let value = at + 1 + (text[at + 1..].len() - text[at + 1..].trim_start_matches([' ', '\t']).len());
        if !is_reference(&text[value..]) {
            found.push(value..value_end(text, value));
        }
    }
    found
}

/// All text in tables named `secrets`, but for what a reference says.
pub(crate) fn values_in_secrets(table: &DeTable<'_>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for (key, value) in table {
        collect(value, key.get_ref() == "secrets", &mut found);
    }
    found
}

fn collect(value: &toml::Spanned<DeValue<'_>>, in_secrets: bool, found: &mut Vec<Range<usize>>) {
    match value.get_ref() {
        DeValue::Table(table) => {
            for (key, value) in table {
                let name: &str = key.get_ref();
                if !(in_secrets && matches!(name, "env" | "file")) {
                    collect(value, in_secrets || name == "secrets", found);
                }
            }
        }
        DeValue::Array(items) => items.iter().for_each(|item| collect(item, in_secrets, found)),
        _ if in_secrets => found.push(value.span()),
        _ => {}
    }
}

/// The ranges in order, those that touch as one.
pub(crate) fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_by_key(|range| range.start);
    let mut merged: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

/// The word before an equals sign, without quotes.
fn key_before(text: &str) -> &str {
    let text = text.trim_end_matches([' ', '\t', '"', '\'']);
    let is_key = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    // Names are short; a bound keeps a line of a megabyte linear.
    let bytes = text.as_bytes();
    let start = bytes.iter().rev().take(200).take_while(|b| is_key(char::from(**b))).count();
    &text[text.len() - start..]
}

/// `{ env = ...` and `{ file = ...` say where a secret is, not what it is. `secret-key = "path"` is the same.
fn is_reference(value: &str) -> bool {
    let Some(inside) = value.strip_prefix('{') else { return false };
    let inside = inside.trim_start_matches([' ', '\t']);
    ["env", "file"].iter().any(|word| {
        inside.strip_prefix(word).is_some_and(|rest| rest.trim_start_matches([' ', '\t']).starts_with('='))
    })
}

fn value_end(text: &str, start: usize) -> usize {
    let value = &text[start..];
    for quotes in ["\"\"\"", "'''"] {
        if let Some(inside) = value.strip_prefix(quotes) {
            return inside.find(quotes).map_or(text.len(), |at| start + 3 + at + 3);
        }
    }
    let line = value.find('\n').map_or(text.len(), |at| start + at);
    if text[..line].ends_with('\r') && line > start { line - 1 } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets() {
        for secret in [
            "DB_PASSWORD",
            "DBPASSWORD",
            "TOKEN",
            "GITHUB_TOKEN",
            "api-key",
            "SECRET_KEY_BASE",
            "client_secret",
        ] {
            assert!(looks_secret(secret), "{secret}");
        }
        for open in ["TOKENIZER", "MAX_TOKENS", "KEY_PREFIX", "PORT", "SECRETARY", "trusted-keys"] {
            assert!(!looks_secret(open), "{open}");
        }
    }

    #[test]
    fn values_are_found_wherever_they_stand() {
        let shown = |text: &str| {
            let mut left = text.to_owned();
            for range in secret_values(text).into_iter().rev() {
                left.replace_range(range, "*");
            }
            left
        };
        assert_eq!(shown("TOKEN='a'\r\nb=1"), "TOKEN=*\r\nb=1");
        assert_eq!(shown("\"API_KEY\" = \"a=b\"\nb=1"), "\"API_KEY\" = *\nb=1");
        assert_eq!(shown("v = { DB_PASSWORD = 'x' }"), "v = { DB_PASSWORD = *");
        assert_eq!(shown("TOKEN = '''\nline\n''' # x"), "TOKEN = * # x");
        assert_eq!(shown("TOKEN = \"\"\"\nline\n"), "TOKEN = *");
        assert_eq!(shown("TOKEN = { env = 'X' }\n"), "TOKEN = { env = 'X' }\n");
        assert_eq!(shown("TOKEN = { value = 'X' }\n"), "TOKEN = *\n");
    }
}
