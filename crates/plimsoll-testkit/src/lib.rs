//! What tests are made with: a simulated world, and real hosts.
//!
//! The simulator runs whole rollouts in memory, with injected time, randomness and faults. [`sim`] is the world: hosts
//! with the real agent core, coordinators with the real engine, traffic, people and faults. [`invariants`] watches it
//! and says what must never happen. [`breakages`] breaks things on purpose, to show that the invariants notice.
//! [`script`] runs a told story instead of a drawn one, [`statistics`] measures the judges, and [`scale`]
//! rollouts over many hosts.
//!
//! [`fleet`] is the other end: Debian hosts with systemd and sshd on this machine, and their faults. [`load`] is the
//! client that counts every lost request meanwhile; [`ports`] has ports for tests to listen on. Nothing that is shipped uses this crate.

#[cfg(feature = "simulator")]
pub mod breakages;
pub mod fleet;
#[cfg(feature = "simulator")]
pub mod invariants;
pub mod load;
pub mod ports;
#[cfg(feature = "simulator")]
pub mod random;
#[cfg(feature = "simulator")]
pub mod scale;
#[cfg(feature = "simulator")]
pub mod script;
#[cfg(feature = "simulator")]
pub mod sim;
#[cfg(feature = "simulator")]
pub mod statistics;
