//! The simulator: whole rollouts in memory, with injected time, randomness and faults.
//!
//! [`sim`] is the world: hosts with the real agent core, coordinators with the real engine, traffic, people and
//! faults. [`invariants`] watches it and says what must never happen. [`breakages`] breaks things on purpose, to
//! show that the invariants notice. [`script`] runs a told story instead of a drawn one, [`statistics`] measures
//! the judges, and [`scale`] rollouts over many hosts. Nothing that is shipped uses this crate.

pub mod breakages;
pub mod invariants;
pub mod random;
pub mod scale;
pub mod script;
pub mod sim;
pub mod statistics;
