//! For `--json`: one object a line, each with the version of the format.
//!
//! `{"format":1,"at":...,"event":{"what":...}}` for each event, and one last `{"format":1,"at":...,"ending":{...}}`.

use std::fmt::Write as _;
use std::io::Write;

use plimsoll_model::event::{Event, News};
use plimsoll_model::{Timestamp, version};
use serde::Serialize;

use crate::ending::Ending;
use crate::reporter::{ReportError, Reporter};
use crate::sink::Sink;
use crate::visible::is_hidden;

/// Writes every event as it is, leaving nothing out.
pub struct JsonLinesReporter<W> {
    sink: Sink<W>,
    unencodable: Option<serde_json::Error>,
}

#[derive(Serialize)]
struct EventLine<'a> {
    format: u32,
    at: Timestamp,
    event: &'a News,
}

#[derive(Serialize)]
struct EndingLine<'a> {
    format: u32,
    at: Timestamp,
    ending: &'a Ending,
}

impl<W: Write> JsonLinesReporter<W> {
    /// A reporter that writes to `out`.
    pub fn new(out: W) -> Self {
        Self { sink: Sink::new(out), unencodable: None }
    }

    fn line(&mut self, line: &impl Serialize) {
        match serde_json::to_string(line) {
            Ok(text) => self.sink.put(&(escaped(text) + "\n")),
            Err(error) => {
                self.unencodable.get_or_insert(error);
            }
        }
    }
}

impl<W: Write> Reporter for JsonLinesReporter<W> {
    fn event(&mut self, event: &Event) {
        self.line(&EventLine { format: version::REPORT, at: event.at, event: &event.news });
    }

    fn finish(&mut self, ending: &Ending) -> Result<(), ReportError> {
        self.line(&EndingLine { format: version::REPORT, at: ending.at, ending });
        self.sink.finish()?;
        self.unencodable.take().map_or(Ok(()), |source| Err(ReportError::Encode { source }))
    }
}

/// What a command prints with `--json`, as one line: `{"format":1,"status":{...}}`.
pub fn json_object(what: &str, value: &impl Serialize) -> Result<String, ReportError> {
    let value = serde_json::to_value(value).map_err(|source| ReportError::Encode { source })?;
    let object = serde_json::json!({ "format": version::REPORT, what: value });
    Ok(escaped(object.to_string()) + "\n")
}

/// JSON leaves C1 controls and bidirectional marks as they are, and terminals obey them. They can only stand inside
/// strings, where an escape means the same.
fn escaped(json: String) -> String {
    if !json.chars().any(is_hidden) {
        return json;
    }
    let mut text = String::with_capacity(json.len() + 16);
    let mut units = [0; 2];
    for c in json.chars() {
        if is_hidden(c) {
            for unit in c.encode_utf16(&mut units) {
                write!(text, "\\u{unit:04x}").expect("a string takes all");
            }
        } else {
            text.push(c);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_prints_an_object_with_its_format() {
        let remark = "a\u{9b}2J\u{202e}b";
        let text = json_object("remark", &remark).unwrap();
        assert_eq!(text, "{\"format\":1,\"remark\":\"a\\u009b2J\\u202eb\"}\n");
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read["remark"], remark);
    }
}
