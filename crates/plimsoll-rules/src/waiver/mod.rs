//! Waivers: comments in a file that allow a finding, for a reason and for a time.
//!
//! ```text
//! # plimsoll: allow untagged-base-image until 2026-12-31: the mirror has no tags yet
//! # plimsoll: allow-file DF3008, DL3009: images are rebuilt every night
//! ```
//!
//! `allow` is about what is below it ([`layout`]: an instruction, a line, an entry with all that belongs to it), or what it stands
//! in; `allow-file` about the whole file. A rule is
//! named by its identifier, its name or an alias. Comments that people have written for other tools are obeyed as
//! well ([`foreign`]). [`remarks`] finds comments where no parser does, [`comment`] reads ours, [`apply`] holds them against findings.

mod apply;
mod comment;
mod foreign;
mod layout;
mod remarks;
pub(crate) mod rules;

pub(crate) use apply::{Applied, Block, apply};
pub(crate) use layout::Layout;
pub(crate) use remarks::remarks;

use jiff::civil::Date;

/// A comment as the parser of a file found it.
#[derive(Debug, Clone)]
pub(crate) struct Remark {
    /// Its line.
    pub(crate) line: u32,
    /// Its text without the sign that begins it.
    pub(crate) text: String,
    /// Whether it stands inside of what it is about.
    pub(crate) inside: bool,
}

/// What a comment allows.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Waiver {
    /// Whether it is about the whole file.
    whole_file: bool,
    /// The rules, as they are named there.
    rules: Vec<String>,
    /// The last day on which it counts.
    until: Option<Date>,
    /// Why.
    reason: String,
    /// Whether it was written for plimsoll: only then do we judge how it is written.
    ours: bool,
    /// Whether it is about the line that it stands in, and no other.
    same_line: bool,
}

/// Whether a comment allows secrets, and nothing else.
pub(crate) fn is_about_secrets(text: &str) -> bool {
    let is_secret = |name: &String| crate::registry::find(name).iter().all(|rule| rule.id.starts_with("SEC"));
    matches!(read(text), Some(Ok(waiver)) if waiver.rules.iter().all(is_secret))
}

/// Reads a comment; nothing where it is about something else.
fn read(text: &str) -> Option<Result<Waiver, String>> {
    let text = text.trim();
    comment::read(text).or_else(|| foreign::read(text).map(Ok))
}
