//! Facts about an ELF executable, read without running it, and which files of a target root satisfy its needs.
//!
//! [`inspect`] answers from the file alone ([`Facts`]); [`resolve`] then follows the loader's search on a root that
//! need not be this machine's. `image` reads headers and maps addresses, `dynamic`, `versions` and `notes`
//! read tables of it, `facts` puts them together; `cache`, `search` and `resolve` know the target's side.
//!
//! Every table is bounded: a hostile file costs some megabytes and milliseconds at most.

mod cache;
pub(crate) mod details;
mod dynamic;
mod error;
mod facts;
mod header;
pub(crate) mod image;
mod inspect;
mod library_path;
mod needs;
pub(crate) mod notes;
mod resolve;
pub(crate) mod root;
mod search;
pub(crate) mod symbols;
mod versions;

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod oracle;

pub use error::InspectError;
pub(crate) use error::malformed;
pub use facts::{Facts, Linkage, LinkageKind, Symbols};
pub use header::{ByteOrder, Class, FileType};
pub(crate) use inspect::{imports_of, open_plain};
pub use inspect::{inspect, inspect_file};
pub(crate) use needs::describe;
pub use needs::{find_library, unmet};
pub use resolve::{Loader, MissingVersion, Problem, Resolution, ResolvedLibrary, resolve};
pub(crate) use root::exists_in;
pub use search::FoundBy;
pub use versions::{GlibcVersion, RequiredVersion, RequiredVersions};
