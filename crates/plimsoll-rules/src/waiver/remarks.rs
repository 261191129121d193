//! Comments of files that have no parser of their own for them.

use super::Remark;
use crate::files::Comments;
use crate::source::Source;

/// Comments of a file that are kept; only those that could be for us are.
const MOST: usize = 10_000;

/// The comments that could be waivers. Where a sign of a comment stands inside of a text in quotes nothing is lost: the words
/// behind it would still have to be a waiver.
pub(crate) fn remarks(source: &Source, signs: Comments) -> Vec<Remark> {
    let mut remarks = Vec::new();
    for (line, text) in source.lines() {
        // `plimsoll` is in nearly no line of a file from outside; the rest is not looked at further.
        if !MARKS.iter().any(|mark| text.contains(mark)) {
            continue;
        }
        if let Some((at, comment)) = signs.signs().iter().filter_map(|sign| comment(text, sign)).min() {
            let comment = comment.trim_end_matches("-->").trim_end_matches("*/");
            let inside = !text[..at].trim().is_empty();
            remarks.push(Remark { line, text: comment.to_owned(), inside });
            if remarks.len() >= MOST {
                break;
            }
        }
    }
    remarks
}

/// Words that a comment has that allows something, ours or another tool's.
const MARKS: [&str; 8] =
    ["plimsoll", "hadolint", "check", "trivy:ignore", "checkov:skip", "gitleaks", "pragma:", "trufflehog"];

/// Where a comment begins in a line, and its text.
fn comment<'t>(line: &'t str, sign: &str) -> Option<(usize, &'t str)> {
    let begins = |at: usize| line[..at].chars().next_back().is_none_or(char::is_whitespace);
    let (at, _) = line.match_indices(sign).find(|(at, _)| begins(*at))?;
    Some((at, line[at + sign.len()..].trim_start_matches(sign)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, signs: Comments) -> Vec<(u32, String, bool)> {
        let remarks = remarks(&Source::new("x", text), signs).into_iter();
        remarks.map(|remark| (remark.line, remark.text.trim().to_owned(), remark.inside)).collect()
    }

    #[test]
    fn comments_are_found() {
        let text = "# plimsoll: allow A: b\na: b#plimsoll # plimsoll: c\n// plimsoll: d\n# other\n";
        let own = |line, text: &str, inside| (line, text.to_owned(), inside);
        assert_eq!(
            found(text, Comments::Hash),
            [own(1, "plimsoll: allow A: b", false), own(2, "plimsoll: c", true)]
        );
        assert_eq!(found(text, Comments::Slashes), [own(3, "plimsoll: d", false)]);
        assert_eq!(found(text, Comments::None), []);
        assert_eq!(found("<!-- plimsoll: x -->", Comments::Any), [own(1, "plimsoll: x", false)]);
    }
}
