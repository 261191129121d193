//! Prometheus' text format, version 0.0.4, as instances write it; tolerant of OpenMetrics (`# EOF`, exemplars,
//! timestamps in seconds) and of quoted names.
//!
//! One bad line spoils the page, as in Prometheus: skipping it could hide the very errors that are watched. A time
//! on a sample is read over: what counts is when the page was fetched.

use super::selector::Labels;
use super::text::{Cursor, Quoting};

/// The longest line, and the most labels of a sample.
const MAX_LINE: usize = 64 << 10;
const MAX_LABELS: usize = 128;
/// The most lines that are kept of one page: each costs about a kilobyte until its snapshot is made.
const MAX_KEPT: usize = 50_000;

/// A page that is not in the format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub(super) struct PageError {
    line: usize,
    why: String,
}

/// One line with a value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    pub(super) name: String,
    pub(super) labels: Labels,
    pub(super) value: f64,
}

/// Reads a page. Every line is checked; those are kept whose metric is `wanted`.
pub(super) fn read(page: &[u8], wanted: impl Fn(&str) -> bool) -> Result<Vec<Line>, PageError> {
    let mut lines = Vec::new();
    for (index, bytes) in page.split(|b| *b == b'\n').enumerate() {
        let fail = |why: String| PageError { line: index + 1, why };
        if bytes.len() > MAX_LINE {
            return Err(fail(format!("it is longer than {MAX_LINE} bytes")));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| fail("it is not UTF-8".to_owned()))?;
        let text = text.trim_matches([' ', '\t', '\r']);
        if text == "# EOF" {
            break;
        }
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let line = sample(text).map_err(fail)?;
        if wanted(&line.name) {
            if lines.len() >= MAX_KEPT {
                return Err(fail(format!("there are more than {MAX_KEPT} series of the metrics asked for")));
            }
            lines.push(line);
        }
    }
    Ok(lines)
}

fn sample(text: &str) -> Result<Line, String> {
    let mut cursor = Cursor::new(text);
    let mut name = cursor.name(true).map(str::to_owned);
    cursor.skip_blanks();
    let labels = if cursor.take("{") { labels(&mut cursor, &mut name)? } else { Labels::new() };
    let name = name.ok_or("it does not begin with a metric's name")?;
    cursor.skip_blanks();
    let value = number(cursor.word()).ok_or_else(|| format!("`{name}` has no number"))?;
    cursor.skip_blanks();
    if !cursor.rest().is_empty() && !cursor.rest().starts_with('#') {
        number(cursor.word()).ok_or_else(|| format!("what follows the value of `{name}` is not a time"))?;
        cursor.skip_blanks();
    }
    // What may be left is an exemplar.
    if !cursor.rest().is_empty() && !cursor.rest().starts_with("# {") {
        return Err(format!("there is more than a value and a time behind `{name}`"));
    }
    Ok(Line { name, labels, value })
}

fn labels(cursor: &mut Cursor<'_>, name: &mut Option<String>) -> Result<Labels, String> {
    let mut labels = Labels::new();
    loop {
        cursor.skip_blanks();
        if cursor.take("}") {
            return Ok(labels);
        }
        let label = match cursor.peek() {
            Some('"') => cursor.string(Quoting::Page).ok_or("a quoted name has no end")?,
            _ => cursor.name(false).ok_or("there is no label name where one must be")?.to_owned(),
        };
        cursor.skip_blanks();
        if cursor.take("=") {
            cursor.skip_blanks();
            let value = cursor.string(Quoting::Page);
            let value = value.ok_or_else(|| format!("label `{label}` has no quoted value"))?;
            if labels.len() >= MAX_LABELS {
                return Err(format!("it has more than {MAX_LABELS} labels"));
            }
            if let Some((label, _)) = labels.insert(label.clone(), value).map(|old| (label, old)) {
                return Err(format!("label `{label}` is there twice"));
            }
        } else if name.replace(label).is_some() {
            return Err("it has two names, or a label without a value".to_owned());
        }
        cursor.skip_blanks();
        if !cursor.take(",") && cursor.peek() != Some('}') {
            return Err("expected `,` or `}` after a label".to_owned());
        }
    }
}

/// A number as Go writes it. Rust reads the same words, and takes `infinity` besides.
pub(super) fn number(word: &str) -> Option<f64> {
    word.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(page: &str) -> Result<Vec<Line>, String> {
        read(page.as_bytes(), |_| true).map_err(|e| e.to_string())
    }

    fn one(text: &str) -> Line {
        all(text).unwrap().remove(0)
    }

    #[test]
    fn a_page_as_clients_write_it() {
        let page = "# HELP http_requests_total Requests.\n# TYPE http_requests_total counter\n\
            http_requests_total{method=\"post\",code=\"200\"} 1027 1395066363000\n\
            http_requests_total{ method = \"post\" , code = \"400\", }\t3\r\n\n\
            msdos_file{path=\"C:\\\\DIR\\\\F.TXT\",error=\"no:\\n\\\"F\\\" \\q\"} 1.458255915e9\n\
            plain 12.47\ntimed{problem=\"division by zero\"} +Inf -3982045\nempty_labels{} NaN\n\
            open_total 5 # {trace_id=\"a b\"} 0.67 1.5\nopen_total{a=\"#\"} 5 123.456 # {} 1\n\
            {\"my.metric\",\"a.b\"=\"c\"} 4\n# EOF\nafter the end\n";
        let lines = all(page).unwrap();
        assert_eq!(lines.len(), 9);
        assert_eq!(lines[1].labels["code"], "400");
        assert_eq!(lines[2].labels["path"], "C:\\DIR\\F.TXT");
        assert_eq!(lines[2].labels["error"], "no:\n\"F\" \\q");
        assert!(lines[4].value.is_infinite() && lines[5].value.is_nan());
        assert_eq!((lines[8].name.as_str(), lines[8].labels["a.b"].as_str()), ("my.metric", "c"));
    }

    #[test]
    fn only_what_is_wanted_is_kept_and_all_is_checked() {
        assert_eq!(read(b"a 1\nb 2\n", |name| name == "b").unwrap().len(), 1);
        let error = read(b"a 1\nb\n", |name| name == "a").unwrap_err();
        assert_eq!(error.to_string(), "line 2: `b` has no number");
    }

    #[test]
    fn bad_lines_are_refused_with_their_number() {
        for bad in [
            "<html>",
            "a",
            "a{",
            "a{b} 1",
            "a{b=c} 1",
            "a{b=\"c} 1",
            "a{b=\"c\"",
            "a 1 2 3",
            "a 1 x",
            "a x",
            "a{b=\"c\",b=\"d\"} 1",
            "1a 1",
            "a{b=\"c\" d=\"e\"} 1",
            "{a=\"b\"} 1",
            "a 1#",
        ] {
            assert!(all(&format!("ok 1\n{bad}\n")).unwrap_err().starts_with("line 2: "), "{bad}");
        }
        assert!(read(b"a\xff 1", |_| true).is_err());
        assert!(all(&"a 1\n".repeat(MAX_KEPT)).is_ok());
        assert!(
            all(&"a 1\n".repeat(MAX_KEPT + 1)).unwrap_err().starts_with("line 50001: there are more than")
        );
        let long = format!("a{{b=\"{}\"}} 1", "x".repeat(MAX_LINE));
        assert!(all(&long).unwrap_err().contains("longer"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            name in "[a-zA-Z_:][a-zA-Z0-9_:]{0,9}",
            labels in proptest::collection::btree_map("[a-zA-Z_][a-zA-Z0-9_]{0,5}", any::<String>(), 0..4),
            value in any::<f64>(),
        ) {
            let escaped = |v: &str| v.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let inside: Vec<String> = labels.iter().map(|(l, v)| format!("{l}=\"{}\"", escaped(v))).collect();
            let line = one(&format!("{name}{{{}}} {value}", inside.join(",")));
            prop_assert_eq!(&line.labels, &labels);
            prop_assert_eq!(line.name, name);
            prop_assert!(line.value.to_bits() == value.to_bits() || value.is_nan());
        }

        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&bytes, |_| true);
        }

        #[test]
        fn anything_like_a_page_is_survived(text in "[a{}\"\\\\,=# 1eN\n]{0,60}") {
            let _ = all(&text);
        }
    }
}
