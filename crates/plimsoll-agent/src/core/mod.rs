//! The agent as a state machine for one service on one host: [`Agent`].
//!
//! Requests come in by [`Agent::handle`], time by [`Agent::tick`]. What must survive is changed in one place,
//! `Agent::change`, which saves before it lets anything else happen; so a crash between any two saves leaves a
//! state from which the next agent goes on.

mod agent;
mod commit;
mod exits;
mod fencing;
mod health;
mod instances;
mod logs;
mod observe;
mod once;
mod prepare;
mod prune;
mod retire;
mod routing;
mod start;
mod switch;
mod trail;
mod uploads;
mod watch;

#[cfg(test)]
mod tests;

pub(crate) use agent::other_protocol;
pub use agent::{About, Agent, OpenError, Parts};
