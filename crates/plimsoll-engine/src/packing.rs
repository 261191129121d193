//! Artifacts as what a host lacks: a patch against a release that it has, or compressed.
//!
//! Each is made once and shared by all hosts of a rollout: the first that needs it makes it, the others wait for it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use plimsoll_artifact::delta::{self, Content, DeltaError};
use plimsoll_model::transfer::{BaseRelease, Packed};
use plimsoll_model::{Digest, Manifest, ReleaseId};

use crate::world::{ContentError, ReleaseContent};

/// Larger artifacts are sent as they are: packing holds two of them in memory.
const LARGEST: u64 = 1 << 30;
/// So many bases are tried, newest first.
const TRIES: usize = 3;
/// A patch of at most this part of the artifact is good enough to try no further base.
const GOOD: u64 = 20;
/// Bytes asked for at once.
const PIECE: usize = 8 << 20;

/// A packed artifact.
#[derive(Debug)]
pub(crate) struct Packing {
    /// What it is.
    pub(crate) packed: Packed,
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
}

/// By base and target.
type Key = (Option<Digest>, Digest);
type Slot = Arc<OnceLock<Result<Arc<Packing>, ContentError>>>;

/// What has been packed in this run.
#[derive(Debug, Default)]
pub(crate) struct Packings {
    slots: Mutex<BTreeMap<Key, Slot>>,
}

impl Packings {
    /// The smallest way to bring a release to a host with these bases. `None` where it is best sent as it is.
    pub(crate) fn best(
        &self,
        releases: &dyn ReleaseContent,
        release: &ReleaseId,
        manifest: &Manifest,
        bases: &[BaseRelease],
    ) -> Result<Option<Arc<Packing>>, ContentError> {
        let size = manifest.artifact.size;
        if size > LARGEST {
            return Ok(None);
        }
        let target = Whole { releases, release, manifest };
        let mut best: Option<Arc<Packing>> = None;
        let known = bases.iter().filter_map(|base| Some((base.artifact, known(releases, base)?)));
        for (digest, (id, manifest)) in known.take(TRIES) {
            let base = Whole { releases, release: &id, manifest: &manifest };
            // A base that cannot be read here is none.
            let Ok(made) = self.once((Some(digest), target.digest()), || patch(&base, &target)) else {
                continue;
            };
            let is_good = made.packed.size <= size / GOOD;
            if best.as_ref().is_none_or(|best| made.packed.size < best.packed.size) {
                best = Some(made);
            }
            if is_good {
                return Ok(best);
            }
        }
        let alone = self.once((None, target.digest()), || compress(&target))?;
        let smaller = best.filter(|best| best.packed.size <= alone.packed.size).unwrap_or(alone);
        Ok(Some(smaller).filter(|best| best.packed.size < size))
    }

    fn once(
        &self,
        key: Key,
        make: impl FnOnce() -> Result<Packing, ContentError>,
    ) -> Result<Arc<Packing>, ContentError> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = Arc::clone(slots.entry(key).or_default());
        drop(slots);
        slot.get_or_init(|| make().map(Arc::new)).clone()
    }
}

/// A base that is here too, and small enough.
fn known(releases: &dyn ReleaseContent, base: &BaseRelease) -> Option<(ReleaseId, Manifest)> {
    let signed = releases.manifest(&base.release).ok()?;
    let manifest: Manifest = serde_json::from_str(&signed.manifest).ok()?;
    let fits = manifest.artifact.digest == base.artifact && manifest.artifact.size <= LARGEST;
    fits.then(|| (base.release.clone(), manifest))
}

/// A release's whole artifact.
struct Whole<'a> {
    releases: &'a dyn ReleaseContent,
    release: &'a ReleaseId,
    manifest: &'a Manifest,
}

impl Whole<'_> {
    fn digest(&self) -> Digest {
        self.manifest.artifact.digest
    }

    fn failed(&self, why: impl ToString) -> ContentError {
        ContentError { release: self.release.clone(), why: why.to_string() }
    }

    /// Its bytes, verified: a host would only find out after all of it was sent.
    fn read(&self) -> Result<Vec<u8>, ContentError> {
        let mut bytes = Vec::new();
        loop {
            let piece = self.releases.artifact(self.release, bytes.len() as u64, PIECE)?;
            if piece.is_empty() {
                break;
            }
            bytes.extend(piece);
            if bytes.len() as u64 > self.manifest.artifact.size {
                break;
            }
        }
        if Digest::of(&bytes) != self.digest() {
            return Err(self.failed("its program is not the one in its manifest"));
        }
        Ok(bytes)
    }

    fn packing(
        &self,
        bytes: Result<Vec<u8>, DeltaError>,
        base: Option<Digest>,
    ) -> Result<Packing, ContentError> {
        let bytes = bytes.map_err(|error| self.failed(error))?;
        let packed = Packed { digest: Digest::of(&bytes), size: bytes.len() as u64, base };
        Ok(Packing { packed, bytes })
    }
}

fn patch(base: &Whole<'_>, target: &Whole<'_>) -> Result<Packing, ContentError> {
    let (from, to) = (base.read()?, target.read()?);
    let from = Content { bytes: &from, digest: base.digest() };
    let to = Content { bytes: &to, digest: target.digest() };
    target.packing(delta::make(from, to), Some(base.digest()))
}

fn compress(target: &Whole<'_>) -> Result<Packing, ContentError> {
    let bytes = target.read()?;
    target.packing(delta::compress(Content { bytes: &bytes, digest: target.digest() }), None)
}

#[cfg(test)]
pub(crate) mod tests;
