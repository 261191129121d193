//! Structured log lines: one JSON object a line, on standard output.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

/// Writes a line. A reader that has gone away is no reason to fail.
pub fn line(level: &str, message: &str, fields: &[(&str, &str)]) {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut text = format!(
        "{{\"time\":{}.{:03},\"level\":{},\"message\":{},\"version\":{}",
        time.as_secs(),
        time.subsec_millis(),
        quoted(level),
        quoted(message),
        quoted(crate::version::VERSION)
    );
    for (name, value) in fields {
        let _ = write!(text, ",{}:{}", quoted(name), quoted(value));
    }
    text.push_str("}\n");
    let _ = std::io::stdout().write_all(text.as_bytes());
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted + "\""
}
