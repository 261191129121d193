//! Chaos over real hosts: what can break does, one thing a test, while a release goes out and clients ask.
//!
//! Five witnesses judge each case, and all must say the same (`witness.rs`): what clients get, what runs, `plimsoll status`,
//! `plimsoll audit`, and the exit code. A host that cannot be reached is unknown to `status`, never fine; and whatever
//! happens to our own tools, clients lose nothing.
//!
//! | file | what breaks |
//! |---|---|
//! | `tools.rs` | what plimsoll stands on: agents, sshd, D-Bus, proxies |
//! | `hosts.rs` | the hosts: clock, ports, disk, processor, a reboot |
//! | `release.rs` | the release: it crashes, is another program, was changed, is not signed, is for another machine |
//! | `coordinators.rs` | the command: two at once, killed after each of its records |
//! | `outages.rs` | the link, or the whole host: before, in the middle of and after each change |
//!
//! Short cases share one fleet (`on_stage`). Those that go through every record have their own and run with `--all`. What
//! was seen is in `docs/reference/chaos.md`.

#![allow(
    clippy::format_collect,
    clippy::manual_assert,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::type_complexity,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "a test that fails says why by panicking, and a case says what came of it"
)]

mod case;
mod clients;
mod coordinators;
mod hosts;
mod moment;
mod outages;
mod release;
mod stage;
#[path = "../e2e/support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "what other programs of tests use")]
mod support;
mod tools;
mod witness;
