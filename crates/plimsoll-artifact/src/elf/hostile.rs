//! Files from outside never panic, hang or eat memory: random bytes, and random damage to real programs.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::*;

use super::{inspect, inspect_file};

static TRUE: LazyLock<Vec<u8>> = LazyLock::new(|| std::fs::read("/bin/true").unwrap());

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn random_bytes_are_survived(start in prop::bool::ANY, bytes in vec(any::<u8>(), 0..2048)) {
        let magic = if start { &b"\x7fELF\x02\x01\x01"[..] } else { b"" };
        let _ = inspect(&[magic, &bytes].concat());
    }

    #[test]
    fn damaged_programs_are_survived(damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..32), headers: bool) {
        let mut bytes = TRUE.clone();
        // Damage hurts most in the headers and in the tables behind them.
        let reach = if headers { 1024.min(bytes.len()) } else { bytes.len() };
        for (at, byte) in &damage {
            bytes[at.index(reach)] = *byte;
        }
        let _ = inspect(&bytes);
        let _ = crate::go::inspect(&bytes);
    }

    #[test]
    fn damaged_tables_are_survived(at in 0_usize..4096, word in prop::sample::select(vec![0_u32, 1, 16, 0x7fff_ffff, 0xffff_ffff])) {
        let mut bytes = TRUE.clone();
        let at = (at * 4).min(bytes.len() - 4);
        bytes[at..at + 4].copy_from_slice(&word.to_le_bytes());
        let _ = inspect(&bytes);
    }
}

#[test]
fn a_file_of_holes_costs_little() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("huge");
    let file = std::fs::File::create(&path).unwrap();
    std::io::Write::write_all(&mut &file, &TRUE[..TRUE.len() / 2]).unwrap();
    file.set_len(1 << 40).unwrap();
    let begin = Instant::now();
    let _ = inspect_file(&path);
    let _ = crate::go::inspect_file(&path);
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
}
