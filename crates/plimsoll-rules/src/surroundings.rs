//! What lies beside a file: the other files of its project, and what its sources tell of the program that they make.
//!
//! Rules that look at two files ask here. Nothing is read before a rule asks, each file once a run, and none above the
//! folder that was named.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use crate::dockerfile::{self, Dockerfile};
use crate::files::{Kind, read_text};
use crate::go_sources::GoSources;
use crate::source::Source;
use crate::systemd::program;
use crate::tree::Tree;

/// Names in a folder that are looked at; where there are more, none is known.
const MOST_NAMES: usize = 5_000;

/// Bytes of neighbours that are kept in one run; what is beyond is unknown.
const MOST_KEPT: usize = 64 << 20;

/// Where files are read from, and what was read already.
#[derive(Debug, Default)]
pub struct Shelf {
    /// Files that exist only here; the disk where there are none.
    memory: Option<BTreeMap<PathBuf, String>>,
    texts: RefCell<BTreeMap<PathBuf, Option<Rc<str>>>>,
    trees: RefCell<BTreeMap<PathBuf, Option<Rc<Tree>>>>,
    dockerfiles: RefCell<BTreeMap<PathBuf, Option<Rc<Dockerfile>>>>,
    go: RefCell<BTreeMap<PathBuf, Option<Rc<GoSources>>>>,
    kept: RefCell<usize>,
}

/// What is around a file.
#[derive(Debug, Clone)]
pub struct Surroundings {
    shelf: Rc<Shelf>,
    /// Nothing above it is looked at.
    root: PathBuf,
    /// The folder of the file.
    folder: PathBuf,
    names: OnceCell<Option<Rc<BTreeSet<String>>>>,
}

impl Shelf {
    /// The files of this machine.
    pub fn disk() -> Rc<Self> {
        Rc::new(Self::default())
    }

    /// These files and no others.
    pub fn memory(files: BTreeMap<PathBuf, String>) -> Rc<Self> {
        Rc::new(Self { memory: Some(files), ..Self::default() })
    }

    fn text(&self, path: &Path) -> Option<Rc<str>> {
        if let Some(known) = self.texts.borrow().get(path) {
            return known.clone();
        }
        let text: Option<Rc<str>> = self.read(path).map(Rc::from);
        let size = text.as_ref().map_or(0, |text| text.len());
        if *self.kept.borrow() + size > MOST_KEPT {
            return None;
        }
        *self.kept.borrow_mut() += size;
        self.texts.borrow_mut().insert(path.to_path_buf(), text.clone());
        text
    }

    fn read(&self, path: &Path) -> Option<String> {
        match &self.memory {
            Some(files) => files.get(path).cloned(),
            // What a link leads to may be anywhere.
            None if !path.symlink_metadata().is_ok_and(|m| m.is_file()) => None,
            None => read_text(path, Kind::of(path).unwrap_or(Kind::Text).largest()).ok(),
        }
    }

    fn names(&self, folder: &Path) -> Option<BTreeSet<String>> {
        if let Some(files) = &self.memory {
            let below = files.keys().filter_map(|path| path.strip_prefix(folder).ok());
            let first = below.filter_map(|path| path.components().next());
            return Some(first.map(|name| name.as_os_str().to_string_lossy().into_owned()).collect());
        }
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let names: BTreeSet<String> = std::fs::read_dir(folder)
            .ok()?
            .flatten()
            .take(MOST_NAMES + 1)
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        (names.len() <= MOST_NAMES).then_some(names)
    }
}

impl Surroundings {
    /// What is around a file in this folder; nothing above `root` is looked at.
    pub fn new(shelf: &Rc<Shelf>, root: &Path, folder: &Path) -> Self {
        let (root, folder) = (root.to_path_buf(), folder.to_path_buf());
        Self { shelf: Rc::clone(shelf), root, folder, names: OnceCell::new() }
    }

    /// Nothing is around.
    pub fn none() -> Self {
        Self::new(&Shelf::memory(BTreeMap::new()), Path::new(""), Path::new(""))
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The same for a folder that is named from here; nothing where that is above the root.
    pub fn at(&self, folder: &str) -> Option<Self> {
        Some(Self::new(&self.shelf, &self.root, &self.path(folder)?))
    }

    /// The text of a file that is named from here. Nothing where it is not there, or not to be read.
    pub fn text(&self, name: &str) -> Option<Rc<str>> {
        self.shelf.text(&self.path(name)?)
    }

    /// Whether a file that is named from here holds one of these; nothing where that is not known. Programs are asked this
    /// way: they are no text.
    pub fn holds(&self, name: &str, needles: &[&str]) -> Option<bool> {
        let path = self.path(name)?;
        match &self.shelf.memory {
            Some(files) => files.get(&path).map(|text| needles.iter().any(|needle| text.contains(needle))),
            None if path.is_symlink() => None,
            None => program::holds(&path, needles),
        }
    }

    /// Whether a name in the folder is a link; false where that is not known.
    pub fn is_link(&self, name: &str) -> bool {
        let on_disk = self.shelf.memory.is_none();
        on_disk && self.path(name).is_some_and(|path| path.is_symlink())
    }

    /// The names of what is in the folder; nothing where that is not known.
    pub fn names(&self) -> Option<Rc<BTreeSet<String>>> {
        self.names.get_or_init(|| self.shelf.names(&self.folder).map(Rc::new)).clone()
    }

    /// Whether a file or folder of this name is in the folder; nothing where that is not known.
    pub fn has(&self, name: &str) -> Option<bool> {
        self.names().map(|names| names.contains(name))
    }

    /// A Dockerfile that is named from here.
    pub fn dockerfile(&self, name: &str) -> Option<Rc<Dockerfile>> {
        let path = self.path(name)?;
        if let Some(known) = self.shelf.dockerfiles.borrow().get(&path) {
            return known.clone();
        }
        let text = self.shelf.text(&path);
        let file =
            text.map(|text| Rc::new(dockerfile::parse(Source::new(path.display().to_string(), &*text))));
        self.shelf.dockerfiles.borrow_mut().insert(path, file.clone());
        file
    }

    /// A file of YAML that is named from here.
    pub fn yaml(&self, name: &str) -> Option<Rc<Tree>> {
        self.tree(name, Tree::yaml)
    }

    /// A file of JSON that is named from here.
    pub fn json(&self, name: &str) -> Option<Rc<Tree>> {
        self.tree(name, Tree::json)
    }

    /// A file of TOML that is named from here.
    pub fn toml(&self, name: &str) -> Option<Rc<Tree>> {
        self.tree(name, Tree::toml)
    }

    /// A tree that was read to its end; of others not all is known.
    fn tree(&self, name: &str, read: fn(Source) -> Tree) -> Option<Rc<Tree>> {
        let path = self.path(name)?;
        if let Some(known) = self.shelf.trees.borrow().get(&path) {
            return known.clone();
        }
        let text = self.shelf.text(&path);
        let tree = text.map(|text| read(Source::new(path.display().to_string(), &*text)));
        let tree = tree.filter(|tree| tree.problem.is_none()).map(Rc::new);
        self.shelf.trees.borrow_mut().insert(path, tree.clone());
        tree
    }

    /// What the Go module in the folder uses; nothing where there is none, or more than is looked at.
    pub fn go(&self) -> Option<Rc<GoSources>> {
        if let Some(known) = self.shelf.go.borrow().get(&self.folder) {
            return known.clone();
        }
        let sources = match &self.shelf.memory {
            _ if self.has("go.mod") != Some(true) => None,
            Some(files) => {
                Some(GoSources::of(files.iter().map(|(path, text)| (path.as_path(), text.as_str()))))
            }
            None => GoSources::below(&self.folder),
        };
        let sources = sources.map(Rc::new);
        self.shelf.go.borrow_mut().insert(self.folder.clone(), sources.clone());
        sources
    }

    /// A path that is named from here, without `.` and `..`.
    fn path(&self, name: &str) -> Option<PathBuf> {
        if Path::new(name).is_absolute() {
            return None;
        }
        let mut path = PathBuf::new();
        for part in self.folder.join(name).components() {
            match part {
                Component::CurDir => {}
                Component::ParentDir => {
                    path.file_name()?;
                    path.pop();
                }
                part => path.push(part),
            }
        }
        path.starts_with(&self.root).then_some(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shelf(files: &[(&str, &str)]) -> Rc<Shelf> {
        Shelf::memory(files.iter().map(|(path, text)| (PathBuf::from(path), (*text).to_owned())).collect())
    }

    #[test]
    fn neighbours_are_found_below_the_root_only() {
        let shelf = shelf(&[("a/b/x", "1"), ("a/y", "2"), ("z", "3")]);
        let around = Surroundings::new(&shelf, Path::new("a"), Path::new("a/b"));
        assert_eq!(around.text("x").as_deref(), Some("1"));
        assert_eq!(around.text("./../y").as_deref(), Some("2"));
        for outside in ["../../z", "/z", "../../../z"] {
            assert_eq!(around.text(outside), None, "{outside}");
        }
        assert_eq!(around.at("..").unwrap().names().unwrap().iter().collect::<Vec<_>>(), ["b", "y"]);
    }

    #[test]
    fn the_disk_is_read_once_and_links_are_not_followed() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("a"), "1").unwrap();
        std::os::unix::fs::symlink("a", root.path().join("link")).unwrap();
        let around = Surroundings::new(&Shelf::disk(), root.path(), root.path());
        assert_eq!(around.text("a").as_deref(), Some("1"));
        std::fs::write(root.path().join("a"), "2").unwrap();
        assert_eq!(around.text("a").as_deref(), Some("1"));
        assert_eq!(around.text("link"), None);
        assert_eq!(around.has("link"), Some(true));
    }
}
