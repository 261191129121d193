//! Instances as plain processes of this user, on any Linux without systemd.
//!
//! Each execution has a small parent of its own, the *shim* (`shim.rs`), as containerd has: it outlives the agent,
//! copies the output into the log, waits, and writes down how it ended. Between shim and program stands one more
//! step, `launch.rs`, which sets limits on itself and then becomes the program, so that `/proc/PID/exe` is the
//! released file and nothing else. `local.rs` is the agent's side: it starts shims and reads what they wrote.

mod brood;
pub(crate) mod cgroup;
pub(crate) mod checks;
mod exec;
mod find;
mod identity;
mod launch;
mod local;
pub(crate) mod log_read;
pub(crate) mod log_write;
pub(crate) mod ports;
mod probe;
pub(crate) mod procfs;
pub(crate) mod removal;
mod run;
pub(crate) mod secret;
mod shim;
pub(crate) mod sockets;

pub(crate) use exec::{detach, spawn_detached};
pub(crate) use find::find_program;
pub use launch::launch_main;
pub use local::LocalRuntime;
pub(crate) use log_write::now as wall_clock;
pub use procfs::running_from;
pub use shim::shim_main;
pub(crate) use sockets::{holder, holder_of};
