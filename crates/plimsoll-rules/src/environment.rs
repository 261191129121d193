//! Environment files: a variable a line.

use plimsoll_model::finding::Place;

use crate::source::Source;

/// An environment file, taken apart.
#[derive(Debug, Clone)]
pub struct Variables {
    /// The file.
    pub source: Source,
    /// Its variables, in their order.
    pub variables: Vec<Variable>,
    /// Lines that are neither a variable nor a comment.
    pub others: Vec<Place>,
}

/// A variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value as it stands there, with its quotes.
    pub raw: String,
    /// Whether `export` stands before it.
    pub exported: bool,
    /// Whether blanks stand around the sign.
    pub spaced: bool,
    /// The line.
    pub place: Place,
}

impl Variable {
    /// The value without its quotes.
    pub fn value(&self) -> &str {
        let raw = self.raw.trim();
        let inner = |quote: char| raw.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
        inner('"').or_else(|| inner('\'')).unwrap_or(raw)
    }

    /// Whether it stands in quotes.
    pub fn is_quoted(&self) -> bool {
        self.raw.trim_start().starts_with(['"', '\''])
    }
}

/// Takes a file apart. A value in quotes may go on over several lines.
pub fn parse(source: Source) -> Variables {
    let (mut variables, mut others) = (Vec::new(), Vec::new());
    let mut open: Option<char> = None;
    for (number, line) in source.lines() {
        if let Some(quote) = open {
            open = (!line.trim_end().ends_with(quote)).then_some(quote);
            continue;
        }
        let text = line.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let place = source.whole_lines(number, number);
        let Some(variable) = variable(text, place) else {
            others.push(place);
            continue;
        };
        let raw = variable.raw.trim();
        let quote = raw.chars().next().filter(|c| ['"', '\''].contains(c));
        // One that has no end is read as its own line, unless a later line ends it.
        open = quote.filter(|quote| {
            let is_open = raw.matches(*quote).count() == 1;
            is_open
                && (number + 1..=source.line_count())
                    .take(200)
                    .any(|n| source.line(n).trim_end().ends_with(*quote))
        });
        variables.push(variable);
    }
    Variables { source, variables, others }
}

fn variable(text: &str, place: Place) -> Option<Variable> {
    let rest = text.strip_prefix("export ");
    let (name, raw) = rest.unwrap_or(text).split_once('=')?;
    let is_name = |name: &str| {
        let mut bytes = name.bytes();
        bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
            && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
    };
    let spaced = name.ends_with(' ') || raw.starts_with(' ');
    let name = name.trim();
    is_name(name).then(|| Variable {
        name: name.to_owned(),
        raw: raw.to_owned(),
        exported: rest.is_some(),
        spaced,
        place,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_read() {
        let file = parse(Source::new("x", "# c\nA=1\nexport B=\"x y\"\nC = 'z'\nD=\"a\nb=c\"\nE=\nfoo\n"));
        let found: Vec<_> =
            file.variables.iter().map(|v| (v.name.as_str(), v.value(), v.exported, v.spaced)).collect();
        assert_eq!(
            found,
            [
                ("A", "1", false, false),
                ("B", "x y", true, false),
                ("C", "z", false, true),
                ("D", "\"a", false, false),
                ("E", "", false, false)
            ]
        );
        assert_eq!(file.others.len(), 1);
    }
}
