//! Values that are one word, path or command.

use super::super::unit::{Kind, UnitName};
use super::super::words::{Backslash, split};
use super::{boolean, has_specifier, number::number};

type Judged = Result<(), String>;

fn when(is_right: bool, wrong: &str) -> Judged {
    if is_right { Ok(()) } else { Err(wrong.to_owned()) }
}

fn one_of(value: &str, words: &[&str]) -> Judged {
    if words.contains(&value) { Ok(()) } else { Err(format!("it is none of `{}`", words.join("`, `"))) }
}

pub(super) fn boolean_value(text: &str) -> Judged {
    when(boolean(text).is_some(), "it is neither yes nor no")
}

pub(super) fn tristate(text: &str) -> Judged {
    when(text.is_empty() || boolean(text).is_some(), "it is neither yes nor no")
}

/// A name on D-Bus: two parts or more with dots between.
pub(super) fn bus_name(text: &str) -> Judged {
    let is_part = |part: &str| {
        let is_letter = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
        !part.is_empty() && !part.starts_with(|c: char| c.is_ascii_digit()) && part.chars().all(is_letter)
    };
    let is_name = text.contains('.') && text.split('.').all(is_part) && text.len() < 256;
    when(has_specifier(text) || is_name, "it is no name on D-Bus, as org.example.Service")
}

pub(super) fn urls(text: &str) -> Judged {
    let known = ["http://", "https://", "file:", "info:", "man:"];
    let wrong = text.split_whitespace().find(|word| {
        let begin = known.iter().find(|begin| word.starts_with(**begin));
        begin.is_none_or(|begin| word.len() == begin.len())
            || (word.starts_with("file:") && !word.starts_with("file:/"))
    });
    wrong.map_or(Ok(()), |word| Err(format!("`{word}` is none of http://, https://, file:, info:, man:")))
}

/// The name of an account or group, or its number. What has a specifier is known only on the host.
pub(super) fn user(text: &str) -> Judged {
    when(text.is_empty() || has_specifier(text) || is_user(text), "it is no name of an account")
}

pub(super) fn is_user(text: &str) -> bool {
    if let Ok(number) = text.parse::<u32>() {
        return number != u32::MAX && number != 65_535 && !(text.len() > 1 && text.starts_with('0'));
    }
    let is_number = text.bytes().all(|b| b.is_ascii_digit()) || text.starts_with('-');
    let refused = |c: char| c.is_control() || ":/".contains(c);
    !text.is_empty()
        && !is_number
        && text.trim() == text
        && !text.contains(refused)
        && !["..", "."].contains(&text)
        && text.len() < 256
}

pub(super) fn unit(text: &str) -> Judged {
    when(text.is_empty() || is_unit(text), "it is no name of a unit")
}

pub(super) fn is_unit(text: &str) -> bool {
    has_specifier(text) || UnitName::new(text).is_some()
}

pub(super) fn service(text: &str) -> Judged {
    let is_service = UnitName::new(text).is_some_and(|name| name.kind == Kind::Service);
    when(has_specifier(text) || is_service, "it is no name of a service")
}

pub(super) fn slice(text: &str) -> Judged {
    let is_slice = UnitName::new(text).is_some_and(|name| name.kind == Kind::Slice);
    when(text.is_empty() || has_specifier(text) || is_slice, "it is no name of a slice")
}

pub(super) fn path(text: &str) -> Judged {
    let is_path = text.starts_with('/') || (text.starts_with('%') && !text.starts_with("%%"));
    when(text.is_empty() || is_path, "it is no absolute path")
}

pub(super) fn environment_file(text: &str) -> Judged {
    let bare = text.strip_prefix('-').unwrap_or(text);
    when(text.is_empty() || (!bare.is_empty() && path(bare).is_ok()), "it is no absolute path")
}

pub(super) fn working_directory(text: &str) -> Judged {
    let bare = text.strip_prefix('-').unwrap_or(text);
    when(
        text.is_empty() || bare == "~" || (!bare.is_empty() && path(bare).is_ok()),
        "it is neither an absolute path nor ~",
    )
}

pub(super) fn condition_path(text: &str) -> Judged {
    let bare = text.strip_prefix('|').unwrap_or(text);
    let bare = bare.strip_prefix('!').unwrap_or(bare);
    when(text.is_empty() || (!bare.is_empty() && path(bare).is_ok()), "it is no absolute path")
}

/// The commands of `ExecStart=`: prefixes, a program, arguments; a lone `;` begins the next one.
pub(super) fn command(text: &str) -> Judged {
    if text.is_empty() {
        return Ok(());
    }
    let words = split(text, Backslash::Relaxed).map_err(|flaw| flaw.to_string())?;
    let mut is_first = true;
    for word in &words {
        if !is_first {
            is_first = word == ";";
            continue;
        }
        is_first = false;
        let program = word.trim_start_matches(['-', '@', ':', '+', '!']);
        let names_itself = word[..word.len() - program.len()].contains('@');
        if names_itself && words.len() < 2 {
            return Err("`@` wants the name that the program is told before its arguments".to_owned());
        }
        if program.is_empty() {
            return Err("there is no program behind the prefix".to_owned());
        }
        if program.ends_with('/') {
            return Err(format!("`{program}` is a folder"));
        }
        let is_name = !program.contains('/') && ![".", ".."].contains(&program);
        if !is_name && !program.starts_with(['/', '%']) {
            return Err(format!("`{program}` is neither an absolute path nor a name that is looked up"));
        }
    }
    Ok(())
}

pub(super) fn signal(text: &str) -> Judged {
    when(is_signal(text), "it is no name of a signal, as SIGTERM")
}

/// Signals without `SIG`.
const SIGNALS: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE",
    "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ",
    "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
];

pub(super) fn is_signal(text: &str) -> bool {
    if let Some(number) = number(text) {
        return (1..=64).contains(&number);
    }
    let name = text.strip_prefix("SIG").unwrap_or(text);
    let real_time = name.strip_prefix("RTMIN+").or_else(|| name.strip_prefix("RTMAX-"));
    let is_real_time = real_time.is_some_and(|number| number.parse::<u32>().is_ok_and(|number| number <= 30));
    SIGNALS.contains(&name) || ["RTMIN", "RTMAX"].contains(&name) || is_real_time
}

pub(super) fn action(text: &str) -> Judged {
    one_of(
        text,
        &[
            "none",
            "reboot",
            "reboot-force",
            "reboot-immediate",
            "poweroff",
            "poweroff-force",
            "poweroff-immediate",
            "exit",
            "exit-force",
        ],
    )
}

pub(super) fn job_mode(text: &str) -> Judged {
    let modes = [
        "fail",
        "replace",
        "replace-irreversibly",
        "isolate",
        "flush",
        "ignore-dependencies",
        "ignore-requirements",
        "triggering",
    ];
    one_of(text, &modes)
}

pub(super) fn level(text: &str) -> Judged {
    if text.parse::<u32>().is_ok_and(|level| level <= 7) {
        return Ok(());
    }
    one_of(text, &["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"])
}

pub(super) fn facility(text: &str) -> Judged {
    if number(text).is_some_and(|facility| (0..=127).contains(&facility)) {
        return Ok(());
    }
    let facilities = [
        "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
        "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
    ];
    one_of(text, &facilities)
}

pub(super) fn output(text: &str) -> Judged {
    let targets = ["file:", "append:", "truncate:"];
    if let Some(target) = targets.iter().find_map(|begin| text.strip_prefix(begin)) {
        return when(!target.is_empty() && path(target).is_ok(), "it names no absolute path");
    }
    if text.strip_prefix("fd:").is_some() {
        return Ok(());
    }
    let words = [
        "inherit",
        "null",
        "tty",
        "journal",
        "kmsg",
        "journal+console",
        "kmsg+console",
        "socket",
        "fd",
        "syslog",
        "syslog+console",
    ];
    one_of(text, &words)
}

pub(super) fn input(text: &str) -> Judged {
    if let Some(file) = text.strip_prefix("file:") {
        return when(!file.is_empty() && path(file).is_ok(), "it names no absolute path");
    }
    if text.starts_with("fd:") {
        return Ok(());
    }
    one_of(text, &["null", "tty", "tty-force", "tty-fail", "socket", "fd", "data", "file"])
}

pub(super) fn personality(text: &str) -> Judged {
    if text.is_empty() {
        return Ok(());
    }
    one_of(text, &["x86-64", "x86", "arm64", "arm", "ppc64-le", "ppc64", "ppc", "s390x", "s390"])
}

pub(super) fn io_class(text: &str) -> Judged {
    let is_number = number(text).is_some_and(|class| (0..=8).contains(&class));
    if text.is_empty() || is_number {
        Ok(())
    } else {
        one_of(text, &["none", "realtime", "best-effort", "idle"])
    }
}

pub(super) fn cpu_policy(text: &str) -> Judged {
    let is_number = number(text).is_some_and(|policy| policy >= 0);
    if text.is_empty() || is_number {
        Ok(())
    } else {
        one_of(text, &["other", "batch", "idle", "fifo", "rr"])
    }
}

pub(super) fn tos(text: &str) -> Judged {
    let is_number = number(text).is_some_and(|tos| (0..=255).contains(&tos));
    if is_number || text.is_empty() {
        Ok(())
    } else {
        one_of(text, &["low-delay", "throughput", "reliability", "low-cost"])
    }
}
