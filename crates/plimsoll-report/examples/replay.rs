//! Replays scripted runs on the terminal, to see by eye how they look:
//! `cargo run -p plimsoll-report --example replay -- promote 120 24`.

#![expect(clippy::print_stderr, reason = "an example talks to whoever runs it")]

#[path = "../src/fixtures.rs"]
mod fixtures;

use std::io::{self, Write};
use std::thread::sleep;
use std::time::Duration;

use fixtures::{Script, label, plan, screen};
use jiff::tz::TimeZone;
use plimsoll_report::{LiveReporter, Names, PlanView, Reporter, Style, rollout_history};

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let script = match arguments.next().as_deref() {
        Some("promote") => Script::promote(),
        Some("rollback") => Script::rollback(),
        Some("refusal") => Script::refusal(),
        Some("held") => Script::held(),
        Some("plan") => return show_plan(),
        Some("history") => return show_history(),
        _ => {
            eprintln!(
                "usage: replay promote|rollback|refusal|held|plan|history [columns] [rows] [milliseconds]"
            );
            return Ok(());
        }
    };
    let mut number = |default| arguments.next().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (columns, rows, pause) = (number(80), number(24), number(150));
    let mut reporter = LiveReporter::new(io::stdout(), Style::terminal(columns, rows, TimeZone::UTC));
    for event in &script.events {
        reporter.event(event);
        sleep(Duration::from_millis(pause as u64));
    }
    reporter.finish(&script.ending).map_err(io::Error::other)
}

fn show_plan() -> io::Result<()> {
    let plan = plan(10);
    let (release, replaces) = (label(42, "7c1f9e2"), Some(label(41, "51ab03d")));
    let view = PlanView { plan: &plan, release, replaces, remarks: vec![] };
    io::stdout().write_all(plimsoll_report::plan(&view, &screen(100)).as_bytes())
}

fn show_history() -> io::Result<()> {
    let records = Script::rollback().records();
    let text = rollout_history(&records, &Names::from_records(&records), &screen(100));
    io::stdout().write_all(text.as_bytes())
}
