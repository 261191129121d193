//! Variables that a text refers to: `$NAME`, `${NAME}`, `${NAME:-default}`.

/// A reference to a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference<'t> {
    /// The variable's name.
    pub name: &'t str,
    /// The whole reference as it stands there.
    pub text: &'t str,
}

/// The references in a text, outside of single quotes and not escaped.
pub fn references(text: &str, escape: char) -> Vec<Reference<'_>> {
    let mut found = Vec::new();
    let mut quote = None;
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let next = at + c.len_utf8();
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None | Some('"'), c) if c == escape => {
                at = next + text[next..].chars().next().map_or(0, char::len_utf8);
                continue;
            }
            (None | Some('"'), '$') => {
                if let Some(reference) = reference(&text[at..]) {
                    found.push(reference);
                }
            }
            _ => {}
        }
        at = next;
    }
    found
}

fn reference(text: &str) -> Option<Reference<'_>> {
    let after = text.strip_prefix('$')?;
    let (braced, body) = match after.strip_prefix('{') {
        Some(body) => (true, body),
        None => (false, after),
    };
    let length = body.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(body.len());
    let name = &body[..length];
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let length = if braced { text.find('}')? + 1 } else { 1 + length };
    Some(Reference { name, text: &text[..length] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_found() {
        let found = |text| references(text, '\\').iter().map(|r| (r.name, r.text)).collect::<Vec<_>>();
        assert_eq!(found("$A/${B}/${C:-$D}x"), [("A", "$A"), ("B", "${B}"), ("C", "${C:-$D}"), ("D", "$D")]);
        assert_eq!(found(r#""$A" '$B' \$C"#), [("A", "$A")]);
        for none in ["$", "$1", "${", "${}", "$$", "a", "\\"] {
            assert_eq!(found(none), [], "{none}");
        }
    }
}
