//! `plimsoll.toml`: text in, a resolved [`Service`](plimsoll_model::service::Service) or explained problems out.
//!
//! The crate is pure: it reads no file, no clock and no environment. A file passes through three shapes: the
//! *file layer* (what is written, all of it optional, with places), *merged* (an environment's `[run]` over
//! `[run]`), *resolved* (the model's types, nothing optional that need not be). Every group of settings is one file
//! below `groups/` that declares its keys once; reading, defaults, merging, the JSON Schema and the reference page
//! come from that one declaration.
//!
//! A newcomer reads [`load`](fn@load), then `settings.rs` (how a group is declared), then any group.

mod document;
#[cfg(test)]
mod drift;
mod fields;
mod groups;
mod init;
mod load;
mod mask;
mod problem;
mod reference;
mod render;
mod schema;
mod settings;
mod shape;
mod sink;
mod slot;
mod source;
mod suggest;
mod syntax;
mod values;

pub use init::{CargoPackage, ProjectListing, Proposal, propose};
pub use load::{FILE_NAME, Loaded, MAX_BYTES, load};
pub use problem::{Place, Problem, Problems, Severity};
pub use reference::reference_markdown;
pub use schema::json_schema;
