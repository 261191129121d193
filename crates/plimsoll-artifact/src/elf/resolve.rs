//! Everything that a program needs on a root, as its loader would gather it: breadth first, each name once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::search::{Candidate, FoundBy, Search, Seeker};
use super::{Facts, inspect_file};

/// The most libraries that are followed; chromium needs about 150.
const MOST_LIBRARIES: usize = 2048;

/// What a program needs on a root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Resolution {
    /// The loader that starts it, if it needs one.
    pub loader: Option<Loader>,
    /// The libraries, in the order in which they are loaded.
    pub libraries: Vec<ResolvedLibrary>,
}

/// A program's loader on a root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Loader {
    /// Its path as the program names it.
    pub path: PathBuf,
    /// Whether it is there.
    pub present: bool,
    /// Why it cannot be used though it is there.
    pub problem: Option<Problem>,
}

/// A library and what satisfies it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ResolvedLibrary {
    /// Its name, as it is asked for.
    pub name: String,
    /// Who asks for it first: a library's name, or nothing for the program itself.
    pub needed_by: Option<String>,
    /// The file on the target, if there is one.
    pub path: Option<PathBuf>,
    /// The rule that led there.
    pub found_by: Option<FoundBy>,
    /// Why the file cannot be used.
    pub problem: Option<Problem>,
    /// Symbol versions that are needed of it and that it does not define.
    pub missing_versions: Vec<MissingVersion>,
}

/// Why a file that is there cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Problem {
    /// It is for another machine.
    WrongMachine,
    /// It is no readable ELF file.
    Unreadable {
        /// What is wrong.
        why: String,
    },
    /// More libraries are needed than are followed here.
    TooMany,
}

/// A version that a library lacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct MissingVersion {
    /// Its name, `GLIBC_2.38`.
    pub version: String,
    /// Who needs it: a library's name, or nothing for the program itself.
    pub needed_by: Option<String>,
}

impl Resolution {
    /// Whether the loader would start the program.
    pub fn is_complete(&self) -> bool {
        let usable = |loader: &Loader| loader.present && loader.problem.is_none();
        self.loader.as_ref().is_none_or(usable) && self.libraries.iter().all(ResolvedLibrary::is_satisfied)
    }
}

impl ResolvedLibrary {
    /// Whether it is there with all that is needed of it.
    pub fn is_satisfied(&self) -> bool {
        self.path.is_some() && self.problem.is_none() && self.missing_versions.is_empty()
    }
}

/// Follows what `facts` needs on `root`, transitively. `folder` is where the program will be on the target, for
/// `$ORIGIN`; where it is not known, folders beside the program are not searched.
///
/// Not followed, because no table names it: what a program opens at run time (`dlopen`, name services, character
/// sets).
pub fn resolve(facts: &Facts, root: &Path, folder: Option<&Path>) -> Resolution {
    if facts.interpreter.is_none() && facts.needed.is_empty() {
        return Resolution { loader: None, libraries: Vec::new() };
    }
    let search = Search::new(facts, root);
    let mut gathering = Gathering::new(&search, facts, folder);
    let loader = gathering.add_loader(facts);
    let mut next = 0;
    while next < gathering.objects.len() {
        if !gathering.objects[next].is_loader {
            gathering.add_needs_of(next);
        }
        next += 1;
    }
    if !search.is_musl() {
        gathering.check_versions();
    }
    Resolution { loader, libraries: gathering.libraries }
}

/// A file that is loaded.
struct Object {
    /// `None` for the program.
    name: Option<String>,
    facts: Facts,
    folder: Option<PathBuf>,
    loaded_by: Option<usize>,
    is_loader: bool,
}

struct Gathering<'a> {
    search: &'a Search<'a>,
    objects: Vec<Object>,
    libraries: Vec<ResolvedLibrary>,
    /// Names that are satisfied, or known not to be: the object that has the name, and its row of `libraries`.
    names: BTreeMap<String, (Option<usize>, Option<usize>)>,
    loader_path: Option<PathBuf>,
}

impl<'a> Gathering<'a> {
    fn new(search: &'a Search<'a>, facts: &Facts, folder: Option<&Path>) -> Self {
        let folder = folder.map(Path::to_owned);
        let program = Object { name: None, facts: facts.clone(), folder, loaded_by: None, is_loader: false };
        Self {
            search,
            objects: vec![program],
            libraries: Vec::new(),
            names: BTreeMap::new(),
            loader_path: None,
        }
    }

    /// The loader is in memory before any library, so its names are taken.
    fn add_loader(&mut self, program: &Facts) -> Option<Loader> {
        let path = PathBuf::from(program.interpreter.as_ref()?);
        let Some(file) = self.search.on_this_machine(&path) else {
            return Some(Loader { path, present: false, problem: None });
        };
        let problem = match inspect_file(&file) {
            Err(why) => Some(Problem::Unreadable { why: why.to_string() }),
            Ok(facts) if facts.machine != program.machine || facts.class != program.class => {
                Some(Problem::WrongMachine)
            }
            Ok(facts) => {
                let index = self.objects.len();
                let file_name = path.file_name().map(|name| name.to_string_lossy().into_owned());
                for name in facts.soname.iter().chain(&file_name) {
                    self.names.insert(name.clone(), (Some(index), None));
                }
                let (name, folder) = (file_name, path.parent().map(Path::to_owned));
                self.objects.push(Object { name, facts, folder, loaded_by: None, is_loader: true });
                self.loader_path = Some(path.clone());
                None
            }
        };
        Some(Loader { path, present: true, problem })
    }

    fn add_needs_of(&mut self, seeker: usize) {
        for name in self.objects[seeker].facts.needed.clone() {
            match self.names.get(&name) {
                Some((_, Some(_)) | (None, _)) => {}
                Some((Some(loader), None)) => {
                    let loader = *loader;
                    let path = self.loader_path.clone();
                    self.add_row(&name, seeker, path, Some(FoundBy::Interpreter), None, Some(loader));
                }
                None => self.add(&name, seeker),
            }
        }
    }

    fn add(&mut self, name: &str, seeker: usize) {
        if self.search.is_musl() && is_part_of_musl(name) && self.loader_path.is_some() {
            let path = self.loader_path.clone();
            return self.add_row(name, seeker, path, Some(FoundBy::Interpreter), None, Some(1));
        }
        if self.libraries.len() >= MOST_LIBRARIES {
            if self.libraries.len() == MOST_LIBRARIES {
                self.add_row(name, seeker, None, None, Some(Problem::TooMany), None);
            }
            return;
        }
        match self.search.find(name, &self.chain(seeker)) {
            None => self.add_row(name, seeker, None, None, None, None),
            Some(Candidate::Broken { path, why }) => {
                let problem = Problem::Unreadable { why: why.to_string() };
                self.add_row(name, seeker, Some(path), None, Some(problem), None);
            }
            Some(Candidate::Taken { path, found_by, facts }) => {
                let index = self.objects.len();
                self.add_row(name, seeker, Some(path.clone()), Some(found_by), None, Some(index));
                let row = self.libraries.len() - 1;
                if let Some(soname) = &facts.soname {
                    self.names.entry(soname.clone()).or_insert((Some(index), Some(row)));
                }
                self.objects.push(Object {
                    name: Some(name.to_owned()),
                    facts: *facts,
                    folder: path.parent().map(Path::to_owned),
                    loaded_by: Some(seeker),
                    is_loader: false,
                });
            }
        }
    }

    fn add_row(
        &mut self,
        name: &str,
        seeker: usize,
        path: Option<PathBuf>,
        found_by: Option<FoundBy>,
        problem: Option<Problem>,
        object: Option<usize>,
    ) {
        self.names.insert(name.to_owned(), (object, Some(self.libraries.len())));
        self.libraries.push(ResolvedLibrary {
            name: name.to_owned(),
            needed_by: self.objects[seeker].name.clone(),
            path,
            found_by,
            problem,
            missing_versions: Vec::new(),
        });
    }

    /// From the program down to who needs something.
    fn chain(&self, seeker: usize) -> Vec<Seeker<'_>> {
        let mut indices: Vec<_> =
            std::iter::successors(Some(seeker), |at| self.objects[*at].loaded_by).collect();
        indices.reverse();
        let seeker = |index: usize| {
            let object = &self.objects[index];
            Seeker { facts: &object.facts, folder: object.folder.as_deref() }
        };
        indices.into_iter().map(seeker).collect()
    }

    /// A library that defines no versions at all is accepted, as the loader accepts it with a warning.
    fn check_versions(&mut self) {
        for object in self.objects.iter().filter(|object| !object.is_loader) {
            for required in &object.facts.required_versions {
                let Some((Some(index), Some(row))) = self.names.get(&required.library) else { continue };
                let defined = &self.objects[*index].facts.defined_versions;
                let lacks = |name: &String| !defined.is_empty() && !defined.contains(name);
                let missing =
                    required.versions.iter().filter(|version| !version.weak && lacks(&version.name));
                self.libraries[*row].missing_versions.extend(missing.map(|version| MissingVersion {
                    version: version.name.clone(),
                    needed_by: object.name.clone(),
                }));
            }
        }
    }
}

/// The names that musl's loader answers itself (`ldso/dynlink.c`, `load_library`): it is the C library.
fn is_part_of_musl(name: &str) -> bool {
    let Some(rest) = name.strip_prefix("lib") else { return false };
    let parts = ["c.", "pthread.", "rt.", "m.", "dl.", "util.", "xnet."];
    parts.iter().any(|part| rest.starts_with(part))
}
