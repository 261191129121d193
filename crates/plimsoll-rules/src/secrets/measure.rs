//! Whether a text can be a secret at all: how much is in it, and whether it only stands for one.

/// Words in texts that stand for a secret.
const STAND_INS: [&str; 26] = [
    "example",
    "placeholder",
    "changeme",
    "change-me",
    "change_me",
    "your",
    "insert",
    "replace",
    "redacted",
    "dummy",
    "sample",
    "fake",
    "todo",
    "xxxx",
    "****",
    "....",
    "notreal",
    "not-real",
    "secret-here",
    "password-here",
    "1234567890",
    "0123456789",
    "abcdefgh",
    "deadbeef",
    "placehold",
    "test",
];

/// Bits of information a character, were each drawn as often as it stands there.
pub(crate) fn entropy(text: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in text {
        counts[usize::from(*byte)] += 1;
    }
    let total = text.len() as f64;
    let bits = |count: u32| -f64::from(count) / total * (f64::from(count) / total).log2();
    counts.into_iter().filter(|count| *count > 0).map(bits).sum()
}

/// Whether a text stands for a secret that somebody else fills in.
pub(crate) fn is_stand_in(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    STAND_INS.iter().any(|word| lower.contains(word)) || is_filled_in(text) || is_one_character(&lower)
}

/// Whether a text is filled in later, or is no text of its own.
pub(crate) fn is_filled_in(text: &str) -> bool {
    text.starts_with(['$', '{', '<', '%', '*', '&', '@', '!', '#', '(', '['])
        || text.contains("${")
        || text.contains("{{")
        || text.contains("$(")
        || text.starts_with("ENC[")
        || text.starts_with("vault:")
        || text.starts_with("enc:")
}

fn is_one_character(text: &str) -> bool {
    let mut bytes = text.bytes();
    let first = bytes.next();
    bytes.all(|byte| Some(byte) == first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entropy_is_that_of_shannon() {
        for (text, bits) in [("aaaa", 0.0), ("abab", 1.0), ("abcd", 2.0), ("", 0.0)] {
            assert!((entropy(text.as_bytes()) - bits).abs() < 1e-9, "{text}");
        }
    }

    #[test]
    fn stand_ins_are_told() {
        for text in [
            "AKIAIOSFODNN7EXAMPLE",
            "your-token",
            "${TOKEN}",
            "<token>",
            "xxxxxxxx",
            "aaaaaa",
            "{{ token }}",
            "ENC[x]",
        ] {
            assert!(is_stand_in(text), "{text}");
        }
        assert!(!is_stand_in("hq7Zp2"));
    }
}
