//! Prints `docs/reference/detection.md`: `cargo run --release -p plimsoll-testkit --example statistics -- RUNS DATE`.

#![allow(clippy::print_stdout, reason = "printing is what it is for")]

use plimsoll_testkit::statistics::statistics_markdown;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let runs = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(200);
    let date = arguments.next().unwrap_or_else(|| "on an unknown day".to_owned());
    let command = format!("cargo run --release -p plimsoll-testkit --example statistics -- {runs} {date}");
    print!("{}", statistics_markdown(runs, &date, &command));
}
