//! Here-documents of `RUN`, `COPY` and `ADD`: `<<EOF` and the lines up to `EOF`.

use super::logical::Lines;

/// Here-documents that one instruction may have.
const MOST: usize = 64;

/// A here-document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heredoc {
    /// The word that ends it.
    pub name: String,
    /// The lines between.
    pub body: String,
    /// The line on which the body begins.
    pub line: u32,
    /// Whether its word is quoted: nothing in the body is expanded.
    pub quoted: bool,
}

#[derive(Debug, PartialEq, Eq)]
struct Opening {
    name: String,
    strips_tabs: bool,
    quoted: bool,
}

/// Reads the bodies that a text opens; an unfinished one is given back by its name.
pub(super) fn read(lines: &mut Lines<'_>, text: &str, end_line: &mut u32) -> Result<Vec<Heredoc>, String> {
    let mut found = Vec::new();
    for opening in openings(text) {
        let Opening { name, strips_tabs, quoted } = opening;
        let mut body = String::new();
        let mut first = None;
        loop {
            let Some((line, text)) = lines.raw() else { return Err(name) };
            first.get_or_insert(line);
            *end_line = line;
            let text = if strips_tabs { text.trim_start_matches('\t') } else { text };
            if text == name {
                break;
            }
            body.push_str(text);
            body.push('\n');
        }
        found.push(Heredoc { name, body, line: first.unwrap_or(*end_line), quoted });
    }
    Ok(found)
}

/// What a text opens, outside of quotes.
fn openings(text: &str) -> Vec<Opening> {
    let mut found = Vec::new();
    let mut quote = None;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if quote.is_none() && rest.starts_with("<<<") {
            rest = &rest[3..];
            continue;
        }
        if quote.is_none()
            && let Some(after) = rest.strip_prefix("<<")
            && let Some((opening, left)) = opening(after)
            && found.len() < MOST
        {
            found.push(opening);
            rest = left;
            continue;
        }
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            (None | Some('"'), '\\') => rest = rest.get(1..).unwrap_or_default(),
            _ => {}
        }
        rest = rest.get(rest.chars().next().map_or(0, char::len_utf8)..).unwrap_or_default();
    }
    found
}

fn opening(after: &str) -> Option<(Opening, &str)> {
    let (strips_tabs, word) = match after.strip_prefix('-') {
        Some(word) => (true, word),
        None => (false, after),
    };
    let quote = word.chars().next().filter(|c| matches!(c, '"' | '\''));
    let start = usize::from(quote.is_some());
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let length = word[start..].find(|c: char| !is_name(c)).unwrap_or(word.len() - start);
    let name = &word[start..start + length];
    let mut rest = &word[start + length..];
    if let Some(quote) = quote {
        rest = rest.strip_prefix(quote)?;
    }
    if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        return None;
    }
    Some((Opening { name: name.to_owned(), strips_tabs, quoted: quote.is_some() }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openings_are_told_from_what_looks_like_them() {
        let names =
            |text| openings(text).into_iter().map(|o| (o.name, o.strips_tabs, o.quoted)).collect::<Vec<_>>();
        assert_eq!(
            names("cat <<A <<-B <<'C' <<\"D\" x"),
            [
                ("A".to_owned(), false, false),
                ("B".to_owned(), true, false),
                ("C".to_owned(), false, true),
                ("D".to_owned(), false, true),
            ]
        );
        for none in ["a <<< b", "echo $((1<<2))", "echo '<<A'", "echo \"<<A\"", "a << 1", "<<", "<<'A", "\\"]
        {
            assert_eq!(names(none), [], "{none}");
        }
    }
}
