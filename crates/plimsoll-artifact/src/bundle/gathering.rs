//! The plan of a bundle: what goes where, found by following what programs need. Reads this machine and changes nothing.
//!
//! A program goes below `libexec` and gets a launcher; what its loader would load goes into `lib`, each name once, as one process
//! has one library of a name; what families of programs open at run time goes below `tree` (`tree.rs`).

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use plimsoll_model::bundle::{FileKind, RunTime, RunTimeState};
use plimsoll_model::inspection::Linkage;
use plimsoll_model::release::Platform;

use super::error::{MissingLibrary, io};
use super::evidence::Evidence;
use super::launcher::{self, CALLED, FOLDER, Launcher};
use super::{BundleError, Request, families, given, unknown};
use crate::elf::{self, Facts, FileType, FoundBy, InspectError, LinkageKind, inspect_file, resolve};

/// Python with all packages of a large machine has some ten thousand files.
const MOST_FILES: usize = 200_000;
const THIS_MACHINE: &str = "/";

/// What a bundle will hold.
#[derive(Debug)]
pub struct Plan {
    pub(super) start: String,
    pub(super) source: PathBuf,
    pub(super) machine: u16,
    pub(super) platform: Option<Platform>,
    pub(super) linkage: Linkage,
    pub(super) contents: BTreeMap<String, Content>,
    pub(super) variables: BTreeMap<String, String>,
    pub(super) run_time: Vec<RunTime>,
}

/// What is at a path of a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Content {
    Copy { from: PathBuf, kind: FileKind },
    Link { target: String },
    Launcher(Launcher),
    Folder,
}

/// Decides what a bundle holds.
pub fn plan(request: &Request) -> Result<Plan, BundleError> {
    let program = &request.program;
    let facts = startable(program)?;
    let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut gathering = Gathering::new(&facts, &request.without);
    gathering.add_program(program, &facts, &format!("bin/{name}"), &format!("libexec/{name}"))?;
    given::add(&mut gathering, &request.with)?;
    families::add(&mut gathering)?;
    unknown::tell(&mut gathering);
    gathering.check_what_was_left_out()?;
    gathering.set_variables();
    Ok(Plan {
        start: format!("bin/{name}"),
        source: program.clone(),
        machine: facts.machine,
        platform: facts.platform.clone(),
        linkage: match facts.linkage.kind {
            LinkageKind::Static => Linkage::Static,
            LinkageKind::StaticPie => Linkage::StaticPie,
            LinkageKind::Dynamic => Linkage::Dynamic,
        },
        contents: gathering.contents,
        variables: gathering.variables,
        run_time: gathering.run_time,
    })
}

/// Facts about a program that is to be started.
pub(super) fn startable(program: &Path) -> Result<Facts, BundleError> {
    let facts = inspect_file(program).map_err(|why| match why {
        InspectError::Script { line } => {
            let words = line.trim_start_matches("#!").split_whitespace();
            let interpreter =
                words.into_iter().find(|word| !word.ends_with("/env") && !word.starts_with('-'));
            let interpreter = interpreter.map(str::to_owned);
            BundleError::Script { path: program.to_owned(), line, interpreter }
        }
        why => BundleError::NotAProgram { path: program.to_owned(), why },
    })?;
    let what = match facts.file_type {
        FileType::SharedLibrary => "a library",
        FileType::Object => "an object file",
        FileType::CoreDump => "a core dump",
        FileType::Other => "of an unknown type",
        FileType::Executable | FileType::Pie | FileType::StaticPie => return Ok(facts),
    };
    Err(BundleError::NotStartable { path: program.to_owned(), what })
}

/// A plan under way.
pub(super) struct Gathering {
    pub(super) contents: BTreeMap<String, Content>,
    pub(super) variables: BTreeMap<String, String>,
    pub(super) run_time: Vec<RunTime>,
    pub(super) evidence: Evidence,
    /// Where each file of this machine is in the bundle, for those that would be there twice otherwise.
    pub(super) placed: BTreeMap<PathBuf, String>,
    /// Trees that are inside, as paths of this machine.
    pub(super) trees: BTreeSet<PathBuf>,
    /// What was asked to be inside.
    pub(super) given: BTreeSet<PathBuf>,
    without: BTreeMap<String, bool>,
    machine: u16,
    interpreter: Option<String>,
    pub(super) is_static: bool,
}

impl Gathering {
    fn new(program: &Facts, without: &[String]) -> Self {
        Self {
            contents: BTreeMap::new(),
            variables: BTreeMap::new(),
            run_time: Vec::new(),
            evidence: Evidence::new(),
            placed: BTreeMap::new(),
            trees: BTreeSet::new(),
            given: BTreeSet::new(),
            without: without.iter().map(|what| (what.clone(), false)).collect(),
            machine: program.machine,
            interpreter: program.interpreter.clone(),
            is_static: program.interpreter.is_none(),
        }
    }

    /// Whether something stays out on purpose; notes that the word meant something.
    pub(super) fn is_left_out(&mut self, what: &str) -> bool {
        self.without.get_mut(what).is_some_and(|used| {
            *used = true;
            true
        })
    }

    /// Puts something at a path; the first stays.
    pub(super) fn put(&mut self, at: &str, content: Content) -> Result<(), BundleError> {
        if self.contents.len() >= MOST_FILES {
            return Err(BundleError::TooMany { most: MOST_FILES, path: PathBuf::from(at) });
        }
        self.contents.entry(at.to_owned()).or_insert(content);
        Ok(())
    }

    /// Puts a copy of an ELF file at a path, or a link to the copy that is inside already. Tells whether it is a new one.
    pub(super) fn put_elf(&mut self, from: &Path, at: &str, kind: FileKind) -> Result<bool, BundleError> {
        let real = from.canonicalize().map_err(io("find", from))?;
        if let Some(there) = self.placed.get(&real).filter(|there| there.as_str() != at) {
            let target = relative(at, there);
            self.put(at, Content::Link { target })?;
            return Ok(false);
        }
        if let Some(there) = self.contents.get(at) {
            if let Content::Copy { from: first, .. } = there
                && *first != real
            {
                let why = format!("{} has the name too, and {} is inside", real.display(), first.display());
                self.tell(at, RunTimeState::LeftOut, why, None);
            }
            return Ok(false);
        }
        self.placed.insert(real.clone(), at.to_owned());
        self.evidence.add(at, &real);
        self.put(at, Content::Copy { from: real, kind })?;
        Ok(true)
    }

    /// Adds a program: a launcher at one path, itself at the other, and all that it needs.
    pub(super) fn add_program(
        &mut self,
        from: &Path,
        facts: &Facts,
        start: &str,
        at: &str,
    ) -> Result<(), BundleError> {
        let Some(interpreter) = &facts.interpreter else {
            self.put_elf(from, start, FileKind::Program)?;
            return Ok(());
        };
        if !launcher::is_there_for(facts.machine) {
            return Err(BundleError::NoLauncher { machine: facts.machine });
        }
        self.put_elf(from, at, FileKind::Program)?;
        self.add_needs(from, facts)?;
        let loader = self.add_loader(interpreter, from)?;
        let launcher = self.launcher(start, at, &loader)?;
        self.put(start, Content::Launcher(launcher))
    }

    fn add_loader(&mut self, interpreter: &str, program: &Path) -> Result<String, BundleError> {
        let path = Path::new(interpreter);
        let missing = || BundleError::NoLoader { loader: interpreter.to_owned(), path: program.to_owned() };
        let name = path.file_name().ok_or_else(missing)?.to_string_lossy();
        if !path.is_file() {
            return Err(missing());
        }
        let at = format!("lib/{name}");
        self.put_elf(path, &at, FileKind::Loader)?;
        Ok(at)
    }

    /// Which options the loader has depends on its version: `--argv0` came with glibc 2.33.
    fn launcher(&self, start: &str, at: &str, loader: &str) -> Result<Launcher, BundleError> {
        let Some(Content::Copy { from, .. }) = self.contents.get(loader) else {
            unreachable!("the loader was put there just now")
        };
        let bytes = std::fs::read(from).map_err(io("read", from))?;
        let has = |option: &str| memchr::memmem::find(&bytes, option.as_bytes()).is_some();
        let called = CALLED.to_string();
        let is_musl = loader.contains("ld-musl-");
        let mut arguments = vec![called.clone()];
        if has("--inhibit-cache") {
            arguments.push("--inhibit-cache".to_owned());
        }
        arguments.extend(["--library-path".to_owned(), format!("{FOLDER}/lib")]);
        if has("--argv0") || is_musl && has("argv0") {
            arguments.extend(["--argv0".to_owned(), called]);
        }
        arguments.push(format!("{FOLDER}/{at}"));
        Ok(Launcher {
            levels: u8::try_from(start.split('/').count()).unwrap_or(u8::MAX),
            program: format!("{FOLDER}/{loader}"),
            arguments,
            variables: Vec::new(),
        })
    }

    /// Adds the libraries that a program or library needs. What is not there is an error.
    pub(super) fn add_needs(&mut self, from: &Path, facts: &Facts) -> Result<(), BundleError> {
        let missing = self.add_needs_there(from, facts)?;
        if missing.is_empty() { Ok(()) } else { Err(BundleError::Missing { libraries: missing }) }
    }

    /// Adds the libraries that a program or library needs, and tells which are not there.
    pub(super) fn add_needs_there(
        &mut self,
        from: &Path,
        facts: &Facts,
    ) -> Result<Vec<MissingLibrary>, BundleError> {
        let mut missing = Vec::new();
        self.tell_of_paths(from, facts);
        let real = from.canonicalize().map_err(io("find", from))?;
        // A library is loaded into a program, so it is that program's loader that searches.
        let mut facts = facts.clone();
        facts.interpreter.clone_from(&self.interpreter);
        for library in resolve(&facts, Path::new(THIS_MACHINE), real.parent()).libraries {
            let name = library.name.rsplit('/').next().unwrap_or_default();
            if library.found_by == Some(FoundBy::Interpreter) {
                continue;
            }
            if self.is_left_out(name) {
                self.tell(name, RunTimeState::LeftOut, "a library that is needed, left out as asked", None);
                continue;
            }
            match (&library.path, library.is_satisfied()) {
                (Some(path), true) => {
                    self.put_elf(path, &format!("lib/{name}"), FileKind::Library)?;
                }
                _ => missing.push(MissingLibrary {
                    name: library.name.clone(),
                    needed_by: library.needed_by.clone().unwrap_or_else(|| from.display().to_string()),
                    problem: why_unusable(&library),
                }),
            }
        }
        Ok(missing)
    }

    /// Paths in the tables of a file are searched before the bundle's folder, and no option of the loader changes that.
    fn tell_of_paths(&mut self, from: &Path, facts: &Facts) {
        let is_fixed = |path: &&String| path.starts_with('/');
        let needed = facts.needed.iter().filter(is_fixed);
        let searched = facts.rpath.iter().filter(|_| facts.runpath.is_empty()).filter(is_fixed);
        let paths: Vec<&str> = searched.chain(needed).map(String::as_str).collect();
        if !paths.is_empty() {
            let why = format!("{} has the target's {} before the bundle's", from.display(), paths.join(", "));
            let advice =
                "link it with a RUNPATH (-Wl,--enable-new-dtags), and libraries by their names".to_owned();
            self.tell("rpath", RunTimeState::Asked, why, Some(advice));
        }
    }

    /// Whether musl's loader starts the program.
    pub(super) fn is_musl(&self) -> bool {
        self.interpreter.as_deref().is_some_and(|loader| loader.contains("/ld-musl-"))
    }

    /// Whether a file is for the processor that the program is for.
    pub(super) fn is_for_this_program(&self, facts: &Facts) -> bool {
        facts.machine == self.machine
    }

    /// The file of this machine that the program would get for a library's name.
    pub(super) fn find_library(&self, name: &str) -> Option<PathBuf> {
        let Some(Content::Copy { from, .. }) = self
            .contents
            .values()
            .find(|content| matches!(content, Content::Copy { kind: FileKind::Program, .. }))
        else {
            return None;
        };
        let mut needs = inspect_file(from).ok()?.needs();
        needs.libraries = vec![name.to_owned()];
        elf::find_library(&needs, name, Path::new(THIS_MACHINE))
    }

    /// Sets a variable for the program.
    pub(super) fn set(&mut self, name: &str, value: String) {
        self.variables.entry(name.to_owned()).or_insert(value);
    }

    /// Says what became of something.
    pub(super) fn tell(
        &mut self,
        what: &str,
        state: RunTimeState,
        why: impl Into<String>,
        advice: Option<String>,
    ) {
        let row = RunTime { what: what.to_owned(), state, why: why.into(), advice };
        if !self.run_time.contains(&row) {
            self.run_time.push(row);
        }
    }

    fn check_what_was_left_out(&self) -> Result<(), BundleError> {
        let Some((what, _)) = self.without.iter().find(|(what, used)| !**used && !families::is_one(what))
        else {
            return Ok(());
        };
        let known = families::names().join(", ");
        Err(BundleError::NothingToLeaveOut { what: what.clone(), known })
    }

    fn set_variables(&mut self) {
        let folder = FOLDER.to_string();
        let variables: Vec<String> = self
            .variables
            .iter()
            .map(|(name, value)| format!("{name}={}", value.replace(plimsoll_model::bundle::FOLDER, &folder)))
            .collect();
        for content in self.contents.values_mut() {
            if let Content::Launcher(launcher) = content {
                launcher.variables.clone_from(&variables);
            }
        }
    }
}

fn why_unusable(library: &elf::ResolvedLibrary) -> Option<String> {
    if let Some(problem) = &library.problem {
        return Some(elf::describe(problem));
    }
    let path = library.path.as_ref()?;
    let versions: Vec<&str> =
        library.missing_versions.iter().map(|missing| missing.version.as_str()).collect();
    Some(format!("{} lacks {}", path.display(), versions.join(", ")))
}

/// The link at one path of the bundle that leads to another.
pub(super) fn relative(at: &str, to: &str) -> String {
    let (from, to): (Vec<&str>, Vec<&str>) = (at.split('/').collect(), to.split('/').collect());
    let folders = &from[..from.len() - 1];
    let common = folders.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..", folders.len() - common);
    up.chain(to[common..].iter().copied()).collect::<Vec<_>>().join("/")
}
