//! Private keys between their first and last line, wherever they stand: in a file of their own, indented in YAML, with `\n` in JSON.

use std::ops::Range;

/// The longest that is looked at, in bytes.
const LONGEST: usize = 32 << 10;

/// Characters of base 64 that a real one has at least: those of Ed25519 have 64.
const SHORTEST: usize = 60;

/// A private key that was found.
pub(super) struct PrivateKey {
    pub(super) range: Range<usize>,
    /// Whether a passphrase is needed to use it.
    pub(super) encrypted: bool,
}

/// The text before which everything else is decided.
pub(super) const KEYWORD: &str = "-----BEGIN ";

/// The key whose first line begins at `at`.
pub(super) fn at(bytes: &[u8], at: usize) -> Option<PrivateKey> {
    let text = &bytes[at..bytes.len().min(at + LONGEST)];
    let head = find(&text[KEYWORD.len()..], b"-----", 60)?;
    let label = std::str::from_utf8(&text[KEYWORD.len()..KEYWORD.len() + head]).ok()?;
    if !label.ends_with("PRIVATE KEY") && label != "PGP PRIVATE KEY BLOCK" {
        return None;
    }
    let begin = KEYWORD.len() + head + 5;
    let length = find(text.get(begin..)?, b"-----", LONGEST)?;
    if !text[begin + length..].starts_with(b"-----END ") {
        return None;
    }
    let body = &text[begin..begin + length];
    let end = begin + length + 9 + find(&text[begin + length + 9..], b"-----", 60)? + 5;
    // A key in an example has `...` instead of itself.
    if find(body, b"...", LONGEST).is_some() || key_characters(body) < SHORTEST {
        return None;
    }
    let encrypted = label.starts_with("ENCRYPTED") || find(body, b"ENCRYPTED", LONGEST).is_some();
    Some(PrivateKey { range: at..at + end, encrypted })
}

/// Characters of base 64, the `n` of `\n` and headers of lines not counted.
fn key_characters(body: &[u8]) -> usize {
    let text = String::from_utf8_lossy(body).replace("\\n", "\n").replace("\\r", "\n");
    let lines = text.lines().map(|line| line.trim().trim_matches(['"', '\'', '+', ',', ' ']));
    let is_body = |line: &&str| line.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b));
    lines.filter(is_body).map(str::len).sum()
}

fn find(bytes: &[u8], what: &[u8], within: usize) -> Option<usize> {
    bytes[..bytes.len().min(within + what.len())].windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(label: &str, body: &str) -> String {
        format!("-----BEGIN {label}-----{body}-----END {label}-----\n")
    }

    #[test]
    fn whole_keys_are_found() {
        let body = "\nMC4CAQAwBQYDK2VwBCIEIKx0Zm9vYmFyYmF6cXV4cXV1eHF1dXV4cXV1dXV1\n";
        for label in ["PRIVATE KEY", "RSA PRIVATE KEY", "OPENSSH PRIVATE KEY", "ENCRYPTED PRIVATE KEY"] {
            let text = key(label, body);
            let found = at(text.as_bytes(), 0).unwrap_or_else(|| panic!("{label}"));
            assert_eq!((found.range, found.encrypted), (0..text.len() - 1, label.starts_with("ENC")));
        }
        assert!(at(key("PRIVATE KEY", &body.replace('\n', "\\n")).as_bytes(), 0).is_some());
        assert!(at(key("PRIVATE KEY", &body.replace('\n', "\n    ")).as_bytes(), 0).is_some());
    }

    #[test]
    fn headers_and_public_keys_are_not() {
        let body = "\nMC4CAQAwBQYDK2VwBCIEIKx0Zm9vYmFyYmF6cXV4cXV1eHF1dXV4cXV1dXV1\n";
        for text in [
            key("CERTIFICATE", body),
            key("PUBLIC KEY", body),
            key("PRIVATE KEY", "\nMC4CAQ...\n"),
            key("PRIVATE KEY", ""),
            "-----BEGIN PRIVATE KEY-----".to_owned(),
            "-----BEGIN ".to_owned(),
        ] {
            assert!(at(text.as_bytes(), 0).is_none(), "{text}");
        }
    }
}
