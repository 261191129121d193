//! One file for each group of settings: its keys, their meaning and defaults, and how it becomes the model's type.

pub(crate) mod analysis;
pub(crate) mod build;
pub(crate) mod environment;
pub(crate) mod file;
pub(crate) mod gates;
pub(crate) mod health;
pub(crate) mod hooks;
pub(crate) mod limits;
pub(crate) mod requires;
pub(crate) mod restart;
pub(crate) mod rollout;
pub(crate) mod run;
pub(crate) mod secrets;
pub(crate) mod service;
pub(crate) mod sign;
pub(crate) mod source;
pub(crate) mod ssh;
pub(crate) mod steps;
pub(crate) mod sticky;
pub(crate) mod test;
