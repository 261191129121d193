//! Releases in memory. A signature is the text that [`sign`] makes; it proves nothing and is checked all the same.

use std::path::PathBuf;

use plimsoll_model::{Digest, Manifest, ReleaseId};

use super::behaviour::Fault;
use super::host::{Host, World};
use crate::store::{Held, Offer, ReleaseStore, StoreError};

pub(super) struct MemoryStore(pub(super) Host);

/// A release, sealed or half received.
#[derive(Clone)]
pub(super) struct Stored {
    pub(super) manifest: Manifest,
    pub(super) bytes: Vec<u8>,
    pub(super) sealed: bool,
}

/// What the store in memory takes for `key`'s signature of `manifest`.
pub fn sign(manifest: &str, key: &str) -> String {
    format!("{key}:{}", Digest::of(manifest.as_bytes()))
}

impl Stored {
    fn held(&self) -> Held {
        let bytes = if self.sealed { self.manifest.artifact.size } else { self.bytes.len() as u64 };
        Held { bytes, sealed: self.sealed }
    }
}

impl ReleaseStore for MemoryStore {
    fn sealed(&mut self) -> Result<Vec<ReleaseId>, StoreError> {
        let world = self.0.world();
        Ok(world.releases.iter().filter(|(_, stored)| stored.sealed).map(|(id, _)| id.clone()).collect())
    }

    fn begin(&mut self, offer: &Offer<'_>) -> Result<Held, StoreError> {
        let manifest = self.accept(offer)?;
        self.0.effect(|world| world.begin(offer.release, manifest)).ok_or_else(died)
    }

    fn append(&mut self, release: &ReleaseId, offset: u64, bytes: &[u8]) -> Result<Held, StoreError> {
        self.0.effect(|world| world.append(release, offset, bytes)).ok_or_else(died)?
    }

    fn seal(&mut self, release: &ReleaseId) -> Result<(), StoreError> {
        self.0.effect(|world| world.seal(release)).ok_or_else(died)?
    }

    fn manifest(&mut self, release: &ReleaseId) -> Result<Manifest, StoreError> {
        let world = self.0.world();
        let stored = world.stored(release)?;
        if stored.sealed {
            Ok(stored.manifest.clone())
        } else {
            Err(StoreError::NotSealed { release: release.clone() })
        }
    }

    fn verify(&mut self, release: &ReleaseId, _trusted_keys: &[String]) -> Result<PathBuf, StoreError> {
        let manifest = self.manifest(release)?;
        if self.0.world().fails(Fault::Verify) {
            let why = "its program was changed on this host".to_owned();
            return Err(StoreError::Untrusted { release: release.clone(), why });
        }
        Ok(PathBuf::from(format!("memory:releases/{release}/{}", manifest.artifact.file)))
    }

    fn remove(&mut self, release: &ReleaseId) -> Result<(), StoreError> {
        self.0.effect(|world| world.releases.retain(|(id, _)| id != release)).ok_or_else(died)
    }

    fn point_current(&mut self, release: Option<&ReleaseId>) -> Result<(), StoreError> {
        self.0.effect(|world| world.current = release.cloned()).ok_or_else(died)
    }

    fn current(&mut self) -> Option<ReleaseId> {
        self.0.world().current.clone()
    }

    fn free_space(&mut self) -> Option<u64> {
        None
    }
}

impl MemoryStore {
    fn accept(&self, offer: &Offer<'_>) -> Result<Manifest, StoreError> {
        let release = offer.release.clone();
        let untrusted = |why: &str| StoreError::Untrusted { release: release.clone(), why: why.to_owned() };
        if !offer.trusted_keys.iter().any(|key| sign(offer.manifest, key) == offer.signature) {
            return Err(untrusted("it is not signed by a key that is trusted here"));
        }
        if ReleaseId::of_manifest(&Digest::of(offer.manifest.as_bytes())) != release {
            return Err(untrusted("its manifest gives another identifier"));
        }
        let manifest: Manifest = serde_json::from_str(offer.manifest)
            .map_err(|error| StoreError::Invalid { release: release.clone(), why: error.to_string() })?;
        if manifest.service != self.0.service {
            return Err(untrusted("it is a release of another service"));
        }
        Ok(manifest)
    }
}

impl World {
    fn stored(&self, release: &ReleaseId) -> Result<&Stored, StoreError> {
        let found = self.releases.iter().find(|(id, _)| id == release).map(|(_, stored)| stored);
        found.ok_or_else(|| StoreError::NotFound { release: release.clone() })
    }

    fn stored_mut(&mut self, release: &ReleaseId) -> Result<&mut Stored, StoreError> {
        let found = self.releases.iter_mut().find(|(id, _)| id == release).map(|(_, stored)| stored);
        found.ok_or_else(|| StoreError::NotFound { release: release.clone() })
    }

    fn begin(&mut self, release: &ReleaseId, manifest: Manifest) -> Held {
        if let Ok(stored) = self.stored(release) {
            return stored.held();
        }
        let stored = Stored { manifest, bytes: Vec::new(), sealed: false };
        let held = stored.held();
        self.releases.insert(0, (release.clone(), stored));
        held
    }

    fn append(&mut self, release: &ReleaseId, offset: u64, bytes: &[u8]) -> Result<Held, StoreError> {
        let full = self.fails(Fault::NoSpace);
        let stored = self.stored_mut(release)?;
        let held = stored.held();
        let end = offset.saturating_add(bytes.len() as u64);
        let invalid = |why: String| Err(StoreError::Invalid { release: release.clone(), why });
        if stored.sealed || end <= held.bytes {
            return Ok(held);
        }
        if offset != held.bytes {
            return invalid(format!("{} bytes are here, and the piece begins at {offset}", held.bytes));
        }
        if end > stored.manifest.artifact.size {
            return invalid(format!(
                "its program has {} bytes, and {end} came",
                stored.manifest.artifact.size
            ));
        }
        if full {
            let needed = stored.manifest.artifact.size - held.bytes;
            let folder = PathBuf::from("memory:releases");
            return Err(StoreError::NoSpace { release: release.clone(), folder, needed, free: Some(0) });
        }
        stored.bytes.extend_from_slice(bytes);
        Ok(stored.held())
    }

    fn seal(&mut self, release: &ReleaseId) -> Result<(), StoreError> {
        let stored = self.stored_mut(release)?;
        if stored.sealed {
            return Ok(());
        }
        if stored.bytes.len() as u64 != stored.manifest.artifact.size {
            return Err(StoreError::NotSealed { release: release.clone() });
        }
        if Digest::of(&stored.bytes) != stored.manifest.artifact.digest {
            stored.bytes.clear();
            let why = "its program's digest is not the one in its manifest".to_owned();
            return Err(StoreError::Untrusted { release: release.clone(), why });
        }
        stored.sealed = true;
        Ok(())
    }
}

fn died() -> StoreError {
    StoreError::Io {
        action: "cannot write",
        path: PathBuf::from("memory:"),
        why: "the agent died".to_owned(),
    }
}
