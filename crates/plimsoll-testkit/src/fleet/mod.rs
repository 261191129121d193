//! The test fleet: real Debian hosts on this machine, for tests of what plimsoll does over ssh.
//!
//! A host is a container with systemd as process 1, sshd, a network namespace and a disk of its own. [`Fleet::up`]
//! brings some up in a few seconds; dropping the fleet takes everything away, and a watcher does so where the owner
//! was killed. [`Host`] runs commands inside and has a verb for each fault, with its undo.
//!
//! Needs root on Linux; [`Fleet::availability`] says what is missing elsewhere. Why it is made like this:
//! `docs/design/test-fleet.md`. Read [`Fleet`] first, then `host.rs` and `faults.rs`.

mod availability;
mod cgroups;
mod clock;
mod disk;
mod error;
mod faults;
#[expect(clippy::module_inception, reason = "the module is the subject, the file is the type")]
mod fleet;
mod host;
mod keys;
mod network;
mod processes;
mod relay;
mod root_files;
mod slot;
mod tools;

pub use crate::load::{Client, ClientOptions};
pub use availability::Unavailable;
pub use cgroups::Limits;
pub use error::FleetError;
pub use fleet::{Fleet, FleetOptions};
pub use host::Host;
pub use processes::Process;
