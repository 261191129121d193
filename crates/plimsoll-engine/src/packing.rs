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
mod tests {
    use std::collections::BTreeMap;

    use plimsoll_model::release::{Artifact, Platform, Source, Tree};
    use plimsoll_model::version;

    use super::*;
    use crate::world::SignedManifest;

    #[derive(Default)]
    struct Shelf(BTreeMap<ReleaseId, (Manifest, Vec<u8>)>);

    impl Shelf {
        fn add(&mut self, bytes: Vec<u8>) -> (ReleaseId, Manifest) {
            let artifact =
                Artifact { file: "a".to_owned(), digest: Digest::of(&bytes), size: bytes.len() as u64 };
            let manifest = Manifest {
                format: version::MANIFEST,
                service: "greeter".parse().unwrap(),
                source: Source { commit: None, subject: None, committed_at: None, tree: Tree::Unversioned },
                platform: Platform { os: "linux".to_owned(), arch: "amd64".to_owned() },
                artifact,
                environments: BTreeMap::new(),
            };
            let id = manifest.release_id();
            self.0.insert(id.clone(), (manifest.clone(), bytes));
            (id, manifest)
        }
    }

    impl ReleaseContent for Shelf {
        fn manifest(&self, release: &ReleaseId) -> Result<SignedManifest, ContentError> {
            let missing = || ContentError { release: release.clone(), why: "not here".to_owned() };
            let (manifest, _) = self.0.get(release).ok_or_else(missing)?;
            let manifest = String::from_utf8(manifest.to_bytes()).unwrap();
            Ok(SignedManifest { manifest, signature: String::new() })
        }

        fn artifact(&self, release: &ReleaseId, offset: u64, length: usize) -> Result<Vec<u8>, ContentError> {
            let rest = &self.0[release].1[usize::try_from(offset).unwrap()..];
            Ok(rest[..rest.len().min(length)].to_vec())
        }
    }

    fn noise(seed: u64, length: usize) -> Vec<u8> {
        let mut state = seed;
        let next = |()| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state.to_be_bytes()[0]
        };
        std::iter::repeat_n((), length).map(next).collect()
    }

    fn base((release, manifest): &(ReleaseId, Manifest)) -> BaseRelease {
        BaseRelease { release: release.clone(), artifact: manifest.artifact.digest }
    }

    #[test]
    fn the_smallest_is_taken_and_made_once() {
        let mut shelf = Shelf::default();
        let alike = noise(1, 50_000);
        let other = shelf.add(noise(2, 50_000));
        let old = shelf.add(alike.clone());
        let (id, manifest) = shelf.add([&alike[..20_000], b"new", &alike[20_000..]].concat());
        let unknown = BaseRelease { release: "0123456789ab".parse().unwrap(), artifact: Digest::of(b"x") };
        let packings = Packings::default();
        let bases = [unknown, base(&other), base(&old)];
        let best = packings.best(&shelf, &id, &manifest, &bases).unwrap().unwrap();
        assert_eq!(best.packed.base, Some(old.1.artifact.digest));
        assert!(best.packed.size < 500 && best.packed.digest == Digest::of(&best.bytes));
        let again = packings.best(&shelf, &id, &manifest, &bases).unwrap().unwrap();
        assert!(Arc::ptr_eq(&best, &again));
        // Noise alone cannot be packed.
        assert!(packings.best(&shelf, &id, &manifest, &[]).unwrap().is_none());
        let (id, manifest) = shelf.add(vec![7; 50_000]);
        let best = packings.best(&shelf, &id, &manifest, &[]).unwrap().unwrap();
        assert!(best.packed.base.is_none() && best.packed.size < 500);
    }

    #[test]
    fn a_damaged_base_is_no_base() {
        let mut shelf = Shelf::default();
        let old = shelf.add(noise(1, 5_000));
        let (id, manifest) = shelf.add([noise(1, 5_000), vec![0; 5_000]].concat());
        shelf.0.get_mut(&old.0).unwrap().1[7] ^= 1;
        let packings = Packings::default();
        let best = packings.best(&shelf, &id, &manifest, &[base(&old)]).unwrap().unwrap();
        assert_eq!(best.packed.base, None);
        // A damaged target is told before anything is sent.
        shelf.0.get_mut(&id).unwrap().1[7] ^= 1;
        let error = Packings::default().best(&shelf, &id, &manifest, &[]).unwrap_err();
        assert_eq!(error.release, id);
    }
}
