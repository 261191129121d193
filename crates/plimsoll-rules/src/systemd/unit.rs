//! A unit: its name, its file and its drop-ins, read in the order in which systemd reads them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::file::{Assignment, UnitFile};
use crate::files::{Unreadable, read_text};
use crate::source::Source;

/// The largest unit file that is read, in bytes.
pub const LARGEST: u64 = 1 << 20;

/// Drop-ins of a unit that are read.
const MOST_DROP_INS: usize = 256;

/// What a unit is, told by the end of its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Kind {
    Service,
    Socket,
    Target,
    Device,
    Mount,
    Automount,
    Swap,
    Timer,
    Path,
    Slice,
    Scope,
}

impl Kind {
    /// Every kind with the end of its name and the section of its own.
    const ALL: [(Self, &'static str, &'static [&'static str]); 11] = [
        (Self::Service, "service", &["Unit", "Install", "Service"]),
        (Self::Socket, "socket", &["Unit", "Install", "Socket"]),
        (Self::Target, "target", &["Unit", "Install", "Target"]),
        (Self::Device, "device", &["Unit", "Install", "Device"]),
        (Self::Mount, "mount", &["Unit", "Install", "Mount"]),
        (Self::Automount, "automount", &["Unit", "Install", "Automount"]),
        (Self::Swap, "swap", &["Unit", "Install", "Swap"]),
        (Self::Timer, "timer", &["Unit", "Install", "Timer"]),
        (Self::Path, "path", &["Unit", "Install", "Path"]),
        (Self::Slice, "slice", &["Unit", "Install", "Slice"]),
        (Self::Scope, "scope", &["Unit", "Install", "Scope"]),
    ];

    fn row(self) -> &'static (Self, &'static str, &'static [&'static str]) {
        Self::ALL.iter().find(|row| row.0 == self).expect("every kind has a row")
    }

    /// The end of its name.
    pub fn suffix(self) -> &'static str {
        self.row().1
    }

    /// The sections that it may have.
    pub fn sections(self) -> &'static [&'static str] {
        self.row().2
    }

    /// The section of its own: `Service`.
    pub fn own_section(self) -> &'static str {
        self.row().2[2]
    }

    /// The kind with this end.
    pub fn of_suffix(suffix: &str) -> Option<Self> {
        Self::ALL.iter().find(|row| row.1 == suffix).map(|row| row.0)
    }
}

/// The name of a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitName {
    /// What stands before `@` or before the end: `getty` of `getty@tty1.service`.
    pub prefix: String,
    /// What stands behind `@`; empty in a template.
    pub instance: Option<String>,
    /// Its kind.
    pub kind: Kind,
}

impl UnitName {
    /// Reads a name.
    pub fn new(name: &str) -> Option<Self> {
        let (stem, suffix) = name.rsplit_once('.')?;
        let kind = Kind::of_suffix(suffix)?;
        let is_valid = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || ":-_.\\@".contains(c));
        if stem.is_empty() || stem.starts_with('@') || !is_valid(stem) {
            return None;
        }
        let (prefix, instance) = match stem.split_once('@') {
            Some((prefix, instance)) => (prefix, Some(instance.to_owned())),
            None => (stem, None),
        };
        Some(Self { prefix: prefix.to_owned(), instance, kind })
    }

    /// Whether it is a template, which runs only as an instance.
    pub fn is_template(&self) -> bool {
        self.instance.as_deref() == Some("")
    }

    /// The name as it is written.
    pub fn full(&self) -> String {
        let at = self.instance.as_ref().map_or(String::new(), |instance| format!("@{instance}"));
        format!("{}{at}.{}", self.prefix, self.kind.suffix())
    }

    /// The folders of drop-ins that hold for it, the nearest first: of the instance, of the template, of each prefix that ends
    /// in `-`, of the kind.
    fn drop_in_folders(&self) -> Vec<String> {
        let suffix = self.kind.suffix();
        let mut folders = vec![format!("{}.d", self.full())];
        if self.instance.as_ref().is_some_and(|instance| !instance.is_empty()) {
            folders.push(format!("{}@.{suffix}.d", self.prefix));
        }
        let at = if self.instance.is_some() { "@" } else { "" };
        for (index, _) in self.prefix.rmatch_indices('-') {
            // `a-.service` is the prefix of `a-b.service`, not of itself.
            if index + 1 < self.prefix.len() {
                folders.push(format!("{}{at}.{suffix}.d", &self.prefix[..=index]));
            }
        }
        folders.push(format!("{suffix}.d"));
        folders
    }
}

/// A unit with everything that was said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Its name.
    pub name: UnitName,
    /// Its file, then its drop-ins, in the order in which they count.
    pub files: Vec<UnitFile>,
}

/// Why a unit cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum NoUnit {
    /// The name is no unit's.
    #[error(
        "{name} is no name of a unit: it ends in none of .service, .socket, .timer, .path, .mount, .target and their like"
    )]
    Name {
        /// The name.
        name: String,
    },
    /// A file cannot be read.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: String,
        /// Why.
        source: Unreadable,
    },
}

impl Unit {
    /// A unit of texts: its file, then its drop-ins.
    pub fn of_texts(name: UnitName, texts: impl IntoIterator<Item = Source>) -> Self {
        let files = texts.into_iter().map(|source| UnitFile::parse(source, name.kind)).collect();
        Self { name, files }
    }

    /// Reads a unit's file and the drop-ins beside it and in these folders, the first of which counts most.
    pub fn read(path: &Path, folders: &[PathBuf]) -> Result<Self, NoUnit> {
        let file_name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let name = UnitName::new(&file_name).ok_or(NoUnit::Name { name: file_name })?;
        let read = |path: &Path| {
            let shown = path.display().to_string();
            match read_text(path, LARGEST) {
                Ok(text) => Ok(Source::new(shown, text)),
                Err(source) => Err(NoUnit::File { path: shown, source }),
            }
        };
        let mut sources = vec![read(path)?];
        let beside = path.parent().unwrap_or(Path::new("")).to_path_buf();
        for drop_in in drop_ins(&name, std::iter::once(&beside).chain(folders)) {
            sources.push(read(&drop_in)?);
        }
        Ok(Self::of_texts(name, sources))
    }

    /// All assignments that count, in order.
    pub fn assignments(&self) -> impl Iterator<Item = &Assignment> {
        self.files.iter().filter(|file| !file.is_refused()).flat_map(|file| &file.assignments)
    }

    /// All assignments of a section, in order.
    pub fn section<'u>(&'u self, section: &'u str) -> impl Iterator<Item = &'u Assignment> {
        self.assignments().filter(move |assignment| assignment.section == section)
    }

    /// The last assignment of a setting that takes one value; an empty one counts.
    pub fn last(&self, section: &str, key: &str) -> Option<&Assignment> {
        self.assignments().filter(|assignment| assignment.section == section && assignment.key == key).last()
    }

    /// The assignments of a setting that is a list: those behind the last empty one.
    pub fn list(&self, section: &str, key: &str) -> Vec<&Assignment> {
        let mut list = Vec::new();
        for assignment in
            self.assignments().filter(|assignment| assignment.section == section && assignment.key == key)
        {
            if assignment.value.is_empty() {
                list.clear();
            } else {
                list.push(assignment);
            }
        }
        list
    }
}

/// The drop-ins of a unit, in the order in which they count. Of several with one name, the nearest one stands for all.
fn drop_ins<'p>(name: &UnitName, roots: impl Iterator<Item = &'p PathBuf>) -> Vec<PathBuf> {
    let roots: Vec<&PathBuf> = roots.collect();
    let mut found: BTreeMap<String, PathBuf> = BTreeMap::new();
    for folder in name.drop_in_folders() {
        for root in &roots {
            let Ok(entries) = fs::read_dir(root.join(&folder)) else { continue };
            for entry in entries.flatten().take(MOST_DROP_INS) {
                let file_name = entry.file_name().to_string_lossy().into_owned();
                let is_drop_in =
                    entry.path().extension().is_some_and(|end| end == "conf") && !file_name.starts_with('.');
                if is_drop_in && found.len() < MOST_DROP_INS {
                    found.entry(file_name).or_insert_with(|| entry.path());
                }
            }
        }
    }
    // A link to /dev/null takes a drop-in away.
    found.into_values().filter(|path| path.is_file()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read() {
        let name = UnitName::new("a-b-c@x.y.service").unwrap();
        assert_eq!(
            (name.prefix.as_str(), name.instance.as_deref(), name.kind),
            ("a-b-c", Some("x.y"), Kind::Service)
        );
        assert_eq!(
            name.drop_in_folders(),
            ["a-b-c@x.y.service.d", "a-b-c@.service.d", "a-b-@.service.d", "a-@.service.d", "service.d"]
        );
        assert!(UnitName::new("a@.service").unwrap().is_template());
        for wrong in ["a", "a.conf", ".service", "@x.service", "a b.service"] {
            assert_eq!(UnitName::new(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn drop_ins_count_by_name_and_nearness() {
        let root = tempfile::tempdir().unwrap();
        let (near, far) = (root.path().join("near"), root.path().join("far"));
        let write = |path: PathBuf, text: &str| {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write(near.join("a-b.service"), "[Service]\nNice=1\nEnvironment=A=1\n");
        write(far.join("a-b.service.d/10-x.conf"), "[Service]\nNice=2\n");
        write(near.join("service.d/10-x.conf"), "[Service]\nNice=9\n");
        write(near.join("a-.service.d/20.conf"), "[Service]\nEnvironment=\nEnvironment=B=2\n");
        write(near.join("a-b.service.d/30.txt"), "[Service]\nNice=9\n");
        std::os::unix::fs::symlink("/dev/null", far.join("a-b.service.d/40.conf")).unwrap();
        let unit = Unit::read(&near.join("a-b.service"), &[far]).unwrap();
        assert_eq!(unit.files.len(), 3);
        assert_eq!(unit.last("Service", "Nice").unwrap().value, "2");
        let list: Vec<_> = unit.list("Service", "Environment").iter().map(|a| a.value.clone()).collect();
        assert_eq!(list, ["B=2"]);
    }
}
