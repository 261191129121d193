//! What can be wrong with a patch.

use std::io;

use plimsoll_model::Digest;

/// A patch that cannot be made or does not give what it should.
#[derive(Debug, thiserror::Error)]
pub enum DeltaError {
    /// The bytes do not begin as a patch does.
    #[error("these bytes are not content that was packed by plimsoll")]
    NotAPatch,
    /// The format is not known here.
    #[error(
        "the content is packed in format {found}, this plimsoll knows format {known}; update plimsoll on this machine"
    )]
    Version {
        /// Its format.
        found: u8,
        /// The newest that is known.
        known: u8,
    },
    /// The method is not known.
    #[error("the content is packed by method {found}, which is none")]
    Method {
        /// The method's number.
        found: u8,
    },
    /// It is for another target.
    #[error("the packed content is {found}, and {expected} was expected")]
    OtherTarget {
        /// What was expected: digest and size.
        expected: String,
        /// What it gives.
        found: String,
    },
    /// It is for another base.
    #[error("the patch needs base {needed}, and {} was given", given.map_or("none".to_owned(), |d| d.to_string()))]
    WrongBase {
        /// Digest of the base that it was made from.
        needed: Digest,
        /// Digest of what was given.
        given: Option<Digest>,
    },
    /// Its bytes make no sense.
    #[error("the packed content is damaged: {what}")]
    Damaged {
        /// What is wrong.
        what: &'static str,
        /// Where the decompressor found it.
        #[source]
        source: Option<io::Error>,
    },
    /// What came out is not the target: the base or the patch was changed.
    #[error("unpacking gave {found} instead of {expected}: the base or the patch was changed")]
    WrongResult {
        /// The target's digest.
        expected: Digest,
        /// What came out.
        found: Digest,
    },
    /// Reading or writing failed.
    #[error("cannot {action}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl DeltaError {
    pub(super) fn damaged(what: &'static str) -> Self {
        Self::Damaged { what, source: None }
    }

    pub(super) fn io(action: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, source }
    }

    /// The decompressor reports damage as "other" and a cut frame as an early end; what else it says is the disk's.
    pub(super) fn payload(source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::UnexpectedEof => Self::Damaged { what: "it ends too early", source: Some(source) },
            io::ErrorKind::Other | io::ErrorKind::InvalidData => {
                Self::Damaged { what: "it cannot be decompressed", source: Some(source) }
            }
            _ => Self::Io { action: "read the packed content", source },
        }
    }
}
