//! Which runs are made, and the page that they fill.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Arms, SECONDS, run};
use crate::sim::Answers;

/// A side as it should be: 0.2 % errors, a median of 50 ms and a P99 of 321 ms.
pub(super) fn healthy() -> Answers {
    Answers { errors: 0.002, median: 0.050, spread: 0.8 }
}

/// One row of the page.
#[derive(Debug, Clone)]
pub struct Cell {
    /// What is different about the new side.
    pub what: String,
    /// The two sides.
    pub arms: Arms,
}

/// What was measured for one cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figures {
    /// Runs made.
    pub runs: u64,
    /// Those that were rolled back.
    pub rolled_back: u64,
    /// Median seconds until then, among those.
    pub median: Option<u64>,
}

/// Measures a cell.
pub fn measure(cell: &Cell, runs: u64) -> Figures {
    let mut times: Vec<u64> = (0..runs).filter_map(|seed| run(&cell.arms, seed)).collect();
    times.sort_unstable();
    Figures { runs, rolled_back: times.len() as u64, median: times.get(times.len() / 2).copied() }
}

fn cell(what: impl Into<String>, rate: f64, canary: Answers, bursts: f64) -> Cell {
    Cell { what: what.into(), arms: Arms { rate, canary, stable: healthy(), bursts } }
}

/// Cells in which every rollback is a false one.
fn healthy_cells(bursts: f64) -> Vec<Cell> {
    [0.1, 0.5, 1.0, 5.0, 50.0].map(|rate| cell("healthy", rate, healthy(), bursts)).into()
}

fn sick_cells() -> Vec<Cell> {
    let rates = [0.5, 1.0, 5.0, 50.0];
    let errors = [0.015, 0.02, 0.05, 0.5]
        .map(|errors| (format!("{} % errors", errors * 100.0), Answers { errors, ..healthy() }));
    let slow = [1.5, 2.0, 4.0].map(|factor| {
        (format!("latency x{factor}"), Answers { median: healthy().median * factor, ..healthy() })
    });
    let all = errors.into_iter().chain(slow);
    all.flat_map(|(what, answers)| rates.map(|rate| cell(what.clone(), rate, answers.clone(), 0.0))).collect()
}

/// The page `docs/reference/detection.md`, measured with `runs` runs for each row. `date` and `command` say when and
/// with what.
pub fn statistics_markdown(runs: u64, date: &str, command: &str) -> String {
    let mut page = format!(
        "# How often the judges are wrong, and how fast they are right\n\n\
         Measured {date} with `{command}`, {runs} runs a row. One run is {} minutes at a share of 5 %, looked at every\n\
         second by the analyses `errors` (limit 1 %) and `latency` (at most 1 % above 500 ms), alpha 0.005 each. The\n\
         stable side answers 0.2 % with errors, with a median of 50 ms and a P99 of 321 ms (log-normal).\n\n\
         ## False rollbacks\n\nBoth sides are the same, so every rollback is a false one. The bound is alpha, 1 %.\n\n",
        SECONDS / 60
    );
    page += &rows(&healthy_cells(0.0), runs);
    page += "\n## False rollbacks under bursts\n\nErrors come in bursts: every ten seconds each side draws its own error rate \
             from a gamma law with\nthe squared coefficient of variation given. The tests assume independence and divide by the dispersion\nthat the stable side shows; the bound is not proved here.\n";
    for bursts in [0.5, 1.0, 3.0] {
        let _ = writeln!(page, "\nSquared coefficient of variation {bursts}:\n");
        page += &rows(&healthy_cells(bursts), runs);
    }
    page += "\n## Detection\n\nOnly the new side is bad. Times are from the first look to the verdict.\n\n";
    page += &rows(&sick_cells(), runs);
    page
}

fn rows(cells: &[Cell], runs: u64) -> String {
    let mut text =
        "| new side | its requests/s | rolled back within 30 min | median time |\n|---|---|---|---|\n"
            .to_owned();
    for (cell, figures) in cells.iter().zip(measure_all(cells, runs)) {
        let share = 100.0 * figures.rolled_back as f64 / figures.runs as f64;
        let median = figures.median.map_or_else(|| "-".to_owned(), |s| format!("{s} s"));
        let (rolled_back, rate) = (figures.rolled_back, cell.arms.rate);
        let _ =
            writeln!(text, "| {} | {rate} | {rolled_back} of {runs} ({share:.1} %) | {median} |", cell.what);
    }
    text
}

/// All cells, on as many threads as there are processors.
fn measure_all(cells: &[Cell], runs: u64) -> Vec<Figures> {
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let work = || {
        let mut found = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(cell) = cells.get(at) else { return found };
            found.push((at, measure(cell, runs)));
        }
    };
    let mut found: Vec<(usize, Figures)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|w| w.join().expect("measuring does not panic")).collect()
    });
    found.sort_by_key(|(at, _)| *at);
    found.into_iter().map(|(_, figures)| figures).collect()
}
