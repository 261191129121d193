//! Files that are no programs, or damaged ones: each ends in a sentence, quickly.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, Instant};

use plimsoll_model::inspection::{Answer, FileFormat, Inspection};
use proptest::collection::vec;
use proptest::prelude::*;

use super::{Question, inspect, read};
use crate::program::Source;

/// What is said of a file, before long. The release build takes at most 0.4 s for any of these; this one shares its
/// processors with other tests.
fn say(path: &Path) -> Inspection {
    let begin = Instant::now();
    let inspection = inspect(path, &Question::default());
    assert!(begin.elapsed() < Duration::from_secs(20), "{}: {:?}", path.display(), begin.elapsed());
    inspection
}

fn problem(path: &Path) -> String {
    let inspection = say(path);
    let problem = inspection.problem.unwrap_or_else(|| panic!("{} has facts", path.display()));
    assert!(!problem.advice.is_empty() && inspection.format == FileFormat::Unknown);
    problem.what
}

#[test]
fn what_is_no_program_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("empty"), "").unwrap();
    fs::write(path("text"), "hello\n").unwrap();
    fs::write(path("short"), "\x7fELF").unwrap();
    fs::write(path("class"), b"\xca\xfe\xba\xbe\0\0\0\x41").unwrap();
    fs::write(path("dos"), [&b"MZ"[..], &[0; 200]].concat()).unwrap();
    fs::write(path("mac"), [&b"\xcf\xfa\xed\xfe"[..], &[0xff; 60]].concat()).unwrap();
    symlink("loop", path("loop")).unwrap();
    symlink("nowhere", path("dangling")).unwrap();
    for (name, part) in [
        ("empty", "empty"),
        ("text", "text"),
        ("short", "cut off"),
        ("class", "Java class"),
        ("dos", "no PE header"),
        ("mac", "load commands"),
        ("loop", "in a circle"),
        ("dangling", "no such file"),
        (".", "folder"),
    ] {
        let what = problem(&path(name));
        assert!(what.contains(part), "{name}: {what}");
    }
    let fifo = path("fifo");
    if std::process::Command::new("mkfifo").arg(&fifo).status().is_ok_and(|status| status.success()) {
        assert!(problem(&fifo).contains("not a regular file"));
    }
    assert!(problem(Path::new("/dev/zero")).contains("not a regular file"));
}

#[test]
fn a_script_has_an_interpreter() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("script");
    for (line, interpreter, present) in [
        ("#!/bin/sh -e\nexec app\n", Some("/bin/sh"), Some(Answer::Yes)),
        ("#! /nowhere/sh\n", Some("/nowhere/sh"), Some(Answer::No)),
        // What an editor of Windows leaves belongs to the name, for the kernel too.
        ("#!/bin/sh\r\n", Some("/bin/sh\r"), Some(Answer::No)),
        ("#!\n", None, None),
    ] {
        fs::write(&path, line).unwrap();
        let script = say(&path);
        assert_eq!((script.format, script.interpreter.as_deref()), (FileFormat::Script, interpreter));
        assert_eq!(script.interpreter_present, present, "{line:?}");
    }
}

#[test]
fn what_a_packer_hides_is_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("packed");
    let mut bytes = fs::read("/bin/true").unwrap();
    assert_eq!(say(Path::new("/bin/true")).packed, Some(Answer::No));
    bytes[0x28..0x30].fill(0);
    bytes[0x3c..0x40].fill(0);
    // A packed program has two or three segments; here the mark stands in the padding of the table's end.
    let end = 64 + 56 * usize::from(bytes[0x38]);
    bytes[end + 4..end + 8].copy_from_slice(b"UPX!");
    fs::write(&path, &bytes).unwrap();
    let packed = say(&path);
    assert_eq!((packed.packed, packed.is_go), (Some(Answer::Yes), Some(Answer::Unknown)), "{packed:#?}");
    assert_eq!(packed.build_paths.unwrap().found, Answer::Unknown);
}

#[test]
fn files_of_holes_cost_little() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("huge");
    let program = fs::read("/bin/true").unwrap();
    for start in [&program[..], &program[..program.len() / 2], &b"MZ"[..], &b"#!/bin/sh"[..], &b"\0"[..]] {
        fs::write(&path, start).unwrap();
        fs::File::options().write(true).open(&path).unwrap().set_len(4 << 30).unwrap();
        let _ = say(&path);
    }
    // A data segment of 4 GB without anything in it.
    let mut bytes = program.clone();
    bytes.truncate(64);
    bytes[0x28..0x30].fill(0);
    bytes[0x36..0x40].copy_from_slice(&[56, 0, 1, 0, 64, 0, 0, 0, 0, 0]);
    bytes[0x20..0x28].copy_from_slice(&64_u64.to_le_bytes());
    let fields: [u64; 6] = [0, 0, 0, 4 << 30, 4 << 30, 4096];
    bytes.extend([1_u32, 6].iter().flat_map(|number| number.to_le_bytes()));
    bytes.extend(fields.iter().flat_map(|number| number.to_le_bytes()));
    fs::write(&path, &bytes).unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_len(4 << 30).unwrap();
    let huge = say(&path);
    assert_eq!(huge.build_paths.unwrap().found, Answer::Unknown, "not all of it was searched");
}

/// Says something of bytes, whatever they are.
fn survive(bytes: &[u8]) {
    let question = Question { functions: true, ..Question::default() };
    let _ = read(&Source::Bytes(bytes), Path::new("/nowhere/file"), &question);
}

/// A small PE or Mach-O file is not at hand everywhere; headers with their fields in place are.
fn starts() -> Vec<Vec<u8>> {
    let mut pe = [&b"MZ"[..], &[0; 58], &64_u32.to_le_bytes(), b"PE\0\0"].concat();
    pe.extend(0x8664_u16.to_le_bytes());
    pe.extend([1, 0]);
    pe.extend([0; 12]);
    pe.extend([240, 0, 0x22, 0, 0x0b, 0x02]);
    pe.resize(64 + 24 + 240 + 40 + 400, 1);
    let mut mac =
        b"\xcf\xfa\xed\xfe\x07\0\0\x01\x03\0\0\0\x02\0\0\0\x02\0\0\0\x90\0\0\0\0\0\x20\0\0\0\0\0".to_vec();
    mac.extend([0x19, 0, 0, 0, 72, 0, 0, 0]);
    mac.resize(32 + 72, 0);
    mac.extend([0x0c, 0, 0, 0, 72, 0, 0, 0, 24, 0, 0, 0]);
    mac.resize(32 + 144 + 64, b'a');
    let fat =
        [b"\xca\xfe\xba\xbe\0\0\0\x01\x01\0\0\x07\0\0\0\x03\0\0\0\x40\0\0\0\xf0\0\0\0\0", &[0; 36][..], &mac]
            .concat();
    vec![fs::read("/bin/true").unwrap(), pe, mac, fat]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn damage_is_survived(
        which in 0_usize..4, damage in vec((any::<prop::sample::Index>(), any::<u8>()), 0..24), headers: bool, end: prop::sample::Index,
    ) {
        let mut bytes = starts().swap_remove(which);
        let reach = if headers { 512.min(bytes.len()) } else { bytes.len() };
        for (at, byte) in &damage {
            bytes[at.index(reach)] = *byte;
        }
        survive(&bytes);
        bytes.truncate(end.index(bytes.len()) + 1);
        survive(&bytes);
    }

    #[test]
    fn any_bytes_are_survived(start in 0_usize..4, bytes in vec(any::<u8>(), 0..1024)) {
        let magic: [&[u8]; 4] = [b"\x7fELF\x02\x01\x01", b"MZ", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe\0\0\0\x02"];
        survive(&[magic[start], &bytes].concat());
    }
}
