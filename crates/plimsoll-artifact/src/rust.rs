//! What a program tells of Rust: the list of `cargo auditable`, the compiler's mark, paths of sources.

use plimsoll_model::inspection::{Answer, Rust, RustPackage};
use serde::Deserialize;

use crate::program::{Traces, View};

/// Four hundred packages take about 4 KB packed.
const LARGEST_PACKED: u64 = 4 << 20;
const LARGEST: usize = 16 << 20;
const LARGEST_COMMENT: u64 = 1 << 16;
const MOST_PACKAGES: usize = 20_000;

/// What a program tells of Rust; `None` where nothing of Rust is seen.
pub(crate) fn read(view: &View<'_>, traces: &Traces) -> Option<Rust> {
    let rustc = compiler(view);
    let listed = packages(view);
    let commit = traces.rustc_commit.clone();
    let evidence = match (&rustc, &listed, &commit, traces.crates.first()) {
        (Some(_), ..) => "the compiler's mark in .comment",
        (_, Listed::Yes(_) | Listed::Damaged, ..) => "the list of cargo auditable",
        (_, _, Some(_), _) => "paths of Rust's own library",
        (_, _, _, Some(_)) => "paths of crates",
        _ => return None,
    };
    let (rustc, marked_commit) = rustc.unzip();
    Some(Rust {
        rustc,
        commit: commit.or_else(|| marked_commit.flatten()),
        evidence: evidence.to_owned(),
        auditable: match &listed {
            Listed::Yes(_) => Answer::Yes,
            Listed::Damaged => Answer::Unknown,
            Listed::No => Answer::No,
        },
        packages: match listed {
            Listed::Yes(packages) => packages,
            _ => Vec::new(),
        },
        crates_in_paths: traces.crates.iter().cloned().collect(),
    })
}

/// Version and commit, of `rustc version 1.90.0 (1159e78c4 2025-09-14)` in the section where compilers sign.
fn compiler(view: &View<'_>) -> Option<(String, Option<String>)> {
    let section = view.section(&[".comment"])?;
    let bytes = view.bytes(section.offset, section.size.min(LARGEST_COMMENT))?;
    let text = String::from_utf8_lossy(&bytes);
    let (_, after) = text.split_once("rustc version ")?;
    let after = after.split('\0').next()?;
    let (version, rest) = after.split_once(' ').unwrap_or((after, ""));
    let commit = rest.trim_start_matches('(').split(' ').next().filter(|commit| commit.len() >= 7);
    Some((version.to_owned(), commit.map(str::to_owned)))
}

enum Listed {
    Yes(Vec<RustPackage>),
    /// It is there and cannot be read.
    Damaged,
    No,
}

#[derive(Deserialize)]
struct List {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    source: String,
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    root: bool,
}

fn packages(view: &View<'_>) -> Listed {
    let Some(section) = view.section(&[".dep-v0"]) else { return Listed::No };
    let packed = view.bytes(section.offset, section.size.min(LARGEST_PACKED));
    let list = packed.and_then(|packed| unpack(&packed));
    match list.filter(|list| list.packages.len() <= MOST_PACKAGES) {
        Some(list) => Listed::Yes(list.packages.into_iter().map(package).collect()),
        None => Listed::Damaged,
    }
}

/// The section may be padded behind the packed data.
fn unpack(packed: &[u8]) -> Option<List> {
    let bytes = miniz_oxide::inflate::decompress_to_vec_zlib_with_limit(packed, LARGEST).ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn package(package: Package) -> RustPackage {
    RustPackage {
        name: package.name,
        version: package.version,
        source: package.source,
        build_only: package.kind.as_deref() == Some("build"),
        root: package.root,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::{Region, Source};

    fn read_sections(sections: &[(&str, &[u8])]) -> Option<Rust> {
        let bytes: Vec<u8> = sections.iter().flat_map(|(_, bytes)| bytes.iter().copied()).collect();
        let mut offset = 0;
        let regions = sections.iter().map(|(name, bytes)| {
            let (start, size) = (offset, bytes.len() as u64);
            offset += size;
            Region {
                name: (*name).to_owned(),
                address: 0,
                offset: start,
                size,
                writable: false,
                executable: false,
            }
        });
        let sections = regions.collect();
        let source = Source::Bytes(&bytes);
        let view = View { source: &source, wide: true, big_endian: false, sections, segments: vec![] };
        read(&view, &Traces::default())
    }

    #[test]
    fn the_list_of_cargo_auditable_is_read() {
        let json = br#"{"packages":[{"name":"app","version":"0.1.0","source":"local","dependencies":[1],"root":true},
            {"name":"cc","version":"1.2.3","source":"crates.io","kind":"build"}]}"#;
        let packed = miniz_oxide::deflate::compress_to_vec_zlib(json, 6);
        let comment = b"GCC: (Debian) 12\0rustc version 1.90.0 (1159e78c4 2025-09-14)\0";
        let rust = read_sections(&[(".dep-v0", &packed), (".comment", comment)]).unwrap();
        assert_eq!(rust.auditable, Answer::Yes);
        assert_eq!(
            (rust.packages.len(), rust.packages[1].build_only, rust.packages[0].root),
            (2, true, true)
        );
        assert_eq!((rust.rustc.as_deref(), rust.commit.as_deref()), (Some("1.90.0"), Some("1159e78c4")));
    }

    #[test]
    fn a_list_that_is_damaged_or_too_large_is_unknown() {
        let bomb = miniz_oxide::deflate::compress_to_vec_zlib(&vec![b' '; LARGEST + 1], 6);
        for packed in [&b"\x78\x9c\0\0"[..], b"", &bomb] {
            assert_eq!(read_sections(&[(".dep-v0", packed)]).unwrap().auditable, Answer::Unknown);
        }
        assert!(read_sections(&[(".comment", b"GCC")]).is_none());
    }
}
