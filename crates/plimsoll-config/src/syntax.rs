//! Text to document. The `toml` crate's recovering parser reports every syntax error and still gives the rest.

use std::ops::Range;

use toml::de::{DeTable, Error};

use crate::document::quoted;
use crate::sink::Sink;

/// Reports the syntax errors, and gives the first byte that cannot be trusted, if there is one.
///
/// What follows a syntax error may have landed in the wrong table, so that only what stands before it is judged.
pub(crate) fn report(errors: &[Error], sink: &mut Sink<'_>) -> Option<usize> {
    let text = sink.source.text;
    let mut spans: Vec<(Range<usize>, &Error)> =
        errors.iter().map(|error| (error.span().unwrap_or(0..0), error)).collect();
    spans.sort_by_key(|(span, _)| (span.start, span.end));
    let mut last_line = 0;
    for (span, error) in &spans {
        // One slip makes several errors on its line; the first says it best.
        let line = sink.source.line_of(span.start);
        if line == last_line {
            continue;
        }
        last_line = line;
        explain(error.message(), span.clone(), text.get(span.clone()).unwrap_or_default(), sink);
    }
    let first = spans.first()?.0.start;
    Some(text[..first.min(text.len())].rfind('\n').map_or(0, |at| at + 1))
}

/// The parser's words, or better ones where the cause is known.
fn explain(message: &str, span: Range<usize>, found: &str, sink: &mut Sink<'_>) {
    if message.starts_with("string values must be quoted") {
        if sink.source.hides(&span) {
            sink.error(span, "the value is neither a number nor quoted text")
                .help("text stands between quotes");
        } else if found.is_empty() {
            sink.error(span, "the key has no value").label("a value is missing");
        } else {
            let help =
                format!("text stands between quotes: \"{}\"", found.chars().take(40).collect::<String>());
            sink.error(span, format!("{} is neither a number nor quoted text", quoted(found))).help(help);
        }
    } else if message == "duplicate key" {
        sink.error(span, format!("{} is set twice", quoted(found)))
            .label("the second time")
            .help("keep one of them; a table that goes on must not repeat its `[header]`");
    } else if message.starts_with("key with no value") {
        sink.error(span, "a key needs `=` and a value");
    } else {
        sink.error(span, format!("this is not TOML: {message}"));
    }
}

/// Parses, with what could be saved from text that has errors.
pub(crate) fn parse(text: &str) -> (DeTable<'_>, Vec<Error>) {
    let (table, errors) = DeTable::parse_recoverable(text);
    (table.into_inner(), errors)
}
