//! What the units of a service contain: pure functions from plain data to texts, each line with its reason.
//!
//! Nothing here touches the host. [`text`] is the model of a unit file, [`names`] says how units are called, and there is
//! one file for each kind of unit; `sandbox.rs` has the lines that keep a program in.

mod agent;
mod instance;
pub mod names;
mod once;
mod preview;
mod proxy;
mod sandbox;
pub mod text;

pub use agent::{AgentUnit, agent};
pub(super) use instance::secrets as instance_secrets;
pub use instance::{InstanceUnit, instance, template};
pub use names::UnitNames;
pub use once::once;
pub use preview::preview;
pub use proxy::{ProxyUnit, proxy, socket};
pub use text::{MARKER, UnitText, folder_of, version_of};
