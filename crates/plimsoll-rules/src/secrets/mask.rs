//! How secrets are shown: never as they are. A scanner that prints what it finds is a leak itself.

use std::ops::Range;

use plimsoll_model::finding::Finding;
use sha2::{Digest as _, Sha256};

use super::Hit;
use crate::source::Source;

/// A shorter secret is not told by its beginning and its hash: both would help to guess it.
const LONG_ENOUGH: usize = 16;

/// How a secret is shown: some of its first characters, its length, and the beginning of its hash, by which two can be compared.
pub(super) fn masked(secret: &[u8], shown: usize) -> String {
    let length = secret.len();
    if length < LONG_ENOUGH {
        return format!("*** ({length} characters)");
    }
    let first = String::from_utf8_lossy(&secret[..shown]).into_owned();
    let hash = Sha256::digest(secret);
    format!(
        "{first}*** ({length} characters, sha256 {:02x}{:02x}{:02x}{:02x})",
        hash[0], hash[1], hash[2], hash[3]
    )
}

/// Masks the secrets of a file in everything that any rule says about it.
pub(crate) fn hide(findings: &mut [Finding], source: &Source, hits: &[Hit]) {
    if hits.is_empty() {
        return;
    }
    for finding in findings {
        for line in &mut finding.source {
            // A rule may have masked it already.
            if !source.line(line.line).starts_with(&line.text) {
                continue;
            }
            let bytes = source.bytes_of(line.line);
            let shown = bytes.start..bytes.start + line.text.len();
            line.text = without(&line.text, &shown, hits);
        }
        let Some(place) = finding.place else { continue };
        let (begin, end) = (source.bytes_of(place.line).start, source.bytes_of(place.end_line).end);
        let near = hits.iter().filter(|hit| hit.range.start < end && hit.range.end > begin);
        for hit in near {
            let Some(secret) = source.text.get(hit.range.clone()).filter(|secret| secret.len() > 3) else {
                continue;
            };
            let notes = finding.notes.iter_mut().map(|note| &mut note.text);
            let texts = [&mut finding.message, &mut finding.mark, &mut finding.fix].into_iter().chain(notes);
            texts.filter(|text| text.contains(secret)).for_each(|text| *text = text.replace(secret, "***"));
        }
    }
}

/// A piece of a file with `***` where secrets are.
fn without(text: &str, shown: &Range<usize>, hits: &[Hit]) -> String {
    let mut parts: Vec<Range<usize>> = hits
        .iter()
        .map(|hit| hit.range.start.max(shown.start)..hit.range.end.min(shown.end))
        .filter(|part| part.start < part.end)
        .map(|part| part.start - shown.start..part.end - shown.start)
        .collect();
    parts.sort_by_key(|part| part.start);
    let (mut masked, mut at) = (String::new(), 0);
    for part in parts {
        if part.start >= at {
            masked += text.get(at..part.start).unwrap_or_default();
            masked += "***";
        }
        at = at.max(part.end);
    }
    masked + text.get(at..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_shown_by_their_beginning() {
        let shown = masked(b"abcdefghijklmnopqrstuvwxyz", 4);
        assert_eq!(shown, "abcd*** (26 characters, sha256 71c480df)");
        assert_eq!(masked(b"hunter2", 4), "*** (7 characters)");
    }
}
