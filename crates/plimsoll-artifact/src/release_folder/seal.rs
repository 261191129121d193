//! Sealing: sign the manifest, put it and the artifact into their place.

use std::fs::File;
use std::path::{Path, PathBuf};

use plimsoll_model::{Manifest, ReleaseId};

use super::error::io;
use super::receive::receive;
use super::{ReleaseError, verify};
use crate::signature::{PublicKey, SecretKey};

/// A release in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The release.
    pub release: ReleaseId,
    /// Its folder.
    pub folder: PathBuf,
    /// Whether it was put there now; otherwise it was there before, and verified.
    pub is_new: bool,
}

/// Signs `manifest` with `secret_key` and writes `<into>/<release id>/`. Sealing the same again changes nothing and
/// answers the same, after verifying what is there.
pub fn seal(
    manifest: &Manifest,
    artifact: &Path,
    secret_key: &SecretKey,
    into: &Path,
) -> Result<Sealed, ReleaseError> {
    let bytes = manifest.to_bytes();
    // No time in the comment: the same release and key give the same bytes.
    let comment = format!(
        "plimsoll release {} of {} for {}",
        manifest.release_id(),
        manifest.service,
        manifest.platform
    );
    let signature = secret_key.sign(&bytes, &comment).to_string();
    let mut content = File::open(artifact).map_err(io("open the artifact", artifact))?;
    receive(&bytes, &signature, &mut content, &[secret_key.public_key()], into)
}

/// What is there already under the release's name, if anything is.
pub(super) fn existing(
    manifest: &Manifest,
    release: &ReleaseId,
    folder: &Path,
    trusted: &[PublicKey],
) -> Result<Option<Sealed>, ReleaseError> {
    if folder.symlink_metadata().is_err() {
        return Ok(None);
    }
    let in_the_way = |source| ReleaseError::InTheWay { folder: folder.to_owned(), source: Box::new(source) };
    let found = verify(folder, trusted).map_err(in_the_way)?;
    // An id is 48 bits of a digest: two manifests can share one.
    if found != *manifest {
        return Err(ReleaseError::SameId { release: release.clone() });
    }
    Ok(Some(Sealed { release: release.clone(), folder: folder.to_owned(), is_new: false }))
}
