//! A host that lives in memory: processes, proxy, releases and state, with faults to order.
//!
//! [`Host`] is the world; it goes on while agents come and go. [`Host::parts`] makes a fresh agent's parts, as a new
//! agent process would find them. Nothing happens by itself or at random: time is what the agent is told, so the
//! same calls give the same world.

mod behaviour;
mod host;
mod runtime;
mod state;
mod store;
mod subject;
mod traffic;

pub use behaviour::{Behaviour, Fault, Moment};
pub use host::Host;
pub use store::sign;
pub use subject::MemorySubject;
