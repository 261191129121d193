//! Runs plans: takes the lease, observes, asks `plimsoll-plan` what to do, does it on the hosts, and journals.
//!
//! Start with [`ship`], the whole flow, then [`deploy`], which brings one release into one environment, and [`rollout`],
//! the loop below it.
//! [`journal`] is what is remembered and [`history`] what follows from it; `steps` is what can be changed, [`world`]
//! what is reached.

pub mod deploy;
pub mod exec;
pub mod fleet;
pub mod history;
pub mod hooks;
pub mod journal;
mod looks;
mod packing;
pub mod preflight;
pub mod rollout;
pub mod ship;
mod steps;
pub mod stop;
mod tally;
pub mod text;
mod view;
pub mod world;

pub use deploy::{Actor, DeployError, Deployed, Deployment, Order};
pub use history::History;
pub use hooks::HookRunner;
pub use rollout::{Decide, Run, RunEnd, RunError, RunOptions};
pub use stop::Stopped;
pub use world::World;
