//! `plimsoll logs`: lines of instances. Whatever they wrote is shown, and obeyed by no terminal.

use plimsoll_model::HostName;
use plimsoll_model::agent::{LogLine, LogStream};

use crate::clock;
use crate::line::Line;
use crate::names::Names;
use crate::palette::Role;
use crate::style::Style;

/// One line: time, host where there are several, instance, stream, text. Never cut, since it may be searched for; without line break.
pub fn log_line(host: Option<&HostName>, line: &LogLine, names: &Names, style: &Style) -> String {
    let time = match style.width {
        Some(_) => clock::time_of_day_exact(line.at, &style.zone),
        None => line.at.to_string(),
    };
    let (role, stream) = match line.stream {
        LogStream::Stdout => (Role::Plain, "out"),
        LogStream::Stderr => (Role::Warning, "err"),
        LogStream::Agent => (Role::Running, "---"),
    };
    let shown = Line::new()
        .with(Role::Quiet, time)
        .plain("  ")
        .with(Role::Strong, host.map_or(String::new(), |host| format!("{host} ")))
        .plain(format!("{}  ", names.instance(&line.instance)))
        .with(role, stream)
        .plain("  ")
        .plain(&line.text);
    let uncut = Style { width: None, ..style.clone() };
    shown.render(&uncut).concat()
}

#[cfg(test)]
mod tests {
    use plimsoll_model::InstanceId;

    use super::*;
    use crate::fixtures::{at, label, screen};

    #[test]
    fn escapes_in_logs_are_shown() {
        let release = label(42, "7c1f9e2");
        let mut names = Names::default();
        names.learn(&release);
        let line = LogLine {
            at: at("2026-01-31T14:03:12.250Z"),
            instance: InstanceId::new(release.release, 0),
            stream: LogStream::Stderr,
            text: "panic\x1b[2J".to_owned(),
        };
        let host = "web3".parse().unwrap();
        let plain = Style { colour: false, ..screen(40) };
        assert_eq!(
            log_line(Some(&host), &line, &names, &plain),
            "14:03:12.250  web3 r42.0  err  panic\\x1b[2J"
        );
        assert_eq!(log_line(None, &line, &names, &plain), "14:03:12.250  r42.0  err  panic\\x1b[2J");
    }
}
