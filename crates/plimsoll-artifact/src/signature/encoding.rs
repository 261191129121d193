//! Base64 and comment lines, shared by keys and signatures.

use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

/// What opens the first line of every minisign file.
pub(super) const UNTRUSTED: &str = "untrusted comment: ";
/// What opens the third line of a signature.
pub(super) const TRUSTED: &str = "trusted comment: ";
/// The longest text that is looked at; minisign's own limit for a comment is 8,192 bytes.
pub(super) const LONGEST_TEXT: usize = 32 * 1024;

/// Encodes bytes in constant time, as they may be secret.
pub(super) fn encode(bytes: &[u8]) -> String {
    Base64::encode_string(bytes)
}

/// Decodes exactly `N` bytes in constant time; anything else is `None`.
pub(super) fn decode<const N: usize>(text: &str) -> Option<Zeroizing<[u8; N]>> {
    let mut bytes = Zeroizing::new([0; N]);
    let decoded = Base64::decode(text.as_bytes(), bytes.as_mut()).ok()?;
    if decoded.len() == N { Some(bytes) } else { None }
}

/// The line with the data: the second one of a file with a comment, or the only one.
pub(super) fn payload(text: &str) -> Option<&str> {
    if text.len() > LONGEST_TEXT {
        return None;
    }
    let mut lines = text.lines().map(str::trim_end);
    let first = lines.next()?;
    let line = if first.starts_with("untrusted comment:") { lines.next()? } else { first };
    let rest_is_empty = lines.all(str::is_empty);
    rest_is_empty.then_some(line.trim())
}

/// Takes `N` bytes off the front of `bytes`.
pub(super) fn take<const N: usize>(bytes: &mut &[u8]) -> [u8; N] {
    let (head, tail) = bytes.split_first_chunk().expect("the callers decode exactly what they take");
    *bytes = tail;
    *head
}
