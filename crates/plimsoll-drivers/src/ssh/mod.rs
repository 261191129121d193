//! Real hosts, over the operator's own OpenSSH client: their configuration, jump hosts, agents and known hosts work
//! because it is their `ssh` that connects.
//!
//! [`Links`] holds one multiplexed connection for each host of an environment, and ends them with itself. On it,
//! sessions are opened: one that looks at the host and keeps the connection (`link.rs`), one that places our own
//! program where it is missing (`place.rs`), and those that talk to an agent ([`RemoteHost`]).
//!
//! ssh hands whatever it is told to run to the user's login shell, as text. So the only text that is ever sent is a
//! constant of `script.rs` followed by words of narrow alphabets; nothing from outside is quoted, escaped or joined.
//! Why things are as they are: `docs/design/ssh.md`.

mod command;
mod explain;
mod folder;
mod gate;
mod link;
mod links;
mod pages;
mod place;
mod program;
mod remote;
mod script;
mod session;

pub use links::{Links, Purpose};
pub use pages::RemotePages;
pub use remote::RemoteHost;
