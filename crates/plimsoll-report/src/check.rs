//! `plimsoll check` for people: each finding with its lines, what is known, and what to do; then one sentence.

use std::collections::BTreeSet;
use std::time::Duration;

use plimsoll_model::Severity;
use plimsoll_model::finding::{CheckReport, Finding, Unread};
use serde_json::json;

use crate::line::{Line, render_all};
use crate::number::counted;
use crate::palette::Role;
use crate::style::Style;

/// The version of the JSON form.
const FORMAT: u32 = 1;

/// What a run of checks found, and what that means.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckView {
    /// What was found.
    pub report: CheckReport,
    /// How long it took.
    pub took: Duration,
    /// The mildest severity that refuses; nothing refuses where it is absent.
    pub limit: Option<Severity>,
}

/// The findings as one JSON object.
pub fn check_json(view: &CheckView) -> String {
    let CheckReport { findings, waived, unread, checked } = &view.report;
    json!({
        "format": FORMAT, "findings": findings, "waived": waived, "unread": unread, "checked": checked,
        "refused": refuses(view),
    })
    .to_string()
}

fn refuses(view: &CheckView) -> bool {
    view.limit.is_some_and(|limit| view.report.worst().is_some_and(|worst| worst >= limit))
}

/// The findings for people.
pub fn check(view: &CheckView, style: &Style) -> String {
    let mut lines = Vec::new();
    let mut explained = BTreeSet::new();
    for finding in &view.report.findings {
        lines.extend(finding_lines(finding, explained.insert(&finding.rule)));
        lines.push(Line::new());
    }
    for unread in &view.report.unread {
        lines.extend(unread_lines(unread));
        lines.push(Line::new());
    }
    lines.push(sum(view));
    render_all(&lines, style)
}

fn role(severity: Severity) -> Role {
    match severity {
        Severity::Error => Role::Bad,
        Severity::Warning => Role::Warning,
        Severity::Info => Role::Quiet,
    }
}

fn finding_lines(finding: &Finding, first_of_its_rule: bool) -> Vec<Line> {
    let title = format!("{}[{}]", finding.severity, finding.rule);
    let mut lines = vec![
        Line::new().with(role(finding.severity), title).plain(format!(": {}", finding.message)).wrapped(2),
    ];
    let place = finding.place.map(|place| format!(":{}", place.line)).unwrap_or_default();
    lines.push(Line::text("  --> ").plain(format!("{}{place}", finding.path)));
    let width = finding.source.last().map_or(1, |line| line.line.to_string().len());
    lines.extend(source_lines(finding, width));
    let margin = " ".repeat(width + 2);
    let mut row = |name: &str, text: &str| {
        let row = Line::text(format!("{margin}= ")).with(Role::Quiet, format!("{name:<9} ")).plain(text);
        lines.push(row.wrapped(width + 14));
    };
    finding.notes.iter().for_each(|note| row(&note.name, &note.text));
    row("fix", &finding.fix);
    if first_of_its_rule {
        row("more", &format!("plimsoll explain {}", finding.rule));
    }
    lines
}

fn source_lines(finding: &Finding, width: usize) -> Vec<Line> {
    let Some(place) = finding.place.filter(|_| !finding.source.is_empty()) else { return Vec::new() };
    let bar = || Line::new().with(Role::Quiet, format!("{} |", " ".repeat(width + 1)));
    let mut lines = vec![bar()];
    for source in &finding.source {
        let number = format!(" {:>width$} | ", source.line);
        lines.push(Line::new().with(Role::Quiet, number).plain(&source.text));
    }
    // Where a part of one line is meant it is marked; several lines mark themselves.
    if place.line == place.end_line && place.end_column > place.column {
        let before = " ".repeat(place.column as usize - 1);
        // What is masked in the shown line is shorter than the place.
        let shown = finding.source[0].text.chars().count();
        let width = (place.end_column as usize - 1).min(shown).saturating_sub(place.column as usize - 1);
        let mark = "-".repeat(width.min(80));
        lines.push(
            bar()
                .plain(format!(" {before}"))
                .with(role(finding.severity), format!("{mark} {}", finding.mark)),
        );
    } else if !finding.mark.is_empty() {
        lines.push(bar().with(role(finding.severity), format!(" {}", finding.mark)));
    }
    lines.push(bar());
    lines
}

fn unread_lines(unread: &Unread) -> [Line; 2] {
    let title = Line::new().with(Role::Warning, "unknown").plain(": it could not be checked");
    [title, Line::text(format!("  --> {}: {}", unread.path, unread.why)).wrapped(6)]
}

/// One sentence: what was found, in what, and what follows.
fn sum(view: &CheckView) -> Line {
    let report = &view.report;
    if report.checked.is_empty() && report.unread.is_empty() {
        return Line::text(
            "Nothing here that there are checks for; name the files if they have names of their own.",
        )
        .wrapped(2);
    }
    let counts: Vec<String> = Severity::ALL
        .iter()
        .rev()
        .filter(|severity| report.count(**severity) > 0)
        .map(|severity| match severity {
            Severity::Info => counted(report.count(*severity) as u64, "remark"),
            _ => counted(report.count(*severity) as u64, severity.name()),
        })
        .collect();
    let found = if counts.is_empty() { "No findings".to_owned() } else { counts.join(", ") };
    let waived =
        if report.waived.is_empty() { String::new() } else { format!(", {} allowed", report.waived.len()) };
    let files = counted(report.checked.len() as u64, "file");
    let took = crate::duration::human(view.took);
    let unread = match report.unread.len() {
        0 => String::new(),
        count => format!(" {} could not be checked.", counted(count as u64, "path")),
    };
    let line = Line::text(format!("{found}{waived} in {files}, {took}.{unread}"));
    if refuses(view) {
        line.with(Role::Bad, " The release would be refused.").wrapped(2)
    } else {
        line.wrapped(2)
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::finding_fixtures::findings;

    #[test]
    fn findings_are_shown_with_their_lines() {
        let view =
            CheckView { report: findings(), took: Duration::from_millis(31), limit: Some(Severity::Error) };
        insta::assert_snapshot!(check(&view, &Style::plain(TimeZone::UTC)), @r"
        error[BIN001]: something is wrong
          --> Dockerfile:7
           |
         7 | FROM scratch
           | ------------ no loader is in scratch
           |
           = would be  exec /app: no such file or directory
           = fix       mend it
           = more      plimsoll explain BIN001

        warning[DF3003]: something is wrong
          --> Dockerfile:9
            |
          9 | RUN cd /x && \
         10 |     make
            |
            = fix       mend it
            = more      plimsoll explain DF3003

        unknown: it could not be checked
          --> big/Dockerfile: it has 4 GB

        1 error, 1 warning, 1 allowed in 2 files, 31 ms. 1 path could not be checked. The release would be refused.
        ");
    }

    #[test]
    fn nothing_found_is_said() {
        let view = CheckView { report: CheckReport::default(), took: Duration::from_millis(3), limit: None };
        assert!(
            check(&view, &Style::plain(TimeZone::UTC)).starts_with("Nothing here that there are checks for")
        );
    }
}
