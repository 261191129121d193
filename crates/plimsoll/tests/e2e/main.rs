//! Tests of the whole binary over real processes: what a user types, what it prints, what then runs.

mod flow;
mod prometheus;
mod recovery;
mod support;
mod wrong_input;
