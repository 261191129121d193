//! The coordinator's own copies of sealed releases: `.plimsoll/releases/<id>/`.

use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use plimsoll_engine::world::{ContentError, ReleaseContent, Secrets, SignedManifest};
use plimsoll_model::release::{MANIFEST_FILE, Manifest, SIGNATURE_FILE};
use plimsoll_model::{ReleaseId, Secret};

/// A folder of sealed releases.
#[derive(Debug, Clone)]
pub(crate) struct ReleaseFolders {
    folder: PathBuf,
}

impl ReleaseFolders {
    pub(crate) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    fn read(&self, release: &ReleaseId, file: &str) -> Result<String, ContentError> {
        let path = self.folder.join(release.as_str()).join(file);
        std::fs::read_to_string(&path).map_err(|e| failed(release, &path, &e))
    }

    fn artifact_path(&self, release: &ReleaseId) -> Result<PathBuf, ContentError> {
        let manifest: Manifest = serde_json::from_str(&self.read(release, MANIFEST_FILE)?)
            .map_err(|e| ContentError { release: release.clone(), why: format!("its manifest: {e}") })?;
        Ok(self.folder.join(release.as_str()).join(&manifest.artifact.file))
    }
}

impl ReleaseContent for ReleaseFolders {
    fn manifest(&self, release: &ReleaseId) -> Result<SignedManifest, ContentError> {
        let manifest = self.read(release, MANIFEST_FILE)?;
        Ok(SignedManifest { manifest, signature: self.read(release, SIGNATURE_FILE)? })
    }

    fn artifact(&self, release: &ReleaseId, offset: u64, length: usize) -> Result<Vec<u8>, ContentError> {
        let path = self.artifact_path(release)?;
        let read = || {
            let mut file = std::fs::File::open(&path)?;
            file.seek(SeekFrom::Start(offset))?;
            let mut bytes = Vec::with_capacity(length);
            file.take(length as u64).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        read().map_err(|e: std::io::Error| failed(release, &path, &e))
    }

    fn artifact_file(&self, release: &ReleaseId) -> Option<PathBuf> {
        self.artifact_path(release).ok()
    }
}

fn failed(release: &ReleaseId, path: &Path, error: &std::io::Error) -> ContentError {
    ContentError { release: release.clone(), why: format!("{}: {error}", path.display()) }
}

/// Secrets in the environment of this command.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EnvironmentSecrets;

impl Secrets for EnvironmentSecrets {
    fn variable(&self, name: &str) -> Option<Secret> {
        std::env::var(name).ok().map(Secret::new)
    }
}
