//! `plimsoll bundle` for people: what was made, what is loaded at run time, and what is left to do.

use std::path::Path;

use plimsoll_model::bundle::{Bundle, FileKind, RunTimeState};
use plimsoll_model::size::human;

use crate::line::{Line, render_all};
use crate::number::counted;
use crate::palette::Role;
use crate::style::Style;

/// Where texts begin after a word of a state.
const MARGIN: usize = 12;
/// More unknown names than these are counted unless all is asked for.
const SHOWN: usize = 6;

/// A bundle that was written to a folder, for people.
pub fn bundle(bundle: &Bundle, folder: &Path, style: &Style) -> String {
    let count =
        |kinds: &[FileKind]| bundle.files.iter().filter(|file| kinds.contains(&file.kind)).count() as u64;
    let programs = count(&[FileKind::Program]);
    let head =
        Line::new().with(Role::Strong, folder.join(&bundle.start).display().to_string()).plain(format!(
            ": {} from {}, {}, {}, {} more",
            human(bundle.size),
            bundle.source,
            counted(programs, "program"),
            counted_libraries(count(&[FileKind::Library])),
            counted(count(&[FileKind::Data, FileKind::Link]), "file"),
        ));
    let mut lines = vec![head.wrapped(2)];
    for state in [
        RunTimeState::Added,
        RunTimeState::Given,
        RunTimeState::LeftOut,
        RunTimeState::Asked,
        RunTimeState::Unknown,
    ] {
        rows(&mut lines, bundle, state, style);
    }
    for variable in &bundle.environment {
        let line = Line::text("  ").with(Role::Quiet, format!("{:<10}", "sets"));
        lines.push(line.plain(format!("{}={}", variable.name, variable.value)).wrapped(MARGIN));
    }
    render_all(&lines, style)
}

fn counted_libraries(count: u64) -> String {
    if count == 1 { "1 library".to_owned() } else { format!("{count} libraries") }
}

fn rows(lines: &mut Vec<Line>, bundle: &Bundle, state: RunTimeState, style: &Style) {
    let (word, role) = match state {
        RunTimeState::Added => ("ok", Role::Good),
        RunTimeState::Given => ("given", Role::Good),
        RunTimeState::LeftOut => ("left out", Role::Warning),
        RunTimeState::Asked => ("to do", Role::Warning),
        RunTimeState::Unknown => ("unknown", Role::Warning),
    };
    let all: Vec<_> = bundle.run_time.iter().filter(|row| row.state == state).collect();
    let is_long = state == RunTimeState::Unknown && !style.verbose && all.len() > SHOWN;
    let shown = if is_long { SHOWN } else { all.len() };
    for row in &all[..shown] {
        let line = Line::text("  ").with(role, format!("{word:<10}"));
        lines.push(line.with(Role::Strong, &row.what).plain(format!(": {}", row.why)).wrapped(MARGIN));
        if let Some(advice) = &row.advice {
            let line = Line::text(" ".repeat(MARGIN)).with(Role::Quiet, "= ");
            lines.push(line.plain(advice).wrapped(MARGIN + 2));
        }
    }
    if is_long {
        let more = all.len() - shown;
        let line = Line::text("  ").with(role, format!("{word:<10}"));
        lines.push(line.plain(format!("{more} more names of libraries: -v, or bundle.json")).wrapped(MARGIN));
    }
}
