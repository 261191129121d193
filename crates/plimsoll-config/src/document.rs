//! A value of the document with its place and its name, and how it is described in messages.

use std::fmt::Write as _;
use std::ops::Range;

use toml::de::DeValue;

use crate::sink::Sink;
use crate::source::harmless;

/// A value on its way to becoming a setting.
pub(crate) struct Node<'a> {
    pub(crate) value: &'a DeValue<'a>,
    pub(crate) span: Range<usize>,
    /// Bytes of the key.
    pub(crate) key: Range<usize>,
    /// Where it is, as a person would write it: `run.health.path`, `steps[2]`.
    pub(crate) path: String,
}

impl Node<'_> {
    /// The last part of the path, in quotes of a message.
    pub(crate) fn name(&self) -> String {
        let last = self.path.rsplit('.').next().unwrap_or_default();
        quoted(last)
    }

    /// Reports that the value is not what is expected.
    pub(crate) fn wrong<'s>(&self, expected: &str, sink: &'s mut Sink<'_>) -> &'s mut crate::Problem {
        let found = if sink.source.hides(&self.span) { "what is not shown".to_owned() } else { self.found() };
        sink.error(self.span.clone(), format!("{} must be {expected}", self.name()))
            .label(format!("found {found}"))
    }

    /// The value in words.
    pub(crate) fn found(&self) -> String {
        match self.value {
            DeValue::String(text) if text.is_empty() => "empty text".to_owned(),
            DeValue::String(text) => format!("the text {}", quoted(text)),
            DeValue::Integer(number) => format!("the number {number}"),
            DeValue::Float(number) => format!("the number {number}"),
            DeValue::Boolean(value) => format!("`{value}`"),
            DeValue::Datetime(_) => "a date or time".to_owned(),
            DeValue::Array(items) => format!("a list of {}", items.len()),
            DeValue::Table(_) => "a table".to_owned(),
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        self.value.as_str()
    }

    /// The value as a whole number, if it is one that fits.
    pub(crate) fn whole(&self) -> Option<i64> {
        let number = self.value.as_integer()?;
        i64::from_str_radix(&number.as_str().replace('_', ""), number.radix()).ok()
    }

    /// The value as a finite number, written with or without a point.
    pub(crate) fn number(&self) -> Option<f64> {
        let number = match self.value {
            DeValue::Float(number) => number.as_str().replace('_', "").parse::<f64>().ok()?,
            _ => self.whole()? as f64,
        };
        number.is_finite().then_some(number)
    }
}

/// Text as it is written in the file, with quotes.
pub(crate) fn toml_text(text: &str) -> String {
    let mut written = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => written.extend(['\\', c]),
            c if harmless(c) != c => {
                write!(written, "\\U{:08X}", u32::from(c)).expect("text does not fail");
            }
            c => written.push(c),
        }
    }
    written + "\""
}

/// Text from the file in a message: bounded, on one line, between backticks.
pub(crate) fn quoted(text: &str) -> String {
    let mut shown: String = text.chars().take(48).map(harmless).collect();
    if text.chars().nth(48).is_some() {
        shown.push_str("...");
    }
    format!("`{shown}`")
}
