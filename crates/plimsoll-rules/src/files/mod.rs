//! What is there to check: finding files, telling their kinds, reading them within bounds.
//!
//! Files may come from strangers. Nothing is followed out of the folders that were named, nothing that is no regular
//! file is opened, and what is too large is said to be so instead of being read.

mod discover;
mod kind;
mod read;

pub use discover::{Found, discover};
pub(crate) use kind::Comments;
pub use kind::Kind;
pub(crate) use read::begins_as_no_text;
pub use read::{Unreadable, read_text};
