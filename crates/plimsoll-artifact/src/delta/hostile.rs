//! Packed content that somebody changed: an error each time, quickly, and never more than the declared size.

#![allow(clippy::cast_possible_truncation)] // noise and small lengths

use std::io::{Cursor, Read, Write};

use plimsoll_model::Digest;
use proptest::prelude::*;

use super::header::{Header, Method};
use super::tests::{content, program, unpack};
use super::*;

fn pair() -> (Vec<u8>, Vec<u8>) {
    (program(400, None), program(400, Some(50)))
}

/// Unpacks what claims to give `size` bytes; how many bytes came out.
fn flows(packed: &[u8], base: &[u8], size: u64) -> (u64, Result<(), DeltaError>) {
    struct Count(u64);
    impl Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len() as u64;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    let given = Base { digest: Digest::of(base), reader: Cursor::new(base) };
    let result = apply(packed, Some(given), &mut count, Digest::of(b"target"), size);
    (count.0, result)
}

/// Content with an honest header and this payload.
fn forged(base: &[u8], size: u64, payload: &[u8]) -> Vec<u8> {
    let method = Method::Patch { base: Digest::of(base) };
    let header = Header { method, target: Digest::of(b"target"), size }.to_bytes();
    [&header[..], &zstd::encode_all(payload, 3).unwrap()].concat()
}

/// A block of these sections.
fn block(sections: [&[u8]; 4]) -> Vec<u8> {
    let lengths = sections.iter().flat_map(|s| (s.len() as u32).to_le_bytes());
    lengths.chain(sections.concat()).collect()
}

fn numbers(operations: &[(u64, i64, u64)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (literals, seek, length) in operations {
        number::put(&mut bytes, *literals);
        number::put_signed(&mut bytes, *seek);
        number::put(&mut bytes, *length);
    }
    bytes
}

#[test]
fn every_byte_counts() {
    let (base, target) = pair();
    for packed in [make(content(&base), content(&target)).unwrap(), compress(content(&target)).unwrap()] {
        let step = (packed.len() / 1_500).max(1);
        let places = (0..HEADER + 200).chain((HEADER + 200..packed.len()).step_by(step));
        for at in places.filter(|at| *at < packed.len()) {
            let mut damaged = packed.clone();
            damaged[at] ^= 1 << (at % 8);
            // A flag of zstd's frame may mean the same either way; what comes out is never something else.
            if let Ok(bytes) = unpack(&damaged, Some(&base), &target) {
                assert!(bytes == target && at >= HEADER, "byte {at}");
            }
        }
        for length in (0..packed.len()).step_by(step).chain([packed.len() - 1]) {
            let error = unpack(&packed[..length], Some(&base), &target).unwrap_err();
            let is_cut = matches!(error, DeltaError::Damaged { .. } | DeltaError::NotAPatch);
            assert!(is_cut, "{length}: {error}");
        }
        let longer = [packed.as_slice(), b"x"].concat();
        assert!(matches!(unpack(&longer, Some(&base), &target), Err(DeltaError::Damaged { .. })));
    }
}

#[test]
fn a_bomb_stops_at_the_declared_size() {
    let header = Header { method: Method::Compressed, target: Digest::of(b"target"), size: 1_000 };
    let mut bomb = header.to_bytes().to_vec();
    // 256 MB of zeros in a few kilobytes.
    zstd::stream::copy_encode(std::io::repeat(0).take(1 << 28), &mut bomb, 1).unwrap();
    let (flowed, result) = flows(&bomb, b"", 1_000);
    assert!(matches!(result, Err(DeltaError::Damaged { .. })), "{result:?}");
    assert!(flowed <= 1_000, "{flowed}");

    let base = vec![7; 1 << 20];
    let operations = numbers(&[(0, 0, 1 << 20), (0, -(1 << 20), 1 << 20), (0, -(1 << 20), 1 << 20)]);
    let bomb = forged(&base, 1 << 20, &block([&operations, &[], &[], &[]]));
    let (flowed, result) = flows(&bomb, &base, 1 << 20);
    assert!(matches!(result, Err(DeltaError::Damaged { .. })), "{result:?}");
    assert!(flowed <= 1 << 20, "{flowed}");
}

#[test]
fn nonsense_in_a_block_is_damage() {
    let base = [7; 100];
    let one = numbers(&[(0, 0, 10)]);
    let huge = [&u32::MAX.to_le_bytes()[..], &[0; 12]].concat();
    for (what, payload) in [
        ("no operation", block([&[], &[], &[], &[]])),
        ("an empty operation", block([&numbers(&[(0, 0, 0)]), &[], &[], &[]])),
        ("a copy behind the end", block([&numbers(&[(0, 95, 10)]), &[], &[], &[]])),
        ("a copy before the beginning", block([&numbers(&[(0, -1, 10)]), &[], &[], &[]])),
        ("a copy beyond everything", block([&numbers(&[(0, i64::MAX, 10)]), &[], &[], &[]])),
        ("too long a copy", block([&numbers(&[(0, 0, u64::MAX)]), &[], &[], &[]])),
        ("too many literals", block([&numbers(&[(u64::MAX, 0, u64::MAX)]), &[], &[], &[]])),
        ("literals that are not there", block([&numbers(&[(3, 0, 7)]), &[], &[], &[1, 2]])),
        ("literals left over", block([&one, &[], &[], &[1]])),
        ("an edit without delta", block([&one, &[2], &[], &[]])),
        ("an edit behind the end", block([&one, &[10], &[2], &[]])),
        ("a delta without edit", block([&one, &[], &[2], &[]])),
        ("a number without end", block([&[0xff; 30], &[], &[], &[]])),
        ("a cut section", block([&one, &[], &[], &[]])[..18].to_vec()),
        ("cut lengths", vec![1, 0, 0]),
        ("too long a section", huge),
        ("too little", block([&numbers(&[(0, 0, 9)]), &[], &[], &[]])),
        ("nothing", Vec::new()),
    ] {
        let (_, result) = flows(&forged(&base, 10, &payload), &base, 10);
        assert!(matches!(result, Err(DeltaError::Damaged { .. })), "{what}: {result:?}");
    }
    // And the honest one passes, up to its digest.
    let (flowed, result) = flows(&forged(&base, 10, &block([&one, &[3], &[2], &[]])), &base, 10);
    assert!(matches!(result, Err(DeltaError::WrongResult { .. })) && flowed == 10, "{result:?}");
}

#[test]
fn a_window_beyond_the_bound_is_refused() {
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.window_log(27).unwrap();
    encoder.write_all(&vec![3; 20 << 20]).unwrap();
    let header = Header { method: Method::Compressed, target: Digest::of(b"target"), size: 20 << 20 };
    let packed = [&header.to_bytes()[..], &encoder.finish().unwrap()].concat();
    let (_, result) = flows(&packed, b"", 20 << 20);
    assert!(matches!(result, Err(DeltaError::Damaged { .. })), "{result:?}");
}

/// Mutations of the payload before compression, so that they reach the blocks.
fn mutated(payload: &[u8], mutations: &[(u16, u8, u8)]) -> Vec<u8> {
    let mut bytes = payload.to_vec();
    for (at, byte, kind) in mutations {
        let at = usize::from(*at) % bytes.len().max(1);
        match kind % 4 {
            0 => bytes[at] = *byte,
            1 => bytes[at] = bytes[at].wrapping_add(1),
            2 => bytes.insert(at, *byte),
            _ => drop(bytes.drain(at..(at + usize::from(*byte)).min(bytes.len()))),
        }
        if bytes.is_empty() {
            bytes.push(0);
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn mutated_blocks_give_an_error_or_the_declared_size(
        mutations in proptest::collection::vec((any::<u16>(), any::<u8>(), any::<u8>()), 1..6),
    ) {
        let (base, target) = (program(60, None), program(60, Some(5)));
        let packed = make(content(&base), content(&target)).unwrap();
        let payload = mutated(&zstd::decode_all(&packed[HEADER..]).unwrap(), &mutations);
        let size = target.len() as u64;
        let (flowed, result) = flows(&forged(&base, size, &payload), &base, size);
        prop_assert!(flowed <= size);
        let expected = matches!(result, Err(DeltaError::Damaged { .. } | DeltaError::WrongResult { .. }));
        prop_assert!(expected, "{result:?}");
    }

    #[test]
    fn anything_is_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(flows(&bytes, b"base", 10).1.is_err());
        let header = Header { method: Method::Compressed, target: Digest::of(b"target"), size: 10 };
        prop_assert!(flows(&[&header.to_bytes()[..], &bytes].concat(), b"base", 10).1.is_err());
    }
}
