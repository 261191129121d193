//! How the core reaches releases on disk.

mod packed;
pub mod sealed;

use std::path::PathBuf;

use plimsoll_model::agent::RefusalReason;
use plimsoll_model::transfer::Packed;
use plimsoll_model::{Digest, Manifest, ReleaseId};

pub(crate) use packed::{Unpacking, check};

/// The releases of one service on one host.
pub trait ReleaseStore: Send {
    /// Sealed releases, newest first.
    fn sealed(&mut self) -> Result<Vec<ReleaseId>, StoreError>;

    /// Announces a release. Must guarantee: the signature, the manifest's form, its service and that the manifest
    /// gives `offer.release` are verified before a byte of the artifact is accepted. Asking again changes nothing
    /// and tells how much is here.
    fn begin(&mut self, offer: &Offer<'_>) -> Result<Held, StoreError>;

    /// Adds bytes at the end of what is here. The piece must begin at that end; bytes that are here already, resent as
    /// a whole, are accepted and dropped. More than the announced size is refused. A first piece that is packed in
    /// another way than what is here replaces it; a patch is refused where its base is not sealed here. After an error
    /// nothing of the piece counts as held.
    fn append(&mut self, release: &ReleaseId, piece: &Piece<'_>) -> Result<Held, StoreError>;

    /// Unpacks and verifies all bytes and makes the release one; afterwards it never changes. Twice is as once.
    fn seal(&mut self, release: &ReleaseId) -> Result<(), StoreError>;

    /// A sealed release's manifest.
    fn manifest(&mut self, release: &ReleaseId) -> Result<Manifest, StoreError>;

    /// Verifies a sealed release again, signature and program, before it is started; answers with the program.
    fn verify(&mut self, release: &ReleaseId, trusted_keys: &[String]) -> Result<PathBuf, StoreError>;

    /// Removes a release, sealed or half received. Nothing happens where it is not here.
    fn remove(&mut self, release: &ReleaseId) -> Result<(), StoreError>;

    /// Makes `current` name the release (or nothing), atomically.
    fn point_current(&mut self, release: Option<&ReleaseId>) -> Result<(), StoreError>;

    /// What `current` names.
    fn current(&mut self) -> Option<ReleaseId>;

    /// Free space in bytes for new releases; `None` where it is not known.
    fn free_space(&mut self) -> Option<u64>;
}

/// An announced release.
#[derive(Debug, Clone, Copy)]
pub struct Offer<'a> {
    /// Its identifier.
    pub release: &'a ReleaseId,
    /// Its manifest, as signed.
    pub manifest: &'a str,
    /// The signature, in minisign's format.
    pub signature: &'a str,
    /// Public keys that count.
    pub trusted_keys: &'a [String],
}

/// A piece of an artifact on its way in.
#[derive(Debug, Clone, Copy)]
pub struct Piece<'a> {
    /// What it is a piece of; none for the artifact as it is.
    pub packed: Option<&'a Packed>,
    /// Where it begins.
    pub offset: u64,
    /// Its bytes.
    pub bytes: &'a [u8],
}

/// How much of a release is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Bytes, from the beginning, of what `packed` names.
    pub bytes: u64,
    /// Digest of the packed artifact; none for the artifact as it is.
    pub packed: Option<Digest>,
    /// Whether it is sealed.
    pub sealed: bool,
}

/// Why the store did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// There is no such release here.
    #[error("release {release} is not on this host")]
    NotFound {
        /// The release.
        release: ReleaseId,
    },
    /// The release is here but not complete.
    #[error("release {release} is not sealed on this host")]
    NotSealed {
        /// The release.
        release: ReleaseId,
    },
    /// The base of a patch is not here.
    #[error("release {release} came as a patch against {base}, which is not on this host")]
    NoBase {
        /// The release.
        release: ReleaseId,
        /// Digest of the base.
        base: Digest,
    },
    /// A signature or digest does not hold.
    #[error("release {release} is not accepted: {why}")]
    Untrusted {
        /// The release.
        release: ReleaseId,
        /// Why.
        why: String,
    },
    /// The request makes no sense.
    #[error("release {release}: {why}")]
    Invalid {
        /// The release.
        release: ReleaseId,
        /// Why.
        why: String,
    },
    /// Not enough space.
    #[error("no space for release {release} in {}: {} needed{}", folder.display(), size(*.needed), free_text(*.free))]
    NoSpace {
        /// The release.
        release: ReleaseId,
        /// Where.
        folder: PathBuf,
        /// Bytes still needed.
        needed: u64,
        /// Bytes that are free, if known.
        free: Option<u64>,
    },
    /// The host failed at it.
    #[error("{action} {}: {why}", path.display())]
    Io {
        /// What was tried, as "cannot write".
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why.
        why: String,
    },
}

fn free_text(free: Option<u64>) -> String {
    free.map(|bytes| format!(", {} free", size(bytes))).unwrap_or_default()
}

/// A size as people write it.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

impl StoreError {
    /// What kind of refusal it becomes.
    pub fn reason(&self) -> RefusalReason {
        match self {
            Self::NotFound { .. } => RefusalReason::NotFound,
            Self::NotSealed { .. } | Self::NoBase { .. } => RefusalReason::Precondition,
            Self::Untrusted { .. } => RefusalReason::Untrusted,
            Self::Invalid { .. } => RefusalReason::Invalid,
            Self::NoSpace { .. } => RefusalReason::Exhausted,
            Self::Io { .. } => RefusalReason::Failed,
        }
    }

    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::NotFound { .. } | Self::NotSealed { .. } => {
                Some("send the release to this host first; `plimsoll deploy` does".to_owned())
            }
            Self::NoBase { .. } => Some("send it again".to_owned()),
            Self::NoSpace { folder, .. } => Some(format!(
                "free some space on the file system of {}, or keep fewer releases",
                folder.display()
            )),
            // Why it is not trusted says what to do about it.
            Self::Untrusted { .. } | Self::Invalid { .. } | Self::Io { .. } => None,
        }
    }
}
