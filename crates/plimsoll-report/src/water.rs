//! A rollout at one moment: both sides under each other with their water lines, the step and what is left of it, and
//! where each analysis stands.

use std::time::Duration;

use plimsoll_model::event::{RolloutView, SideView};
use plimsoll_model::rollout::Step;
use plimsoll_model::{HostName, Share};

use crate::duration;
use crate::flow::flow;
use crate::line::Line;
use crate::number::counted;
use crate::palette::Role;
use crate::rate;
use crate::style::Style;
use crate::table::{Align, Cell, Table, cell};
use crate::words::mark::INDENT;
use crate::words::{assessment, step};

/// The picture, `passed` after it was taken.
pub(crate) fn lines(view: &RolloutView, steps: &[Step], passed: Duration, style: &Style) -> Vec<Line> {
    let mut lines = sides(view, style);
    lines.push(Line::text(" ".repeat(INDENT)).plain(step_clause(view, steps, passed)).wrapped(INDENT));
    let canary = view.canary.release.to_string();
    let name = view.assessments.iter().map(|a| a.analysis.chars().count()).max().unwrap_or(0);
    for assessment in &view.assessments {
        let head = format!("{:INDENT$}{:name$}   ", "", assessment.analysis);
        lines.extend(flow(Line::text(head), assessment::pieces(assessment, &canary), style.columns()));
    }
    lines
}

/// `step 2 of 5: pause 10m, 6m12s left`.
pub(crate) fn step_clause(view: &RolloutView, steps: &[Step], passed: Duration) -> String {
    let mut text = match view.step {
        Some(index) => format!("step {} of {}: ", index.saturating_add(1), view.steps),
        None => String::new(),
    };
    match view.step.and_then(|index| steps.get(index as usize)) {
        _ if !view.activity.is_empty() => text.push_str(&view.activity),
        Some(declared) => text.push_str(&step::clause(declared)),
        None => text.push_str("at work"),
    }
    if let Some(left) = view.left {
        let left = left.duration().saturating_sub(passed);
        text += ", ";
        text += &duration::left(left);
        text += " left";
    }
    text
}

/// `canary on web3: 1 of 10 hosts, 5 % of requests`; nothing for a single host, or where no host has a share yet.
pub(crate) fn spread(view: &RolloutView) -> Option<String> {
    let spread = view.spread.as_ref().filter(|spread| spread.count > 0)?;
    let names: Vec<&str> = spread.hosts.iter().map(HostName::as_str).collect();
    let more = spread.count as usize - names.len();
    let on = if more == 0 { names.join(", ") } else { format!("{} and {more} more", names.join(", ")) };
    let all = counted(u64::from(spread.total), "host");
    let aside =
        if spread.set_aside == 0 { String::new() } else { format!("; {} set aside", spread.set_aside) };
    let part = rate::share(view.canary.weight);
    Some(match view.step {
        Some(_) => format!("canary on {on}: {} of {all}, {part} of requests{aside}", spread.count),
        None => format!("{} of {all} serve {} alone{aside}", spread.whole, view.canary.release),
    })
}

/// Both sides in one sentence, for pipes: `r42 5 %, 1 ready; r41 95 %, 10 ready`.
pub(crate) fn weights(view: &RolloutView) -> String {
    let side =
        |side: &SideView| format!("{} {}, {} ready", side.release, rate::share(side.weight), side.ready);
    match &view.stable {
        Some(stable) => format!("{}; {}", side(&view.canary), side(stable)),
        None => side(&view.canary),
    }
}

fn sides(view: &RolloutView, style: &Style) -> Vec<Line> {
    let cells = match style.columns() {
        Some(..70) => 0,
        Some(..100) => 10,
        _ => 20,
    };
    let mut table = Table::new(INDENT, &[Align::Left, Align::Right]);
    for (name, role, side) in view.stable.iter().map(|side| ("stable", Role::Stable, side)).chain([(
        "canary",
        Role::Canary,
        &view.canary,
    )]) {
        table.row(side_cells(name, role, side, cells));
    }
    table.fit(style.columns()).lines()
}

fn side_cells(name: &str, role: Role, side: &SideView, bar_cells: usize) -> Vec<Cell> {
    let mut cells = vec![(role, format!("{name} {}", side.release)), cell(rate::share(side.weight))];
    if bar_cells > 0 {
        cells.push((role, water_line(side.weight, bar_cells)));
    }
    if side.rate.is_none() && side.error_rate.is_none() && side.p99.is_none() {
        cells.push(cell("no figures yet"));
        cells.extend([cell(""), cell("")]);
    } else if side.rate == Some(0.0) {
        cells.push(cell("no requests"));
        cells.extend([cell(""), cell("")]);
    } else {
        cells.extend([cell(errors(side)), cell(p99(side)), cell(rate_of(side))]);
    }
    cells.push(cell(format!("{} ready", side.ready)));
    cells
}

fn errors(side: &SideView) -> String {
    match (side.error_rate, side.rate) {
        (Some(rate), _) => format!("{} errors", rate::percent(rate)),
        (None, Some(0.0)) => "no requests".to_owned(),
        (None, _) => "errors unknown".to_owned(),
    }
}

fn p99(side: &SideView) -> String {
    side.p99.map_or("p99 unknown".to_owned(), |p99| format!("p99 {}", duration::between(p99)))
}

fn rate_of(side: &SideView) -> String {
    side.rate.map_or("rate unknown".to_owned(), rate::per_second)
}

/// `[=...................]`. Some is never drawn as none, nor almost all as all.
fn water_line(weight: Share, cells: usize) -> String {
    let cells_u32 = u32::try_from(cells).expect("a bar has few cells");
    let rounded = (weight.points() * cells_u32 + 5_000) / 10_000;
    let full = match weight {
        Share::NONE => 0,
        Share::ALL => cells,
        _ => (rounded as usize).clamp(1, cells - 1),
    };
    format!("[{}{}]", "=".repeat(full), ".".repeat(cells - full))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_water_line_rises() {
        for (points, bar) in [
            (0, "[..........]"),
            (1, "[=.........]"),
            (500, "[=.........]"),
            (5_000, "[=====.....]"),
            (9_999, "[=========.]"),
            (10_000, "[==========]"),
        ] {
            assert_eq!(water_line(Share::basis_points(points), 10), bar, "{points}");
        }
    }
}
