//! Proving a release's folder: first the signature, then everything that the signature vouches for.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use plimsoll_model::digest::Hasher;
use plimsoll_model::release::{Artifact, MANIFEST_FILE, SIGNATURE_FILE};
use plimsoll_model::{Digest, Manifest, ReleaseId, version};
use serde::Deserialize;

use super::ReleaseError;
use super::error::io;
use super::name::check_plain;
use super::write::check;
use crate::signature::{PublicKey, verify_any};

/// A manifest of a hundred environments has about 100 KB.
const LARGEST_MANIFEST: u64 = 4 << 20;
const LARGEST_SIGNATURE: u64 = 32 << 10;

/// Proves that `folder` is a release that one of `trusted` signed, whole and unchanged, and gives its manifest.
pub fn verify(folder: &Path, trusted: &[PublicKey]) -> Result<Manifest, ReleaseError> {
    let not_a_release = || ReleaseError::NotARelease { folder: folder.to_owned() };
    let name = folder.file_name().and_then(|name| name.to_str()).ok_or_else(not_a_release)?;
    let id: ReleaseId = name.parse().map_err(|_| not_a_release())?;
    if !folder.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) {
        return Err(ReleaseError::Absent { folder: folder.to_owned() });
    }
    let bytes = read(folder, MANIFEST_FILE, LARGEST_MANIFEST)?;
    let signature = read(folder, SIGNATURE_FILE, LARGEST_SIGNATURE)?;
    let signature = std::str::from_utf8(&signature).map_err(|_| ReleaseError::SignatureNotText)?;
    let manifest = verify_manifest(&bytes, signature, trusted)?;
    let of_manifest = ReleaseId::of_manifest(&Digest::of(&bytes));
    if of_manifest != id {
        return Err(ReleaseError::OtherRelease { folder: id, manifest: of_manifest });
    }
    check_plain(&manifest.artifact.file)?;
    nothing_else(folder, &manifest.artifact.file)?;
    verify_artifact(folder, &manifest.artifact)?;
    Ok(manifest)
}

/// The version is read by itself first: a newer manifest is not called damaged.
#[derive(Deserialize)]
struct Versioned {
    format: u32,
}

/// Proves that one of `trusted` signed a manifest, and reads it. Nothing of it is looked at before.
pub fn verify_manifest(
    bytes: &[u8],
    signature: &str,
    trusted: &[PublicKey],
) -> Result<Manifest, ReleaseError> {
    verify_any(trusted, bytes, signature).map_err(|source| ReleaseError::Signature { source })?;
    let unreadable = |source| ReleaseError::Manifest { source };
    let Versioned { format } = serde_json::from_slice(bytes).map_err(unreadable)?;
    if format != version::MANIFEST {
        return Err(ReleaseError::Format { found: format, known: version::MANIFEST });
    }
    serde_json::from_slice(bytes).map_err(unreadable)
}

/// Opens a regular file of the release; links are not followed out of the folder.
fn open(folder: &Path, name: &str) -> Result<(File, u64), ReleaseError> {
    let path = folder.join(name);
    let Ok(metadata) = path.symlink_metadata() else {
        return Err(ReleaseError::FileMissing { file: name.to_owned() });
    };
    if !metadata.is_file() {
        return Err(ReleaseError::NotAFile { file: name.to_owned() });
    }
    Ok((File::open(&path).map_err(io("open", &path))?, metadata.len()))
}

fn read(folder: &Path, name: &str, most: u64) -> Result<Vec<u8>, ReleaseError> {
    let (file, _) = open(folder, name)?;
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes).map_err(io("read", &folder.join(name)))?;
    if bytes.len() as u64 > most {
        return Err(ReleaseError::TooLarge { file: name.to_owned(), most });
    }
    Ok(bytes)
}

fn nothing_else(folder: &Path, artifact: &str) -> Result<(), ReleaseError> {
    for entry in fs::read_dir(folder).map_err(io("list", folder))? {
        let name = entry.map_err(io("list", folder))?.file_name();
        if ![MANIFEST_FILE, SIGNATURE_FILE, artifact].iter().any(|known| name == **known) {
            return Err(ReleaseError::Unexpected { path: folder.join(name) });
        }
    }
    Ok(())
}

fn verify_artifact(folder: &Path, artifact: &Artifact) -> Result<(), ReleaseError> {
    let (file, size) = open(folder, &artifact.file)?;
    let mut hasher = Hasher::default();
    if size == artifact.size {
        let path = folder.join(&artifact.file);
        let mut file = file.take(size);
        let mut buffer = vec![0; 128 * 1024];
        loop {
            match file.read(&mut buffer).map_err(io("read", &path))? {
                0 => break,
                count => hasher.update(&buffer[..count]),
            }
        }
    }
    check(artifact, size, hasher)
}
