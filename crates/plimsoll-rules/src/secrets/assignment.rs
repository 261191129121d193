//! Values behind names that say that they are secret: `password = "..."`, `API_KEY=...`, `"token": "..."`.

use std::ops::Range;

use super::measure::{entropy, is_filled_in, is_stand_in};
use super::names;

/// Lines that are longer were written by no person.
pub(super) const LONGEST_LINE: usize = 2000;

/// Values that everybody tries first.
const WEAK: [&str; 26] = [
    "admin",
    "administrator",
    "changeit",
    "changeme",
    "change-me",
    "change_me",
    "default",
    "guest",
    "letmein",
    "minioadmin",
    "mongo",
    "mysql",
    "p@ssw0rd",
    "pass",
    "passw0rd",
    "password",
    "password1",
    "password123",
    "postgres",
    "qwerty",
    "root",
    "rootpassword",
    "secret",
    "test123",
    "toor",
    "123456",
];

/// The words that are looked for first, in any case.
pub(super) const KEYWORDS: [&str; 9] =
    ["passw", "passphrase", "secret", "token", "credential", "apikey", "api_key", "api-key", "_key"];

/// A value behind such a name.
pub(super) struct Assignment<'t> {
    pub(super) name: &'t str,
    pub(super) range: Range<usize>,
    pub(super) strength: Strength,
}

/// What a value is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strength {
    /// Everybody tries it first.
    Weak,
    /// It looks like a secret.
    Strong,
}

/// The value behind the name that has a keyword at `at`. Without quotes only where the file's language has values without.
pub(super) fn at(text: &str, line: Range<usize>, at: usize, bare: bool) -> Option<Assignment<'_>> {
    if line.len() >= LONGEST_LINE {
        return None;
    }
    let bytes = text.as_bytes();
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.".contains(byte);
    let before = bytes[line.start..at].iter().rev().take_while(|byte| is_name(byte)).count();
    let behind = bytes[at..line.end].iter().take_while(|byte| is_name(byte)).count();
    let name = text.get(at - before..at + behind)?;
    if !names::is_secret(name.rsplit('.').next().unwrap_or(name)) {
        return None;
    }
    let mut rest = at + behind;
    let skip = |rest: &mut usize, set: &[u8]| {
        *rest += bytes[*rest..line.end].iter().take_while(|byte| set.contains(byte)).count();
    };
    skip(&mut rest, b"\"'");
    skip(&mut rest, b" \t");
    let sign = ["=>", ":=", "=", ":"]
        .into_iter()
        .find(|sign| text.get(rest..line.end).is_some_and(|t| t.starts_with(sign)))?;
    rest += sign.len();
    // `==` compares.
    if bytes.get(rest) == Some(&b'=') {
        return None;
    }
    skip(&mut rest, b" \t");
    let quote = bytes.get(rest).copied().filter(|byte| rest < line.end && b"\"'`".contains(byte));
    let range = match quote {
        Some(quote) => {
            let length = bytes[rest + 1..line.end].iter().position(|byte| *byte == quote)?;
            rest + 1..rest + 1 + length
        }
        None if bare => {
            let length = bytes[rest..line.end]
                .iter()
                .take_while(|b| b.is_ascii_graphic() && !b",;\"'`)}]".contains(b))
                .count();
            rest..rest + length
        }
        None => return None,
    };
    // A comment shows how a value would stand there.
    let is_comment = text.get(line)?.trim_start().starts_with(['#', ';', '/', '*']);
    let strength = strength(name, text.get(range.clone())?, is_comment)?;
    Some(Assignment { name, range, strength })
}

fn strength(name: &str, value: &str, is_comment: bool) -> Option<Strength> {
    let lower = value.to_ascii_lowercase();
    // `token = "token"` names a thing.
    if value.is_empty() || is_filled_in(value) {
        return None;
    }
    if WEAK.contains(&lower.as_str()) {
        let is_about = name.to_ascii_lowercase().contains("passw") && !is_comment;
        return is_about.then_some(Strength::Weak);
    }
    let fits = (16..=256).contains(&value.len())
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=_-.~".contains(&byte))
        && value.bytes().any(|byte| byte.is_ascii_digit())
        && value.bytes().any(|byte| byte.is_ascii_alphabetic())
        && !is_words(value)
        && !is_stand_in(value);
    let is_hex = value.bytes().all(|byte| byte.is_ascii_hexdigit());
    // Short ones of base 16 are numbers of versions, commits and parts.
    let enough = if is_hex { 3.0 } else { 3.7 };
    (fits && !(is_hex && value.len() < 32) && entropy(value.as_bytes()) >= enough).then_some(Strength::Strong)
}

/// `my-service-token-v2`, `path/to/secret.json`: words with signs between them.
fn is_words(value: &str) -> bool {
    let words = value.split(['-', '_', '.', '/']);
    let is_word = |word: &str| {
        let letters = word.trim_end_matches(|c: char| c.is_ascii_digit());
        word.is_empty()
            || word.len() - letters.len() <= 4
                && letters.bytes().all(|byte| byte.is_ascii_lowercase())
                && letters.len() < 14
    };
    let mut words = words.peekable();
    words.all(is_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, bare: bool) -> Option<(String, Strength)> {
        let lower = text.to_ascii_lowercase();
        let at_word = KEYWORDS.iter().filter_map(|word| lower.find(word)).min()?;
        let assignment = at(text, 0..text.len(), at_word, bare)?;
        Some((text[assignment.range].to_owned(), assignment.strength))
    }

    #[test]
    fn values_are_weighed() {
        let strong = ["x9Kq2", "LmZ7w", "Pv4Rt", "8Bn1C"].concat();
        for (text, bare, strength) in [
            (format!("api_key = \"{strong}\""), false, Some(Strength::Strong)),
            (format!("{{\"apiKey\": \"{strong}\"}}"), false, Some(Strength::Strong)),
            (format!("API_KEY={strong}"), true, Some(Strength::Strong)),
            (format!("API_KEY={strong}"), false, None),
            ("DB_PASSWORD=postgres".to_owned(), true, Some(Strength::Weak)),
            ("password: string".to_owned(), true, None),
            ("if password == \"admin\" {".to_owned(), false, None),
            ("password_file=/run/secrets/password1".to_owned(), true, None),
            ("token = \"my-service-token-v2\"".to_owned(), false, None),
            ("token = getToken(a1b2)".to_owned(), true, None),
            ("secret: ${{ secrets.A }}".to_owned(), true, None),
        ] {
            assert_eq!(found(&text, bare).map(|(_, strength)| strength), strength, "{text}");
        }
    }
}
