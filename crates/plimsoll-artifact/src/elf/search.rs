//! Where the loader looks for one library, in its order, and what it passes over.
//!
//! glibc (`elf/dl-load.c`): the RPATHs of who needs it, of who loaded that, and so on, unless who needs it has a
//! RUNPATH; then that RUNPATH; the cache; the default folders. musl: the RPATH or RUNPATH of who needs it and of
//! all above it; its configured folders. `LD_LIBRARY_PATH` is not part of a release and is left out.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::cache::Cache;
use super::library_path;
use super::root::Root;
use super::{Facts, InspectError, inspect_file};

/// The most folders of one RPATH or RUNPATH that are searched: with thousands, each missing library would take long.
const MOST_FOLDERS: usize = 256;

/// The rule that led to a library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FoundBy {
    /// It is the loader itself.
    Interpreter,
    /// Its name is a path.
    Path,
    /// `DT_RPATH` of who needs it or of who is above.
    Rpath,
    /// `DT_RUNPATH` of who needs it.
    Runpath,
    /// The root's `/etc/ld.so.cache`.
    Cache,
    /// The root's `/etc/ld.so.conf`, as it has no cache; the loader finds it after `ldconfig` has run.
    Configuration,
    /// A folder that the loader has built in.
    DefaultFolder,
}

impl FoundBy {
    /// The rule's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Interpreter => "interpreter",
            Self::Path => "path",
            Self::Rpath => "rpath",
            Self::Runpath => "runpath",
            Self::Cache => "cache",
            Self::Configuration => "configuration",
            Self::DefaultFolder => "default-folder",
        }
    }
}

/// A file that has the name, as the loader would judge it.
pub(super) enum Candidate {
    /// It is taken.
    Taken { path: PathBuf, found_by: FoundBy, facts: Box<Facts> },
    /// The loader stops here with an error.
    Broken { path: PathBuf, why: InspectError },
}

/// A file that needs libraries: the program, or a library of it.
pub(super) struct Seeker<'a> {
    pub(super) facts: &'a Facts,
    /// Its folder on the target; `None` where it is not known.
    pub(super) folder: Option<&'a Path>,
}

/// The search on one root for one program.
pub(super) struct Search<'a> {
    root: Root<'a>,
    program: &'a Facts,
    is_musl: bool,
    cache: Option<Cache>,
    configured: Vec<PathBuf>,
    defaults: Vec<PathBuf>,
}

impl<'a> Search<'a> {
    pub(super) fn new(program: &'a Facts, root: &'a Path) -> Self {
        let root = Root::new(root);
        let musl = program.interpreter.as_deref().filter(|loader| library_path::is_musl(loader));
        let cache = if musl.is_some() { None } else { Cache::read(&root, program.byte_order) };
        let configured =
            if musl.is_some() || cache.is_some() { Vec::new() } else { library_path::configured(&root) };
        let defaults = match musl {
            Some(loader) => library_path::musl(&root, loader),
            None => library_path::defaults(&root, program),
        };
        Self { root, program, is_musl: musl.is_some(), cache, configured, defaults }
    }

    pub(super) fn is_musl(&self) -> bool {
        self.is_musl
    }

    /// Where a file of the root is on this machine.
    pub(super) fn on_this_machine(&self, path: &Path) -> Option<PathBuf> {
        self.root.file(path)
    }

    /// Looks for `name`, needed by the last of `chain`; before it who loaded it, and so on from the program.
    pub(super) fn find(&self, name: &str, chain: &[Seeker<'_>]) -> Option<Candidate> {
        let seeker = chain.last()?;
        if name.contains('/') {
            return self.judge(&self.expand(name, seeker)?, FoundBy::Path);
        }
        self.in_own_folders(name, chain)
            .or_else(|| self.in_cache(name, seeker.facts))
            .or_else(|| self.in_folders(name, &self.configured, FoundBy::Configuration))
            .or_else(|| {
                let defaults = if seeker.facts.no_default_libraries { &[] } else { self.defaults.as_slice() };
                self.in_folders(name, defaults, FoundBy::DefaultFolder)
            })
    }

    fn in_own_folders(&self, name: &str, chain: &[Seeker<'_>]) -> Option<Candidate> {
        let seeker = chain.last()?;
        let look = |seeker: &Seeker<'_>, folders: &[String], found_by| {
            let folders: Vec<_> =
                folders.iter().take(MOST_FOLDERS).filter_map(|folder| self.expand(folder, seeker)).collect();
            self.in_folders(name, &folders, found_by)
        };
        if self.is_musl {
            return chain.iter().rev().find_map(|seeker| match seeker.facts.runpath.as_slice() {
                [] => look(seeker, &seeker.facts.rpath, FoundBy::Rpath),
                runpath => look(seeker, runpath, FoundBy::Runpath),
            });
        }
        if !seeker.facts.runpath.is_empty() {
            return look(seeker, &seeker.facts.runpath, FoundBy::Runpath);
        }
        let with_rpath = chain.iter().rev().filter(|seeker| seeker.facts.runpath.is_empty());
        with_rpath.into_iter().find_map(|seeker| look(seeker, &seeker.facts.rpath, FoundBy::Rpath))
    }

    fn in_cache(&self, name: &str, seeker: &Facts) -> Option<Candidate> {
        let paths = self.cache.as_ref()?.paths(name).iter();
        let is_default = |path: &Path| {
            path.parent().is_some_and(|folder| self.defaults.iter().any(|default| default == folder))
        };
        let allowed = paths.filter(|path| !(seeker.no_default_libraries && is_default(path)));
        allowed.into_iter().find_map(|path| self.judge(path, FoundBy::Cache))
    }

    fn in_folders(&self, name: &str, folders: &[PathBuf], found_by: FoundBy) -> Option<Candidate> {
        folders.iter().find_map(|folder| self.judge(&folder.join(name), found_by))
    }

    /// A file for another machine or width is passed over in silence, as the loader does; a damaged one ends the
    /// start of the program.
    fn judge(&self, path: &Path, found_by: FoundBy) -> Option<Candidate> {
        let file = self.root.file(path)?;
        match inspect_file(&file) {
            Ok(facts) if facts.class != self.program.class || facts.machine != self.program.machine => None,
            Ok(facts) => Some(Candidate::Taken { path: path.to_owned(), found_by, facts: Box::new(facts) }),
            Err(why) => Some(Candidate::Broken { path: path.to_owned(), why }),
        }
    }

    /// A folder or path with `$ORIGIN`, `$LIB` and `$PLATFORM` filled in. What is relative to the working directory,
    /// and what needs a folder that is not known, is none.
    fn expand(&self, text: &str, seeker: &Seeker<'_>) -> Option<PathBuf> {
        let mut text = text.to_owned();
        for (token, braced) in [("$ORIGIN", "${ORIGIN}"), ("$LIB", "${LIB}"), ("$PLATFORM", "${PLATFORM}")] {
            if !text.contains(token) && !text.contains(braced) {
                continue;
            }
            let value = match token {
                "$ORIGIN" => seeker.folder?.to_str()?.to_owned(),
                "$LIB" => library_path::lib_token(&self.root, self.program),
                _ => library_path::platform_token(self.program).to_owned(),
            };
            text = text.replace(braced, &value).replace(token, &value);
        }
        text.starts_with('/').then(|| PathBuf::from(text))
    }
}
