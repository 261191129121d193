//! Taking in a release that was signed elsewhere: nothing is written before the signature is accepted.

use std::io::Read;
use std::path::Path;

use plimsoll_model::{Digest, ReleaseId};

use super::name::check_plain;
use super::seal::existing;
use super::write::{Parts, write};
use super::{ReleaseError, Sealed, verify_manifest};
use crate::signature::PublicKey;

/// Writes a signed release into `<into>/<release id>/`, after checking the signature of the manifest and, while it is
/// copied, the artifact's size and digest. Receiving the same again changes nothing.
pub fn receive(
    manifest: &[u8],
    signature: &str,
    artifact: &mut dyn Read,
    trusted: &[PublicKey],
    into: &Path,
) -> Result<Sealed, ReleaseError> {
    let parsed = verify_manifest(manifest, signature, trusted)?;
    check_plain(&parsed.artifact.file)?;
    let release = ReleaseId::of_manifest(&Digest::of(manifest));
    let folder = into.join(release.as_str());
    if let Some(sealed) = existing(&parsed, &release, &folder, trusted)? {
        return Ok(sealed);
    }
    let parts = Parts { manifest, signature, artifact: &parsed.artifact, content: artifact };
    if write(parts, into, release.as_str())? {
        return Ok(Sealed { release, folder, is_new: true });
    }
    let sealed = existing(&parsed, &release, &folder, trusted)?;
    sealed.ok_or(ReleaseError::Absent { folder })
}
