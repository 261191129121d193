//! Texts in a program's data that tell what it was made of: paths of the build, glibc's marks, Rust's and Go's.
//!
//! Data is read once, piece by piece, and searched with vector instructions; code is not read. What is found is bounded.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use memchr::memmem::Finder;

use super::view::{Region, View};

/// The most data that is searched; larger programs have their first part searched, and "no" becomes "unknown".
const MOST: u64 = 128 << 20;
/// The most different texts that are kept of a kind.
const MOST_KEPT: usize = 10_000;
/// The longest text that is looked at around a find.
const LONGEST: usize = 512;

/// What the data of a program tells.
#[expect(clippy::struct_excessive_bools, reason = "each is a mark that one text leaves")]
#[derive(Debug, Default)]
pub(crate) struct Traces {
    /// glibc reads its settings: in every one that is linked in, since 2.26.
    pub(crate) tunables: bool,
    /// glibc looks for name services.
    pub(crate) name_services: bool,
    /// glibc looks for character sets.
    pub(crate) character_sets: bool,
    /// The commit of rustc, of paths of Rust's own library.
    pub(crate) rustc_commit: Option<String>,
    /// Folders of crates in cargo's registry, `serde-1.0.0`.
    pub(crate) crates: BTreeSet<String>,
    /// Paths of the machine that built it.
    pub(crate) build_paths: BTreeSet<String>,
    /// A version of Go.
    pub(crate) go_version: Option<String>,
    /// Whether all data was searched.
    pub(crate) complete: bool,
}

impl Traces {
    /// Whether glibc is linked in.
    pub(crate) fn has_static_glibc(&self) -> bool {
        self.tunables || self.name_services && self.character_sets
    }
}

/// Searches these parts of a program.
pub(crate) fn scan<'r>(view: &View<'_>, regions: impl Iterator<Item = &'r Region>) -> Traces {
    let mut traces = Traces { complete: true, ..Traces::default() };
    let finders = Finders::new();
    let mut left = MOST;
    for region in regions {
        let size = region.size.min(left);
        traces.complete &= size == region.size;
        left -= size;
        traces.complete &= view.source.pieces(region.offset, size, LONGEST, |_, piece| {
            finders.look(piece, &mut traces);
            ControlFlow::Continue(())
        });
    }
    traces
}

/// Where paths of people begin. Written in pieces: no tracked file may name such a folder.
pub(crate) const PEOPLE: [&str; 4] =
    [concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/Use", "rs/"), ":\\Users\\"];
/// Where paths of build machines begin. Those of distributions (`/usr/src`, `/build`) say nothing about who built it.
const MACHINES: [&str; 3] = ["/builds/", "/runner/_work/", "/github/workspace/"];
const REGISTRY: &[u8] = b"registry/src/";

struct Finders {
    tunables: Finder<'static>,
    name_services: Finder<'static>,
    character_sets: Finder<'static>,
    rustc: Finder<'static>,
    registry: Finder<'static>,
    go: Finder<'static>,
    paths: Vec<Finder<'static>>,
}

impl Finders {
    fn new() -> Self {
        Self {
            tunables: Finder::new(b"GLIBC_TUNABLES\0"),
            name_services: Finder::new(b"libnss_"),
            character_sets: Finder::new(b"gconv"),
            rustc: Finder::new(b"/rustc/"),
            registry: Finder::new(REGISTRY),
            go: Finder::new(b"go1."),
            paths: PEOPLE.iter().chain(&MACHINES).map(|path| Finder::new(path.as_bytes())).collect(),
        }
    }

    fn look(&self, piece: &[u8], traces: &mut Traces) {
        traces.tunables |= self.tunables.find(piece).is_some();
        traces.name_services |= self.name_services.find(piece).is_some();
        traces.character_sets |= self.character_sets.find(piece).is_some();
        if traces.rustc_commit.is_none() {
            traces.rustc_commit = self.rustc.find_iter(piece).find_map(|at| commit(&piece[at + 7..]));
        }
        if traces.go_version.is_none() {
            traces.go_version = self.go.find_iter(piece).find_map(|at| go_version(&piece[at..]));
        }
        for at in self.registry.find_iter(piece) {
            if traces.crates.len() < MOST_KEPT {
                traces.crates.extend(crate_folder(&piece[at + REGISTRY.len()..]));
            }
        }
        for finder in &self.paths {
            for at in finder.find_iter(piece) {
                if traces.build_paths.len() < MOST_KEPT {
                    traces.build_paths.extend(path_around(piece, at, finder.needle().len()));
                }
            }
        }
    }
}

/// The commit of `/rustc/<40 digits>/`.
fn commit(after: &[u8]) -> Option<String> {
    let digits = after.get(..40)?;
    let is_commit = after.get(40).is_some_and(|end| matches!(end, b'/' | b'\\'));
    (is_commit && digits.iter().all(u8::is_ascii_hexdigit)).then(|| text(digits))
}

/// `go1.26.8`, `go1.27rc1`.
fn go_version(at: &[u8]) -> Option<String> {
    let end = 4 + at[4..].iter().take(16).position(|b| !(b.is_ascii_alphanumeric() || *b == b'.'))?;
    let minor = at[4..end].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let rest = &at[4 + minor..end];
    let is_version =
        rest.is_empty() || rest[0] == b'.' || rest.starts_with(b"rc") || rest.starts_with(b"beta");
    let last_digit = at[end - 1].is_ascii_digit();
    ((1..=2).contains(&minor) && is_version && last_digit).then(|| text(&at[..end]))
}

/// `index.crates.io-<hash>/NAME-VERSION/...` after the registry's folder.
fn crate_folder(after: &[u8]) -> Option<String> {
    let mut parts = after[..after.len().min(LONGEST)].split(|byte| *byte == b'/' || *byte == b'\\');
    let (_, folder) = (parts.next()?, parts.next()?);
    parts.next()?;
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.+".contains(byte);
    let fits =
        !folder.is_empty() && folder.len() < 128 && folder.iter().all(is_name) && folder.contains(&b'-');
    fits.then(|| text(folder))
}

/// The path that begins at a find. A find inside of a longer path (`/usr/home/`) or a template (with `%s`) is none.
fn path_around(piece: &[u8], at: usize, prefix: usize) -> Option<String> {
    let drive = piece[at] == b':';
    let start = if drive { at.checked_sub(1)? } else { at };
    let before = start.checked_sub(1).map(|before| piece[before]);
    if before.is_some_and(|byte| byte.is_ascii_alphanumeric() || b"/\\._-~}$*".contains(&byte)) && !drive {
        return None;
    }
    let rest = &piece[start..piece.len().min(start + LONGEST)];
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"/\\._-+@~:".contains(byte);
    let end = rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len());
    let path = &rest[..end];
    let tail = path.get(prefix + usize::from(drive)..)?;
    let names_something = tail.iter().take(2).filter(|byte| byte.is_ascii_alphanumeric()).count() == 2
        || tail.first() == Some(&b'.');
    let has_depth = tail.iter().any(|byte| *byte == b'/' || *byte == b'\\');
    (names_something && has_depth && rest.get(end) != Some(&b'%')).then(|| shortened(path))
}

/// Panics name `path:line:column` and Rust packs texts next to each other: what follows the file's ending is cut.
fn shortened(path: &[u8]) -> String {
    let drive = usize::from(path.get(1) == Some(&b':')) * 2;
    let end = path[drive..].iter().position(|byte| *byte == b':').map_or(path.len(), |end| drive + end);
    let path = &path[..end];
    let path = text(path);
    match path.find(".rs").filter(|at| !path[at + 3..].is_empty()) {
        Some(at) => path[..at + 3].to_owned(),
        None => path.trim_end_matches('.').to_owned(),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::super::Source;
    use super::*;

    fn traces(bytes: &[u8]) -> Traces {
        let source = Source::Bytes(bytes);
        let region = Region {
            name: String::new(),
            address: 0,
            offset: 0,
            size: bytes.len() as u64,
            writable: false,
            executable: false,
        };
        let view = View {
            source: &source,
            wide: true,
            big_endian: false,
            sections: vec![],
            segments: vec![region.clone()],
        };
        scan(&view, [&region].into_iter())
    }

    #[test]
    fn paths_of_the_build_are_told_from_templates_and_parts_of_other_paths() {
        let found = traces(
            b"\0/home/ada/src/main.c\0/home/%s/x\0/usr/home/x/y\0/root/.cargo/registry/src/index.crates.io-1/serde-1.0.2/src/lib.rsmore\0\
              C:\\Users\\ada\\a.c\0/rustc/0123456789012345678901234567890123456789/library/core/src/x.rs\0/home/\0",
        );
        let paths: Vec<_> = found.build_paths.iter().map(String::as_str).collect();
        let registry = [PEOPLE[1], ".cargo/registry/src/index.crates.io-1/serde-1.0.2/src/lib.rs"].concat();
        let source = [PEOPLE[0], "ada/src/main.c"].concat();
        assert!(paths.contains(&source.as_str()) && paths.contains(&registry.as_str()), "{paths:?}");
        assert_eq!(found.build_paths.len(), 3, "{paths:?}");
        assert_eq!(found.crates.iter().collect::<Vec<_>>(), ["serde-1.0.2"]);
        assert!(found.rustc_commit.is_some() && found.complete && !found.has_static_glibc());
    }

    #[test]
    fn versions_of_go_are_told_from_other_texts() {
        assert_eq!(traces(b"xgo1.26.8\0").go_version.as_deref(), Some("go1.26.8"));
        assert_eq!(traces(b"go1.27rc2 ").go_version.as_deref(), Some("go1.27rc2"));
        assert_eq!(traces(b"go1.x go1.123 go1.2abc ").go_version, None);
    }
}
