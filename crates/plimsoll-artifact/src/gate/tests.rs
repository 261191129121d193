//! Judgements over real programs of this machine and over made-up roots.

use std::fs;
use std::path::Path;

use plimsoll_model::evidence::GateDecision;
use plimsoll_model::release::Platform;

use super::{Code, Judgement, Subject, Target, first_gate};
use crate::elf::{GlibcVersion, InspectError, RequiredVersion, inspect};
use crate::go::{BuildInfo, Program};

fn here() -> Platform {
    inspect(&fs::read("/bin/true").unwrap()).unwrap().platform.unwrap()
}

fn judge(subject: &Subject, root: &Path) -> Judgement {
    first_gate(subject, &Target { platform: &here(), root, folder: None })
}

fn codes(judgement: &Judgement) -> Vec<&str> {
    judgement.findings.iter().map(|finding| finding.code.name()).collect()
}

#[test]
fn a_program_of_this_machine_passes_here() {
    let judgement = judge(&Subject::of_file(Path::new("/bin/true")), Path::new("/"));
    assert_eq!(codes(&judgement), Vec::<&str>::new());
    assert_eq!(judgement.decision(), GateDecision::Passed);
    let libraries = &judgement.resolution.as_ref().unwrap().libraries;
    let count = libraries.iter().filter(|library| !library.name.starts_with("ld-")).count();
    let summary = &judgement.summary;
    assert!(summary.starts_with("dynamic, ") && summary.contains(&format!(", {count} librar")), "{summary}");
    assert!(summary.contains(" present, needs glibc 2."), "{summary}");
}

#[test]
fn an_empty_root_lacks_the_loader_and_the_library() {
    let root = tempfile::tempdir().unwrap();
    let judgement = judge(&Subject::of_file(Path::new("/bin/true")), root.path());
    assert_eq!(codes(&judgement), ["loader-missing", "library-missing"]);
    assert_eq!(judgement.decision(), GateDecision::Refused);
    let loader = &judgement.findings[0];
    assert!(loader.message.contains("/bin/true") && loader.message.contains("is not on the target"));
    assert!(loader.fix.contains("a target with glibc 2."), "{}", loader.fix);
    assert!(judgement.findings[1].message.contains("libc.so.6"), "{:?}", judgement.findings[1]);
}

#[test]
fn a_program_for_another_platform_is_refused_without_asking_for_libraries() {
    let platform = Platform { os: "linux".to_owned(), arch: "s390x".to_owned() };
    let target = Target { platform: &platform, root: Path::new("/"), folder: None };
    let judgement = first_gate(&Subject::of_file(Path::new("/bin/true")), &target);
    assert_eq!(codes(&judgement), ["wrong-platform"]);
    assert!(judgement.findings[0].fix.contains("--target s390x-unknown-linux-gnu"));
    assert_eq!(judgement.resolution, None);
    assert!(judgement.summary.contains(&format!("executable for {}, ", here())), "{}", judgement.summary);
}

#[test]
fn what_is_no_program_is_named_with_its_fix() {
    let cases: [(&[u8], &str, &str); 4] = [
        (b"", "artifact-empty", "copy or build it again"),
        (b"#!/usr/bin/env python3\n", "script-not-binary", "release the program that it starts"),
        (b"PK\x03\x04", "not-a-program", "name the program that the build makes"),
        (b"\x7fELF\x02\x01\x01", "artifact-damaged", "copy or build it again"),
    ];
    for (bytes, code, fix) in cases {
        let judgement = judge(&Subject::of_bytes("./app", bytes, true), Path::new("/"));
        assert_eq!(codes(&judgement), [code]);
        let finding = &judgement.findings[0];
        assert!(finding.message.starts_with("./app: the file is "), "{finding:?}");
        assert_eq!(finding.fix, fix, "{finding:?}");
    }
    let gone = judge(&Subject::of_file(Path::new("/nonexistent/app")), Path::new("/"));
    assert_eq!(codes(&gone), ["artifact-unreadable"]);
    let cut = Subject::of_bytes("./app", &fs::read("/bin/true").unwrap()[..5000], true);
    assert!(matches!(cut.program, Err(InspectError::Truncated { .. })));
    assert_eq!(codes(&judge(&cut, Path::new("/"))), ["artifact-damaged"]);
}

#[test]
fn mode_and_dirty_tree_are_seen() {
    let mut subject = Subject::of_bytes("./app", &fs::read("/bin/true").unwrap(), false);
    let settings = [("vcs.modified", "true"), ("vcs.revision", "0123456789abcdef")];
    let settings = settings.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    subject.go = Program::Go(BuildInfo { settings, ..BuildInfo::default() });
    let judgement = judge(&subject, Path::new("/"));
    assert_eq!(codes(&judgement), ["not-executable", "go-dirty-build"]);
    assert!(judgement.findings[1].message.contains("0123456789ab does not hold"));
    subject.file.executable = true;
    assert_eq!(judge(&subject, Path::new("/")).decision(), GateDecision::Warned);
}

#[test]
fn a_glibc_that_is_too_old_is_named_by_version() {
    let mut subject = Subject::of_file(Path::new("/bin/true"));
    let facts = subject.program.as_mut().unwrap();
    let libc = facts.required_versions.iter_mut().find(|library| library.library == "libc.so.6").unwrap();
    libc.versions.push(RequiredVersion { name: "GLIBC_2.99".to_owned(), weak: false });
    libc.versions.push(RequiredVersion { name: "GLIBC_3.0".to_owned(), weak: true });
    facts.oldest_glibc = GlibcVersion::of_symbol_version("GLIBC_2.99");
    let judgement = judge(&subject, Path::new("/"));
    assert_eq!(codes(&judgement), ["symbol-version-missing"]);
    let finding = &judgement.findings[0];
    assert!(finding.message.contains("lacks GLIBC_2.99, which /bin/true needs"), "{finding:?}");
    assert!(finding.fix.contains("glibc 2.99 or newer"), "{finding:?}");
}

#[test]
fn a_library_is_no_program() {
    let judgement = judge(&Subject::of_file(Path::new("/bin/true")), Path::new("/"));
    let libc = judgement.resolution.unwrap().libraries[0].path.clone().unwrap();
    let judgement = judge(&Subject::of_file(&libc), Path::new("/"));
    assert!(codes(&judgement).contains(&"not-a-program"), "{judgement:?}");
}

#[test]
fn codes_are_written_as_they_are_named() {
    let written = serde_json::to_string(&Code::SymbolVersionMissing).unwrap();
    assert_eq!(written, format!("\"{}\"", Code::SymbolVersionMissing));
}
