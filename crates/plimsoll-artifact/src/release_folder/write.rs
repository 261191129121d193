//! Writing a release so that it is there whole or not at all, whatever dies when.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use plimsoll_model::digest::Hasher;
use plimsoll_model::release::{Artifact, MANIFEST_FILE, SIGNATURE_FILE};

use super::ReleaseError;
use super::error::io;
use super::name::{SEALING, unique};
use super::remove::delete;

const FOLDER: u32 = 0o555;
const PROGRAM: u32 = 0o555;
const TEXT: u32 = 0o444;

/// The parts of a release.
pub(super) struct Parts<'a> {
    pub(super) manifest: &'a [u8],
    pub(super) signature: &'a str,
    pub(super) artifact: &'a Artifact,
    pub(super) content: &'a mut dyn Read,
}

/// Writes the parts into `<into>/<name>`. `false`: another process was faster, and nothing is left of this one.
pub(super) fn write(parts: Parts<'_>, into: &Path, name: &str) -> Result<bool, ReleaseError> {
    if !into.is_dir() {
        fs::create_dir_all(into).map_err(io("create", into))?;
        into.parent().filter(|parent| !parent.as_os_str().is_empty()).map_or(Ok(()), sync_folder)?;
    }
    let folder = into.join(unique(SEALING, name)?);
    DirBuilder::new().mode(0o700).create(&folder).map_err(io("create", &folder))?;
    let renamed = fill(parts, &folder).and_then(|()| rename(&folder, &into.join(name)));
    if !matches!(renamed, Ok(true)) {
        // The error that led here matters more than one of cleaning up; `sweep` takes what is left.
        let _ = delete(&folder);
    }
    if renamed? {
        sync_folder(into)?;
        return Ok(true);
    }
    Ok(false)
}

fn fill(parts: Parts<'_>, folder: &Path) -> Result<(), ReleaseError> {
    let mut file = create(&folder.join(&parts.artifact.file))?;
    copy(parts.content, &mut file, parts.artifact)?;
    finish(file, PROGRAM)?;
    for (name, bytes) in [(MANIFEST_FILE, parts.manifest), (SIGNATURE_FILE, parts.signature.as_bytes())] {
        let mut file = create(&folder.join(name))?;
        file.file.write_all(bytes).map_err(io("write", &file.path))?;
        finish(file, TEXT)?;
    }
    fs::set_permissions(folder, Permissions::from_mode(FOLDER)).map_err(io("set the mode of", folder))?;
    sync_folder(folder)
}

struct Created {
    path: PathBuf,
    file: File,
}

fn create(path: &Path) -> Result<Created, ReleaseError> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    Ok(Created { file: file.map_err(io("create", path))?, path: path.to_owned() })
}

/// The mode is set on the open file, past the process's umask, before the content is made durable.
fn finish(created: Created, mode: u32) -> Result<(), ReleaseError> {
    let Created { path, file } = created;
    file.set_permissions(Permissions::from_mode(mode)).map_err(io("set the mode of", &path))?;
    file.sync_all().map_err(io("write to disk", &path))
}

/// Copies the artifact and compares it with the manifest on the way; not more than one piece beyond its size is read.
fn copy(from: &mut dyn Read, to: &mut Created, artifact: &Artifact) -> Result<(), ReleaseError> {
    let mut hasher = Hasher::default();
    let mut buffer = vec![0; 128 * 1024];
    let mut size = 0_u64;
    while size <= artifact.size {
        let count = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(source) => return Err(io("read the artifact for", &to.path)(source)),
        };
        hasher.update(&buffer[..count]);
        to.file.write_all(&buffer[..count]).map_err(io("write", &to.path))?;
        size += count as u64;
    }
    check(artifact, size, hasher)
}

/// Compares an artifact that was read with what the manifest says about it.
pub(super) fn check(artifact: &Artifact, size: u64, hasher: Hasher) -> Result<(), ReleaseError> {
    let file = artifact.file.clone();
    if size != artifact.size {
        return Err(ReleaseError::ArtifactSize { file, expected: artifact.size, found: size });
    }
    let found = hasher.finish();
    if found != artifact.digest {
        return Err(ReleaseError::ArtifactDigest { file, expected: artifact.digest, found });
    }
    Ok(())
}

fn rename(from: &Path, to: &Path) -> Result<bool, ReleaseError> {
    match fs::rename(from, to) {
        Ok(()) => Ok(true),
        Err(error)
            if [io::ErrorKind::DirectoryNotEmpty, io::ErrorKind::AlreadyExists].contains(&error.kind()) =>
        {
            Ok(false)
        }
        Err(source) => Err(io("rename into its place", to)(source)),
    }
}

/// Makes the names in a folder durable.
pub(super) fn sync_folder(folder: &Path) -> Result<(), ReleaseError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(io("write to disk", folder))
}
