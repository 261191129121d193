//! Dockerfiles: text to instructions, stages, comments and what could not be understood.
//!
//! The parser is ours and never fails as a whole: an instruction that makes no sense becomes a [`Problem`], and the
//! rest of the file is still judged. It knows continued lines (with comments and empty lines inside), the `escape`
//! directive, here-documents, flags, JSON arrays, `ONBUILD`, and Windows paths. `docs/design/checks.md` says why it is ours.
//!
//! Read [`parse`](self::parse()) first, then [`Instruction`] and [`Stage`].

mod body;
mod contents;
mod heredoc;
mod image;
mod instruction;
mod json;
mod logical;
mod parse;
mod stage;
mod variables;
mod words;

pub use body::{Body, Command, Pair, Transfer};
pub use heredoc::Heredoc;
pub use image::Image;
pub use instruction::{Flag, Instruction, Keyword};
pub use parse::{Dockerfile, Problem, parse};
pub use stage::Stage;
pub use variables::{Reference, references};
pub use words::unquoted;
