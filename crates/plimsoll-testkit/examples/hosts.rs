//! Measures one rollout and prints its figures as a row: `cargo xtask bench hosts` runs it once for each size, since the
//! peak memory is the process'.

#![allow(clippy::print_stdout, reason = "printing is what it is for")]

use plimsoll_testkit::scale;

fn main() {
    let hosts = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1000);
    let figures = scale::measure(hosts);
    print!("{}", scale::row(&figures));
}
