//! Runs plans: takes the lease, observes, asks `plimsoll-plan` what to do, does it on the hosts, and journals.
//!
//! Start with [`rollout`], the loop. [`journal`] is what it remembers, `steps` what it can change, [`world`] what it
//! reaches.

mod fleet;
pub mod journal;
mod looks;
pub mod rollout;
mod steps;
mod view;
pub mod world;

pub use rollout::{Decide, Run, RunEnd, RunError, RunOptions};
pub use world::World;
