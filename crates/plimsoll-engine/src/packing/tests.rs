//! Packing of releases in memory.

use std::collections::BTreeMap;

use plimsoll_model::release::{Artifact, Platform, Source, Tree};
use plimsoll_model::version;

use super::*;
use crate::world::SignedManifest;

/// Releases in memory.
#[derive(Default)]
pub(crate) struct Shelf(pub(crate) BTreeMap<ReleaseId, (Manifest, Vec<u8>)>);

impl Shelf {
    pub(crate) fn add(&mut self, bytes: Vec<u8>) -> (ReleaseId, Manifest) {
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

pub(crate) fn noise(seed: u64, length: usize) -> Vec<u8> {
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
