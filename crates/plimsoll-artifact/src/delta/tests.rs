//! Packing and unpacking give back what went in, and little travels.

#![allow(clippy::cast_possible_truncation)] // noise and small lengths

use std::io::Cursor;

use plimsoll_model::Digest;
use proptest::prelude::*;

use super::*;

pub(super) fn content(bytes: &[u8]) -> Content<'_> {
    Content { bytes, digest: Digest::of(bytes) }
}

pub(super) fn unpack(packed: &[u8], base: Option<&[u8]>, target: &[u8]) -> Result<Vec<u8>, DeltaError> {
    let base = base.map(|bytes| Base { digest: Digest::of(bytes), reader: Cursor::new(bytes) });
    let mut into = Vec::new();
    apply(packed, base, &mut into, Digest::of(target), target.len() as u64)?;
    Ok(into)
}

/// Something like a program: functions of noise that call each other by relative address, at `count` places.
pub(super) fn program(count: usize, inserted: Option<usize>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let start = |function: usize| {
        (function * 96 + if inserted.is_some_and(|at| function >= at) { 48 } else { 0 }) as u32
    };
    for function in 0..count {
        if inserted == Some(function) {
            bytes.extend((0..48).map(|n| noise(n + 1_000_000)));
        }
        for line in 0..4 {
            bytes.extend((0..20).map(|n| noise(function * 80 + line * 20 + n)));
            let callee = start((function * 7 + line * 31) % count);
            bytes.extend(callee.wrapping_sub(bytes.len() as u32).to_le_bytes());
        }
    }
    bytes
}

fn noise(n: usize) -> u8 {
    let mixed = (n as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    ((mixed ^ (mixed >> 31)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 56) as u8
}

#[test]
fn a_function_that_is_added_costs_little() {
    let (base, target) = (program(20_000, None), program(20_000, Some(7_000)));
    let packed = make(content(&base), content(&target)).unwrap();
    assert_eq!(unpack(&packed, Some(&base), &target).unwrap(), target);
    // Two thirds of all calls changed, by one of four numbers.
    assert!(packed.len() * 50 < target.len(), "{} of {}", packed.len(), target.len());
    assert!(compress(content(&target)).unwrap().len() * 2 > target.len());
    let same = make(content(&base), content(&base)).unwrap();
    assert!(same.len() < 250, "{}", same.len());
}

#[test]
fn packing_is_repeatable() {
    let (base, target) = (program(3_000, None), program(3_000, Some(70)));
    let pack = || make(content(&base), content(&target)).unwrap();
    assert_eq!(pack(), pack());
}

#[test]
fn blocks_that_moved_are_found() {
    let base = program(4_000, None);
    let (front, back) = base.split_at(150_001);
    let target = [back, &[1, 2, 3], front, back].concat();
    let packed = make(content(&base), content(&target)).unwrap();
    assert!(packed.len() < 500, "{}", packed.len());
    assert_eq!(unpack(&packed, Some(&base), &target).unwrap(), target);
}

#[test]
fn long_pieces_are_split() {
    let base: Vec<u8> = (0..3 * PIECE + 17).map(noise).collect();
    let strange: Vec<u8> = (0..3 * PIECE + 5).map(|n| noise(n + 100_000_000)).collect();
    let target = [&strange, base.as_slice(), &strange[..77]].concat();
    let packed = make(content(&base), content(&target)).unwrap();
    assert_eq!(unpack(&packed, Some(&base), &target).unwrap(), target);
    assert!(packed.len() < strange.len() + 10_000);
}

#[test]
fn what_is_for_another_is_refused_by_name() {
    let (base, target) = (program(100, None), program(100, Some(5)));
    let packed = make(content(&base), content(&target)).unwrap();
    for given in [None, Some(target.as_slice())] {
        let error = unpack(&packed, given, &target).unwrap_err();
        assert!(matches!(error, DeltaError::WrongBase { .. }), "{error}");
        assert!(error.to_string().contains(&Digest::of(&base).to_string()), "{error}");
    }
    let error = unpack(&packed, Some(&base), &base).unwrap_err();
    assert!(matches!(error, DeltaError::OtherTarget { .. }), "{error}");
    // A base that was changed on disk since: its manifest still has the digest.
    let mut changed = base.clone();
    changed[4_000] ^= 1;
    let lying = Base { digest: Digest::of(&base), reader: Cursor::new(&changed) };
    let size = target.len() as u64;
    let error =
        apply(packed.as_slice(), Some(lying), &mut Vec::new(), Digest::of(&target), size).unwrap_err();
    assert!(matches!(error, DeltaError::WrongResult { .. }), "{error}");
    // One that was cut.
    let cut = Base { digest: Digest::of(&base), reader: Cursor::new(&base[..base.len() / 2]) };
    let error = apply(packed.as_slice(), Some(cut), &mut Vec::new(), Digest::of(&target), size).unwrap_err();
    assert!(matches!(error, DeltaError::Damaged { .. }), "{error}");
}

/// A target made of pieces of a base, changed here and there.
fn edited() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    let base = proptest::collection::vec(prop_oneof![4 => any::<u8>(), 1 => Just(0)], 0..3_000);
    let edits = proptest::collection::vec((any::<u16>(), any::<u16>(), any::<u8>(), any::<bool>()), 0..12);
    (base, edits).prop_map(|(base, edits)| {
        let mut target = base.clone();
        for (at, length, byte, inserts) in edits {
            let at = usize::from(at) % (target.len() + 1);
            let end = (at + usize::from(length) % 200).min(target.len());
            if inserts {
                let moved = target[at..end].to_vec();
                target.splice(at..at, moved.into_iter().chain([byte]));
            } else {
                target.splice(at..end, [byte]);
            }
        }
        (base, target)
    })
}

proptest! {
    #[test]
    fn patches_round_trip((base, target) in edited()) {
        let packed = make(content(&base), content(&target)).unwrap();
        prop_assert_eq!(unpack(&packed, Some(&base), &target).unwrap(), target);
    }

    #[test]
    fn unrelated_content_round_trips(
        base in proptest::collection::vec(0..3_u8, 0..400),
        target in proptest::collection::vec(0..3_u8, 0..400),
    ) {
        let packed = make(content(&base), content(&target)).unwrap();
        prop_assert_eq!(unpack(&packed, Some(&base), &target).unwrap(), target.clone());
        let packed = compress(content(&target)).unwrap();
        prop_assert_eq!(unpack(&packed, None, &target).unwrap(), target);
    }
}
