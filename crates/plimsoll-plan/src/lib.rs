//! Pure decisions: what to do next, and the statistics behind a verdict.
//!
//! Nothing here waits, reads a clock or touches the world; time comes in as an argument. Start with [`decide`], which
//! answers the next step of a rollout or why there is none; [`state`] is what it knows, folded from the journal;
//! [`planner`] makes the plan that it follows; [`judge`] turns readings into verdicts. [`preflight`] holds facts about
//! hosts against what is needed of them.

pub mod decide;
pub mod difference;
pub mod dispersion;
pub mod judge;
pub mod planner;
pub mod preflight;
pub mod sequential;
mod spread;
pub mod state;
mod text;

pub use decide::{Decision, Wait, decide};
pub use judge::Judge;
pub use state::RolloutState;
