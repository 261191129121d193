//! Hosts over ssh: the operator's own client against a real `sshd`, started for each test on a port of its own.
//!
//! These tests need nothing but OpenSSH and root; what needs whole hosts (sudo, users, systemd) is in `fleet.rs`.

#![allow(unreachable_pub, reason = "a module of a test program")]

mod fleet;
mod keys;
mod lost;
mod place;
mod release;
mod server;
