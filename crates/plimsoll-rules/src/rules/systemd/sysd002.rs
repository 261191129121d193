//! A setting or section that systemd does not know. The page beside this file says why.

use plimsoll_model::Severity;

use crate::rule::{Check, Rule, UnitSubject};
use crate::sheet::MOST;
use crate::sheet::Sheet;
use crate::systemd::exposure::SYSTEMD;
use crate::systemd::file::Flaw;
use crate::systemd::keys;

pub(super) const RULE: Rule = Rule {
    id: "SYSD002",
    name: "unknown-unit-setting",
    aliases: &["systemd-analyze-verify"],
    severity: Severity::Error,
    on: true,
    page: include_str!("sysd002.md"),
    check: Check::Unit(look),
};

fn look(subject: &UnitSubject<'_>, sheet: &mut Sheet<'_>) {
    let file = &subject.file.file;
    for problem in &file.problems {
        let (message, fix) = problem_text(&problem.what, subject);
        sheet.add(problem.place, message, fix);
    }
    let mut unknown = 0;
    for assignment in &file.assignments {
        let (section, name) = (assignment.section.as_str(), assignment.key.as_str());
        match keys::find(section, name) {
            None if !name.starts_with("X-") => {
                // Looking for a name that is like it takes time; nobody reads more than the sheet has room for.
                unknown += 1;
                if unknown > MOST {
                    continue;
                }
                let message = format!("[{section}] has no `{name}`: systemd ignores the line");
                sheet.add(assignment.place, message, mend(section, name));
            }
            Some(key) if key.since > SYSTEMD => {
                let message = format!(
                    "`{name}` came with systemd {}: older ones, as {SYSTEMD} of Debian 12, ignore it",
                    key.since
                );
                let fix = "see to it that all hosts have that systemd, or do without";
                sheet.add(assignment.place, message, fix).severity(Severity::Info);
            }
            _ => {}
        }
    }
}

fn mend(section: &str, name: &str) -> String {
    let elsewhere: Vec<String> = keys::sections_with(name)
        .iter()
        .filter(|other| **other != section)
        .map(|other| format!("[{other}]"))
        .collect();
    match keys::like(section, name) {
        _ if !elsewhere.is_empty() => format!("move it to {}", elsewhere.join(" or ")),
        Some(near) => format!("write `{near}=`"),
        None => "take the line out, or begin its name with `X-` where another program reads it".to_owned(),
    }
}

fn problem_text(flaw: &Flaw, subject: &UnitSubject<'_>) -> (String, String) {
    let known = subject.file.unit.name.kind.sections();
    let (message, fix) = match flaw {
        Flaw::Header => {
            ("the head of a section is not closed: systemd refuses the whole file", "write `[Name]`")
        }
        Flaw::UnknownSection(name) => {
            let near = known.iter().find(|known| strsim::damerau_levenshtein(known, name) <= 2);
            let fix = near.map_or(format!("sections here are [{}]", known.join("], [")), |near| {
                format!("write `[{near}]`")
            });
            return (
                format!("there is no section [{name}] in such a unit: systemd ignores all that is in it"),
                fix,
            );
        }
        Flaw::OutsideOfSection => (
            "this stands before the first section: systemd ignores it",
            "put it below `[Unit]` or `[Service]`",
        ),
        Flaw::NoAssignment => {
            ("there is no `=`: systemd ignores the line", "write `Name=value`, or begin the line with `#`")
        }
        Flaw::NoKey => ("there is no name before `=`: systemd ignores the line", "write `Name=value`"),
        Flaw::NoUtf8 => ("the line is no UTF-8: systemd ignores it", "save the file as UTF-8"),
        Flaw::TooMany => ("the file has more settings than are looked at", "split the file"),
    };
    (message.to_owned(), fix.to_owned())
}
