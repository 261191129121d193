//! Units beside the systemd of this machine: the score beside `systemd-analyze security`.
//!
//! Nothing is asked of a running systemd; `systemd-analyze` reads files. Where it is not there, or is of another version, the tests
//! say so and pass.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "this is a test")]

mod security;
mod tool;
mod values;
mod verify;
