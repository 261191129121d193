//! Tests of the whole binary over real processes: what a user types, what it prints, what then runs.

#![allow(
    clippy::format_collect,
    clippy::manual_assert,
    clippy::print_stderr,
    clippy::type_complexity,
    clippy::unwrap_used,
    reason = "a test that fails says why by panicking, and one that is skipped says so on standard error"
)]

mod bundle;
mod check;
mod doctor;
mod down;
mod endings;
mod fleet;
mod flow;
mod hooks;
mod inspect;
mod json;
mod keys;
mod looking;
mod operating;
mod prometheus;
mod recovery;
mod secrets;
mod ssh;
#[allow(dead_code, reason = "what other programs of tests use")]
mod support;
mod unit;
mod wrong_input;
