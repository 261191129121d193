//! An instance's output from the journal.
//!
//! The journal keeps it bounded, dated and also while no agent runs. It is read by `journalctl` with fixed arguments: its
//! files (hash tables, three kinds of compression) are no format to read a second time, and the library of systemd cannot
//! be part of a static program. The rule that systemd is not *controlled* by commands is kept.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use plimsoll_model::agent::{LogLine, LogStream};
use plimsoll_model::{InstanceId, Timestamp};
use serde_json::Value;

use super::Scope;
use crate::runtime::Exit;

/// How long reading may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest answer that is read, in bytes.
const LONGEST: u64 = 64 * 1024 * 1024;
/// Longer lines are cut, as in our own logs.
const LONGEST_LINE: usize = 16 * 1024;
/// What each reading looks at, at most.
const MOST_LINES: usize = 20_000;

/// Systemd's kinds of entries (`sd-messages.h`): a process of a unit has ended; the kernel ran out of memory for it.
const PROCESS_EXIT: &str = "98e322203f7a4ed290d09fe03c09fe15";
const OUT_OF_MEMORY: &str = "fe6faa94e7774663a0da52717891d8ef";
/// How often, and how long apart, an entry is looked for.
const RECALLS: u32 = 5;
const RECALL_PAUSE: Duration = Duration::from_millis(20);

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
    let mut command = journalctl(scope);
    command.args(["--output-fields=MESSAGE,SYSLOG_IDENTIFIER", "--all"]);
    command.arg(format!("--lines={}", most.min(MOST_LINES)));
    // Whole seconds: the option knows no smaller unit everywhere. The query's own filter is exact.
    command.args(since.map(|at| format!("--since=@{}", at.as_millis() / 1000)));
    command.args(instances.iter().map(|instance| format!("--identifier={}", identifier(service, instance))));
    // Only what the unit itself wrote: anybody may send lines with this identifier.
    command.arg("_TRANSPORT=stdout");
    let prefix = format!("{service}/");
    read_within(command, move |line| parse(line, &prefix))
}

/// How the main process of an activation ended, as systemd wrote it down at that time. An entry may come a moment after
/// the end, so it is looked for a few times.
pub(super) fn exit_of(scope: Scope, invocation: &str) -> Option<Exit> {
    let field = if scope == Scope::User { "USER_INVOCATION_ID" } else { "INVOCATION_ID" };
    for _ in 0..RECALLS {
        let mut command = journalctl(scope);
        command.args(["--output-fields=MESSAGE_ID,EXIT_CODE,EXIT_STATUS", "--lines=100"]);
        command.args([format!("{field}={invocation}"), format!("MESSAGE_ID={PROCESS_EXIT}")]);
        // A `+` stands between the two: either kind of entry.
        command.args([
            "+".to_owned(),
            format!("{field}={invocation}"),
            format!("MESSAGE_ID={OUT_OF_MEMORY}"),
        ]);
        let entries = read_within(command, |line| serde_json::from_slice::<Value>(line).ok()).ok()?;
        if let Some(exit) = exit_in(&entries) {
            return Some(exit);
        }
        thread::sleep(RECALL_PAUSE);
    }
    None
}

fn exit_in(entries: &[Value]) -> Option<Exit> {
    let text = |entry: &Value, name: &str| entry.get(name).and_then(Value::as_str).map(str::to_owned);
    let out_of_memory =
        entries.iter().any(|entry| text(entry, "MESSAGE_ID").as_deref() == Some(OUT_OF_MEMORY));
    let ended = entries.iter().rev().find(|entry| text(entry, "EXIT_CODE").is_some())?;
    let number = text(ended, "EXIT_STATUS")?.parse().ok()?;
    match text(ended, "EXIT_CODE")?.as_str() {
        "exited" => Some(Exit::Code { code: number }),
        "killed" | "dumped" => Some(Exit::Signal { signal: number, out_of_memory }),
        _ => None,
    }
}

fn journalctl(scope: Scope) -> Command {
    let mut command = Command::new("journalctl");
    command
        .env_clear()
        .envs(std::env::vars_os().filter(|(name, _)| name == "PATH" || name == "XDG_RUNTIME_DIR"));
    command.args(["--output=json", "--quiet", "--no-pager"]);
    command.args((scope == Scope::User).then_some("--user"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    command
}

fn read_within<T: Send + 'static>(
    mut command: Command,
    parse: impl Fn(&[u8]) -> Option<T> + Send + 'static,
) -> Result<Vec<T>, String> {
    let mut child = command.spawn().map_err(|error| format!("journalctl: {error}"))?;
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
    fn entries_say_how_a_process_ended() {
        let entry = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let killed = entry(r#"{"EXIT_CODE":"killed","EXIT_STATUS":"9"}"#);
        let signal = |out_of_memory| Some(Exit::Signal { signal: 9, out_of_memory });
        assert_eq!(exit_in(std::slice::from_ref(&killed)), signal(false));
        let memory = entry(&format!(r#"{{"MESSAGE_ID":"{OUT_OF_MEMORY}"}}"#));
        assert_eq!(exit_in(&[memory.clone(), killed]), signal(true));
        let code = entry(r#"{"EXIT_CODE":"exited","EXIT_STATUS":"3"}"#);
        assert_eq!(exit_in(&[code]), Some(Exit::Code { code: 3 }));
        assert_eq!(exit_in(&[memory]), None);
    }

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
