//! Why a release cannot be sealed, or is not believed.

use std::io;
use std::path::{Path, PathBuf};

use plimsoll_model::{Digest, ReleaseId};

use crate::signature::SignatureError;

/// What is wrong with a release's folder, or with sealing one.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// The folder's name is no release id.
    #[error("{} is not a release: its name is not 12 hexadecimal digits", folder.display())]
    NotARelease {
        /// The folder.
        folder: PathBuf,
    },
    /// The folder is not there.
    #[error("there is no release at {}; send it again with `plimsoll deploy`", folder.display())]
    Absent {
        /// The folder.
        folder: PathBuf,
    },
    /// A file of the release is not there.
    #[error("the release lacks {file}; remove its folder and deploy it again")]
    FileMissing {
        /// The file's name.
        file: String,
    },
    /// A file of the release is a link, a folder or something else.
    #[error("{file} of the release is not a regular file; remove the folder and deploy it again")]
    NotAFile {
        /// The file's name.
        file: String,
    },
    /// A file is larger than any that plimsoll writes.
    #[error(
        "{file} of the release has more than {most} bytes; it was not made by plimsoll, remove the folder"
    )]
    TooLarge {
        /// The file's name.
        file: String,
        /// The bound.
        most: u64,
    },
    /// The signature does not vouch for the manifest.
    #[error("the release's signature is refused")]
    Signature {
        /// Why.
        #[source]
        source: SignatureError,
    },
    /// The signature's file is not text.
    #[error("the release's signature is not text; fetch the release again")]
    SignatureNotText,
    /// The manifest is of a format that is not known here.
    #[error(
        "the release's manifest has format {found}, this plimsoll knows formats up to {known}; update plimsoll on this machine"
    )]
    Format {
        /// The manifest's version.
        found: u32,
        /// The version known here.
        known: u32,
    },
    /// The manifest, though signed, is no manifest.
    #[error("the release's manifest cannot be read; seal the release again with this version of plimsoll")]
    Manifest {
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// The manifest belongs to another release than the folder's name says.
    #[error("the folder of release {folder} holds release {manifest}; remove it and deploy {folder} again")]
    OtherRelease {
        /// The release of the folder's name.
        folder: ReleaseId,
        /// The release of the manifest.
        manifest: ReleaseId,
    },
    /// Two different manifests have the same release id.
    #[error(
        "another manifest has the id {release} already; this one cannot be sealed beside it: build again from a new commit"
    )]
    SameId {
        /// The id.
        release: ReleaseId,
    },
    /// The artifact's name could lead out of the folder.
    #[error(
        "the artifact's name `{}` is not a plain file name; expected 1 to 255 bytes without separators and control characters, not beginning with `.`",
        name.escape_debug()
    )]
    ArtifactName {
        /// The name.
        name: String,
    },
    /// The artifact has another size than the manifest says.
    #[error("the artifact {file} has {found} bytes, the manifest says {expected}; build and seal again")]
    ArtifactSize {
        /// Its name.
        file: String,
        /// The manifest's size.
        expected: u64,
        /// The size found; where it is larger than expected, the artifact was not read further.
        found: u64,
    },
    /// The artifact is another than the manifest says.
    #[error("the artifact {file} has digest {found}, the manifest says {expected}; build and seal again")]
    ArtifactDigest {
        /// Its name.
        file: String,
        /// The manifest's digest.
        expected: Digest,
        /// The digest found.
        found: Digest,
    },
    /// Something is in the folder that does not belong there.
    #[error("{} is not part of the release; a sealed release is never changed: remove the folder and deploy again", path.display())]
    Unexpected {
        /// What.
        path: PathBuf,
    },
    /// A folder with the release's name is there and does not verify.
    #[error("{} is in the way: it is there and does not verify; look at it, then remove it and seal again", folder.display())]
    InTheWay {
        /// The folder.
        folder: PathBuf,
        /// What is wrong with it.
        #[source]
        source: Box<ReleaseError>,
    },
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes for the name of a temporary folder")]
    NoRandomness,
    /// The file system refused.
    #[error("cannot {action} {}; check free space, owner and permissions", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
}

/// Names what was tried when an operation fails.
pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ReleaseError {
    move |source| ReleaseError::Io { action, path: path.to_owned(), source }
}
