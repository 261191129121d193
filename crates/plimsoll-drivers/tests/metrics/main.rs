//! One conformance suite over all sources of metrics, and what only a real Prometheus server can show.
//!
//! [`suite`] says what every source must do, in terms of a [`bench`]: a world in which instances show counters and a
//! source reads them. Memory and pages are at once what they are told; Prometheus gets there when it has scraped, so
//! every expectation is waited for.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "the helpers of tests are tests too")]

mod bench;
mod canned;
mod memory;
mod pages;
mod real;
mod scrape;
mod suite;
