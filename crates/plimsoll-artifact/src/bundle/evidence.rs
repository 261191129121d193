//! What programs and libraries tell of what they open at run time: functions that they take from libraries, and texts.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::Path;

use crate::elf::{imports_of, open_plain};
use crate::program::Source;

/// Longer texts are cut; nginx keeps all its build options in one.
const LONGEST_TEXT: usize = 4096;
const SHORTEST_TEXT: usize = 4;
/// The most texts that are kept of all files together.
const MOST_TEXTS: usize = 100_000;
/// The most of a file that is searched.
const MOST_BYTES: u64 = 512 << 20;

/// Texts that are kept wherever they are: variables that programs read, and options that tell what they are.
const MARKS: [&str; 8] = [
    "PYTHONHOME",
    "PERL5LIB",
    "GIT_EXEC_PATH",
    "SSL_CERT_FILE",
    "OPENSSL_MODULES",
    "--modules-path=",
    "TERMINFO_DIRS",
    "GCONV_PATH",
];

/// What the files of a bundle tell.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    /// Names that are taken from libraries, and the first file that does.
    imports: BTreeMap<String, String>,
    /// Paths, names of libraries and marks, and the first file that has them.
    texts: BTreeMap<String, String>,
    /// Names of libraries in files that open libraries by name.
    opened: BTreeMap<String, BTreeSet<String>>,
    /// Whether all texts of all files were looked at.
    pub(super) is_complete: bool,
}

impl Evidence {
    pub(super) fn new() -> Self {
        Self { is_complete: true, ..Self::default() }
    }

    /// Adds what one file tells, under this name.
    pub(super) fn add(&mut self, name: &str, file: &Path) {
        let imports = imports_of(file);
        self.is_complete &= imports.is_some();
        let imports = imports.unwrap_or_default();
        let opens = imports.contains("dlopen") || imports.contains("dlmopen");
        for import in imports {
            self.imports.entry(import).or_insert_with(|| name.to_owned());
        }
        let Ok((file, length)) = open_plain(file) else {
            self.is_complete = false;
            return;
        };
        let source = Source::File(file, length);
        let whole = source.pieces(0, length.min(MOST_BYTES), LONGEST_TEXT, |offset, piece| {
            for text in texts(whole_texts(piece, offset > 0, offset + (piece.len() as u64) < length)) {
                self.keep(text, name, opens);
            }
            ControlFlow::Continue(())
        });
        self.is_complete &= whole && length <= MOST_BYTES;
    }

    fn keep(&mut self, text: &str, file: &str, opens: bool) {
        if opens && is_library(text) {
            self.opened.entry(text.to_owned()).or_default().insert(file.to_owned());
        }
        let is_kept = text.starts_with('/') || MARKS.iter().any(|mark| text.contains(mark));
        if !is_kept {
            return;
        }
        if self.texts.len() >= MOST_TEXTS {
            self.is_complete = false;
        } else if !self.texts.contains_key(text) {
            self.texts.insert(text.to_owned(), file.to_owned());
        }
    }

    /// The first of these functions that a file takes from a library: which, and who.
    pub(super) fn import(&self, names: &[&str]) -> Option<(&str, &str)> {
        names.iter().find_map(|name| {
            self.imports.get_key_value(*name).map(|(import, file)| (import.as_str(), file.as_str()))
        })
    }

    /// A text that contains this mark, and the file that has it.
    pub(super) fn text_with(&self, mark: &str) -> Option<(&str, &str)> {
        self.texts
            .iter()
            .find(|(text, _)| text.contains(mark))
            .map(|(text, file)| (text.as_str(), file.as_str()))
    }

    /// Paths in texts, with the file that has each.
    pub(super) fn paths(&self) -> impl Iterator<Item = (&Path, &str)> {
        self.texts
            .iter()
            .filter(|(text, _)| text.starts_with('/'))
            .map(|(text, file)| (Path::new(text.as_str()), file.as_str()))
    }

    /// The first path in a text that ends so and is a folder of this machine.
    pub(super) fn folder_ending(&self, end: &str) -> Option<&Path> {
        self.paths().map(|(path, _)| path).find(|path| path.ends_with(end) && path.is_dir())
    }

    /// Names of libraries in files that open libraries by name, and those files.
    pub(super) fn opened(&self) -> impl Iterator<Item = (&str, &BTreeSet<String>)> {
        self.opened.iter().map(|(name, files)| (name.as_str(), files))
    }
}

/// A piece without what may be cut off at its ends; the neighbours have that whole.
fn whole_texts(piece: &[u8], has_before: bool, has_after: bool) -> &[u8] {
    let is_end = |byte: &u8| !(0x20..0x7f).contains(byte);
    let start = if has_before { piece.iter().position(is_end).unwrap_or(piece.len()) } else { 0 };
    let end = if has_after { piece.iter().rposition(is_end).unwrap_or(0) } else { piece.len() };
    piece.get(start..end).unwrap_or_default()
}

/// The printable texts of a piece of a file.
fn texts(piece: &[u8]) -> impl Iterator<Item = &str> {
    piece
        .split(|byte| !(0x20..0x7f).contains(byte))
        .filter(|text| (SHORTEST_TEXT..=LONGEST_TEXT).contains(&text.len()))
        .filter_map(|text| std::str::from_utf8(text).ok())
}

/// Whether a text is the name or path of a library: `libx.so`, `libx.so.1`, `/opt/libx-1.so`.
fn is_library(text: &str) -> bool {
    let Some(name) = text.rsplit('/').next().filter(|name| name.starts_with("lib")) else { return false };
    let Some((stem, version)) = name.split_once(".so") else { return false };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-+.".contains(c);
    let is_version = version.is_empty()
        || version.strip_prefix('.').is_some_and(|v| v.chars().all(|c| c.is_ascii_digit() || c == '.'));
    stem.len() > 3 && stem.chars().all(is_plain) && is_version && (text == name || text.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_libraries_are_told_from_other_texts() {
        for yes in
            ["libx.so", "libgcc_s.so.1", "/usr/lib/libodbc.so.2.0.0", "libnss_dns.so.2", "libstdc++.so.6"]
        {
            assert!(is_library(yes), "{yes}");
        }
        for no in
            ["lib.so", "libx.sob", "libx.so.1 is missing", "lib%s.so.2", "libx.so.x", "x/libx.so", "libx.a"]
        {
            assert!(!is_library(no), "{no}");
        }
    }

    #[test]
    fn programs_tell_what_they_call() {
        let mut evidence = Evidence::new();
        evidence.add("ls", Path::new("/bin/ls"));
        assert!(evidence.is_complete);
        assert_eq!(evidence.import(&["nothing", "getpwuid"]), Some(("getpwuid", "ls")));
        assert!(evidence.import(&["dlopen"]).is_none() && evidence.opened().next().is_none());
    }
}
