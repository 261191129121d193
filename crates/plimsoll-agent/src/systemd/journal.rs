//! An instance's output from the journal.
//!
//! The journal keeps it bounded, dated and also while no agent runs. It is read by `journalctl` with fixed arguments: its
//! files (hash tables, three kinds of compression) are no format to read a second time, and the library of systemd cannot
//! be part of a static program. The rule that systemd is not *controlled* by commands is kept.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use plimsoll_model::agent::{LogLine, LogStream};
use plimsoll_model::{InstanceId, Timestamp};
use serde_json::Value;

use super::Scope;

/// How long reading may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest answer that is read, in bytes.
const LONGEST: u64 = 64 * 1024 * 1024;
/// Longer lines are cut, as in our own logs.
const LONGEST_LINE: usize = 16 * 1024;
/// What each reading looks at, at most.
const MOST_LINES: usize = 20_000;

/// What identifies an instance's lines: the setting `SyslogIdentifier` of its unit.
pub(super) fn identifier(service: &str, instance: &InstanceId) -> String {
    format!("{service}/{instance}")
}

/// The newest lines of these instances, oldest first; where `since` is given, only those from then on.
pub(super) fn lines(
    scope: Scope,
    service: &str,
    instances: &[InstanceId],
    since: Option<Timestamp>,
    most: usize,
) -> Result<Vec<LogLine>, String> {
    if instances.is_empty() {
        return Ok(Vec::new());
    }
    let mut command = Command::new("journalctl");
    command
        .env_clear()
        .envs(std::env::vars_os().filter(|(name, _)| name == "PATH" || name == "XDG_RUNTIME_DIR"));
    command.args([
        "--output=json",
        "--output-fields=MESSAGE,SYSLOG_IDENTIFIER",
        "--all",
        "--quiet",
        "--no-pager",
    ]);
    command.arg(format!("--lines={}", most.min(MOST_LINES)));
    command.args((scope == Scope::User).then_some("--user"));
    // Whole seconds: the option knows no smaller unit everywhere. The query's own filter is exact.
    command.args(since.map(|at| format!("--since=@{}", at.as_millis() / 1000)));
    command.args(instances.iter().map(|instance| format!("--identifier={}", identifier(service, instance))));
    // Only what the unit itself wrote: anybody may send lines with this identifier.
    command.arg("_TRANSPORT=stdout");
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("journalctl: {error}"))?;
    let prefix = format!("{service}/");
    read_within(&mut child, move |line| parse(line, &prefix))
}

fn read_within(
    child: &mut Child,
    parse: impl Fn(&[u8]) -> Option<LogLine> + Send + 'static,
) -> Result<Vec<LogLine>, String> {
    let output = child.stdout.take().ok_or("journalctl has no output")?;
    let (sender, receiver) = mpsc::channel();
    let work = move || {
        let from = BufReader::new(output.take(LONGEST));
        let lines = from.split(b'\n').map_while(Result::ok);
        let _ = sender.send(lines.filter_map(|line| parse(&line)).collect::<Vec<_>>());
    };
    let read =
        thread::Builder::new().name("journal".to_owned()).spawn(work).map_err(|error| error.to_string());
    let lines = read.and_then(|_| {
        receiver.recv_timeout(PATIENCE).map_err(|_| format!("no answer within {} s", PATIENCE.as_secs()))
    });
    // Where it has ended already this does nothing; either way it is collected.
    let _ = child.kill();
    let _ = child.wait();
    lines
}

fn parse(line: &[u8], prefix: &str) -> Option<LogLine> {
    let entry: Value = serde_json::from_slice(line).ok()?;
    let instance = entry.get("SYSLOG_IDENTIFIER")?.as_str()?.strip_prefix(prefix)?.parse().ok()?;
    let micros: u64 = entry.get("__REALTIME_TIMESTAMP")?.as_str()?.parse().ok()?;
    let mut text = match entry.get("MESSAGE")? {
        Value::String(text) => text.clone(),
        // What is not UTF-8 comes as a list of bytes.
        Value::Array(bytes) => {
            let bytes = bytes.iter().filter_map(|byte| u8::try_from(byte.as_u64()?).ok());
            String::from_utf8_lossy(&bytes.collect::<Vec<_>>()).into_owned()
        }
        _ => return None,
    };
    let end = (0..=LONGEST_LINE.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.truncate(end.unwrap_or_default());
    let text = text.trim_end_matches('\r').replace('\n', " ");
    // The journal does not say which of the two streams it was.
    Some(LogLine { at: Timestamp::from_millis(micros / 1000), instance, stream: LogStream::Stdout, text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_become_lines() {
        let text = br#"{"__REALTIME_TIMESTAMP":"1800000000123456","SYSLOG_IDENTIFIER":"greeter/0123456789ab.0","MESSAGE":"hello"}"#;
        let line = parse(text, "greeter/").unwrap();
        assert_eq!(line.text, "hello");
        assert_eq!(line.at, Timestamp::from_millis(1_800_000_000_123));
        let bytes = br#"{"__REALTIME_TIMESTAMP":"1","SYSLOG_IDENTIFIER":"greeter/0123456789ab.0","MESSAGE":[104,255]}"#;
        assert_eq!(parse(bytes, "greeter/").unwrap().text, "h\u{fffd}");
        for bad in [&b"{}"[..], b"", b"[1]", br#"{"MESSAGE":"x"}"#] {
            assert_eq!(parse(bad, "greeter/"), None);
        }
        assert_eq!(parse(text, "other/"), None);
    }
}
