//! The nouns of plimsoll: everything that is planned, sent between coordinator and agent, stored in the
//! journal or on a host, and shown to people.
//!
//! This crate has no async, no clock, no environment and no network. Whatever needs the time takes it as an
//! argument. Formats that are stored or sent carry a version; the constants are in [`version`].
//!
//! A newcomer reads [`release`], then [`rollout`] (what the user declares), [`plan`] (what will be done),
//! [`observation`] (what is seen) and [`record`] (what is remembered).

pub mod agent;
pub mod bundle;
pub mod digest;
pub mod event;
pub mod evidence;
pub mod exit;
pub mod facts;
pub mod finding;
pub mod frame;
pub mod free_text;
pub mod hook;
pub mod id;
pub mod inspection;
pub mod masker;
pub mod metrics;
pub mod observation;
pub mod plan;
pub mod preflight;
pub mod quantity;
pub mod record;
pub mod release;
pub mod retention;
pub mod rollout;
pub mod secret;
pub mod service;
pub mod severity;
pub mod share;
pub mod size;
pub mod span;
pub mod ssh;
pub mod time;
pub mod traffic;
pub mod trail;
pub mod transfer;
pub mod verdict;
pub mod version;

pub use digest::Digest;
pub use exit::ExitCode;
pub use id::{EnvironmentName, Fence, HostName, InstanceId, ReleaseId, RolloutId, ServiceName, ZoneName};
pub use masker::Masker;
pub use quantity::Quantity;
pub use release::Manifest;
pub use secret::Secret;
pub use severity::Severity;
pub use share::Share;
pub use span::Span;
pub use time::Timestamp;
