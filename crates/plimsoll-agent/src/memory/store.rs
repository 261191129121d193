//! Releases in memory. A signature is the text that [`sign`] makes; it proves nothing and is checked all the same.

use std::io::{Cursor, Read as _};
use std::path::PathBuf;

use plimsoll_model::transfer::Packed;
use plimsoll_model::{Digest, Manifest, ReleaseId};

use super::behaviour::Fault;
use super::host::{Host, World};
use crate::store::{Held, Offer, Piece, ReleaseStore, StoreError, Unpacking, check};

pub(super) struct MemoryStore(pub(super) Host);

/// A release, sealed or half received.
#[derive(Clone)]
pub(super) struct Stored {
    pub(super) manifest: Manifest,
    pub(super) bytes: Vec<u8>,
    pub(super) packed: Option<Packed>,
    pub(super) sealed: bool,
}

/// What the store in memory takes for `key`'s signature of `manifest`.
pub fn sign(manifest: &str, key: &str) -> String {
    format!("{key}:{}", Digest::of(manifest.as_bytes()))
}

impl Stored {
    fn held(&self) -> Held {
        let bytes = if self.sealed { self.manifest.artifact.size } else { self.bytes.len() as u64 };
        Held { bytes, packed: self.packed.as_ref().map(|packed| packed.digest), sealed: self.sealed }
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

    fn append(&mut self, release: &ReleaseId, piece: &Piece<'_>) -> Result<Held, StoreError> {
        self.0.effect(|world| world.append(release, piece)).ok_or_else(died)?
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
        let stored = Stored { manifest, bytes: Vec::new(), packed: None, sealed: false };
        let held = stored.held();
        self.releases.insert(0, (release.clone(), stored));
        held
    }

    fn append(&mut self, release: &ReleaseId, piece: &Piece<'_>) -> Result<Held, StoreError> {
        let full = self.fails(Fault::NoSpace);
        let stored = self.stored(release)?;
        let (held, artifact) = (stored.held(), &stored.manifest.artifact);
        if stored.sealed {
            return Ok(held);
        }
        if let Some(answer) = check(release, artifact, &held, piece)? {
            return Ok(answer);
        }
        if let Some(base) = piece.packed.and_then(|packed| packed.base) {
            self.base(release, base)?;
        }
        if full {
            let needed = artifact.size - held.bytes.min(artifact.size);
            let folder = PathBuf::from("memory:releases");
            return Err(StoreError::NoSpace { release: release.clone(), folder, needed, free: Some(0) });
        }
        let stored = self.stored_mut(release)?;
        if piece.offset == 0 {
            stored.bytes.clear();
            stored.packed = piece.packed.cloned();
        }
        stored.bytes.extend_from_slice(piece.bytes);
        Ok(stored.held())
    }

    fn base(&self, release: &ReleaseId, base: Digest) -> Result<Cursor<Vec<u8>>, StoreError> {
        let mut sealed = self.releases.iter().map(|(_, stored)| stored).filter(|stored| stored.sealed);
        let found = sealed.find(|stored| stored.manifest.artifact.digest == base);
        let missing = || StoreError::NoBase { release: release.clone(), base };
        found.map(|stored| Cursor::new(stored.bytes.clone())).ok_or_else(missing)
    }

    fn seal(&mut self, release: &ReleaseId) -> Result<(), StoreError> {
        let stored = self.stored(release)?;
        let artifact = &stored.manifest.artifact;
        if stored.sealed {
            return Ok(());
        }
        let size = stored.packed.as_ref().map_or(artifact.size, |packed| packed.size);
        if stored.bytes.len() as u64 != size {
            return Err(StoreError::NotSealed { release: release.clone() });
        }
        let unpacked = self.unpacked(release, stored);
        let stored = self.stored_mut(release)?;
        stored.packed = None;
        stored.bytes = unpacked.inspect_err(|_| stored.bytes.clear())?;
        stored.sealed = true;
        Ok(())
    }

    fn unpacked(&self, release: &ReleaseId, stored: &Stored) -> Result<Vec<u8>, StoreError> {
        let (artifact, packed) = (&stored.manifest.artifact, stored.packed.as_ref());
        let base = |digest| self.base(release, digest);
        let mut content = Unpacking::new(release, artifact, packed, stored.bytes.as_slice(), base)?;
        let untrusted = |why: String| StoreError::Untrusted { release: release.clone(), why };
        let mut bytes = Vec::new();
        content.read_to_end(&mut bytes).map_err(|error| {
            Unpacking::verdict(release, &error).unwrap_or_else(|| untrusted(error.to_string()))
        })?;
        if Digest::of(&bytes) != artifact.digest {
            return Err(untrusted("its program's digest is not the one in its manifest".to_owned()));
        }
        Ok(bytes)
    }
}

fn died() -> StoreError {
    StoreError::Io {
        action: "cannot write",
        path: PathBuf::from("memory:"),
        why: "the agent died".to_owned(),
    }
}
