//! Every program and library below `/usr/bin`, `/usr/sbin` and `/usr/lib`, held against this machine's own tools: the
//! libraries against its loader (which is what `ldd` runs), the tables against `readelf`.
//!
//! Differences that are meant, and are taken out of both sides here:
//! - The kernel's `linux-vdso.so.1` is no file; `ldd` shows it, `inspect` does not.
//! - The loader itself: `ldd` shows the one that it was started with, under its path. `inspect` shows it as a library
//!   where a library names it, and it must be the same file.
//! - A name that is a path with `$ORIGIN` in it: `ldd` shows it filled in, so those compare by their files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::{env, fs, thread};

use plimsoll_model::inspection::{FileFormat, Inspection, Linkage, Purpose};

use super::{Question, inspect};

const FOLDERS: [&str; 3] = ["/usr/bin", "/usr/sbin", "/usr/lib"];
const LOADER: &str =
    if cfg!(target_arch = "aarch64") { "/lib/ld-linux-aarch64.so.1" } else { "/lib64/ld-linux-x86-64.so.2" };

#[test]
fn the_loader_and_readelf_say_the_same_of_everything_that_is_installed() {
    let test = "the_loader_and_readelf_say_the_same_of_everything_that_is_installed";
    if !Path::new(LOADER).exists() || Command::new("readelf").arg("--version").output().is_err() {
        println!("skipped: {test}: there is no {LOADER} or no `readelf` here");
        return;
    }
    let files: Vec<PathBuf> = FOLDERS.iter().flat_map(|folder| elf_files(Path::new(folder))).collect();
    let next = Mutex::new(files.chunks(64));
    let differences = Mutex::new(Vec::new());
    let compared = Mutex::new((0, 0));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                loop {
                    let Some(chunk) = next.lock().unwrap().next() else { return };
                    let chunk: Vec<_> =
                        chunk.iter().map(|file| inspect(file, &Question::default())).collect();
                    let mut found = tables_that_differ(&chunk);
                    for (number, file) in chunk.iter().filter(|file| is_loadable(file)).enumerate() {
                        found.extend(libraries_that_differ(file));
                        if number % 8 == 0 {
                            stays_the_same_elsewhere(file);
                        }
                        let mut compared = compared.lock().unwrap();
                        *compared = (compared.0 + 1, compared.1 + file.libraries.len());
                    }
                    differences.lock().unwrap().extend(found);
                }
            });
        }
    });
    let (loaded, libraries) = compared.into_inner().unwrap();
    let differences: Vec<String> = differences.into_inner().unwrap();
    println!("compared {} files to readelf, {loaded} with {libraries} libraries to the loader", files.len());
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
    assert!(loaded > 100 && libraries > loaded, "too little to compare");
}

#[test]
fn ldd_prints_what_the_loader_says() {
    let ldd = |file: &str| Command::new("ldd").arg(file).output().ok().map(|output| output.stdout);
    if ldd("/bin/ls").is_none() || !Path::new(LOADER).exists() {
        println!("skipped: ldd_prints_what_the_loader_says: there is no `ldd` or no {LOADER} here");
        return;
    }
    for file in ["/bin/ls", "/bin/bash", "/usr/bin/env", "/usr/bin/ldd"] {
        let text = String::from_utf8(ldd(file).unwrap()).unwrap();
        let inspection = inspect(Path::new(file), &Question::default());
        let expected =
            if inspection.format == FileFormat::Elf { traced(Path::new(file)).0 } else { Found::new() };
        assert_eq!(rows(&text), expected, "{file}");
    }
}

/// ELF files below a folder. A link's own folder is not where the loader thinks that the program is.
fn elf_files(folder: &Path) -> Vec<PathBuf> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_file() && is_elf(&entry.path()) => files.push(entry.path()),
                _ => {}
            }
        }
    }
    files
}

/// The same root under another path takes the walk that keeps links inside a root.
fn stays_the_same_elsewhere(file: &Inspection) {
    let path = Path::new(&file.path);
    let facts = crate::elf::inspect_file(path).unwrap();
    let resolve = |root: &str| crate::elf::resolve(&facts, Path::new(root), path.parent());
    assert_eq!(resolve("/proc/self/root"), resolve("/"), "{}", file.path);
}

fn is_elf(path: &Path) -> bool {
    use std::io::Read as _;
    let mut start = [0; 4];
    fs::File::open(path).is_ok_and(|mut file| file.read_exact(&mut start).is_ok()) && start == *b"\x7fELF"
}

/// Whether this machine's loader loads it: for its processor, linked, and in need of something.
fn is_loadable(file: &Inspection) -> bool {
    let here = match env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let is_here =
        file.platform.as_ref().is_some_and(|platform| platform.os == "linux" && platform.arch == here);
    let is_linked = matches!(file.purpose, Some(Purpose::Program | Purpose::Library));
    is_here && is_linked && file.linkage == Some(Linkage::Dynamic) && !file.needed.is_empty()
}

/// Libraries by name, those whose name is a path by that, with their files.
type Found = BTreeMap<String, Option<String>>;

fn libraries_that_differ(file: &Inspection) -> Option<String> {
    let (expected, lacks_version) = traced(Path::new(&file.path));
    let ours = file.libraries.iter().filter(|library| !library.name.starts_with("ld-linux"));
    let ours: Found = ours
        .map(|library| {
            let is_path = library.name.contains('/') && library.path.is_some();
            let name = if is_path { library.path.clone().unwrap_or_default() } else { library.name.clone() };
            (name, library.path.clone())
        })
        .collect();
    let loaders = file.libraries.iter().filter(|library| library.name.starts_with("ld-linux"));
    let same_file = |path: &String| fs::canonicalize(path).ok() == fs::canonicalize(LOADER).ok();
    let is_loader = loaders.into_iter().all(|library| library.path.as_ref().is_some_and(same_file));
    let lacks = file.libraries.iter().any(|library| !library.missing_versions.is_empty());
    let only = |these: &Found, those: &Found| {
        let only = these.iter().filter(|(name, path)| those.get(*name) != Some(path));
        only.map(|(name, path)| format!("{name} => {path:?}")).collect::<Vec<_>>()
    };
    (ours != expected || lacks != lacks_version || !is_loader).then(|| {
        let (theirs, ours) = (only(&expected, &ours), only(&ours, &expected));
        format!("{}: the loader {theirs:?}, here {ours:?}; versions {lacks_version}, {lacks}", file.path)
    })
}

/// What the loader says when it only looks, as `ldd` asks it, and whether it misses a symbol version.
fn traced(program: &Path) -> (Found, bool) {
    let output = Command::new(LOADER)
        .arg(program)
        .env_clear()
        .envs([("LD_TRACE_LOADED_OBJECTS", "1"), ("LD_WARN", ""), ("LD_BIND_NOW", ""), ("LC_ALL", "C")])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&[output.stdout.clone(), output.stderr].concat()).into_owned();
    (rows(&String::from_utf8_lossy(&output.stdout)), said.contains("' not found (required by "))
}

/// `name => path (address)`, `name => not found`, or `path (address)`.
fn rows(text: &str) -> Found {
    let mut found = Found::new();
    for line in text.lines().map(str::trim) {
        let (name, path) = match line.split_once(" => ") {
            Some((name, path)) => (name, path.split(" (").next().filter(|path| path.starts_with('/'))),
            None if line.starts_with('/') => {
                let path = line.split(" (").next().unwrap_or_default();
                (path, Some(path))
            }
            None => continue,
        };
        let is_loader = name.rsplit('/').next().is_some_and(|name| name.starts_with("ld-linux"));
        if !is_loader {
            found.insert(name.to_owned(), path.map(str::to_owned));
        }
    }
    found
}

/// What `readelf` says of a file.
#[derive(Debug, Default, PartialEq)]
struct Tables {
    needed: Vec<String>,
    interpreter: Option<String>,
    required: BTreeMap<String, Vec<(String, bool)>>,
    defined: Vec<String>,
}

fn tables_that_differ(files: &[Inspection]) -> Vec<String> {
    let output = Command::new("readelf")
        .args(["--wide", "--dynamic", "--program-headers", "--version-info"])
        .args(files.iter().map(|file| &file.path))
        .env("LC_ALL", "C")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let mut expected: BTreeMap<PathBuf, Tables> = BTreeMap::new();
    if let [only] = files {
        expected.insert(PathBuf::from(&only.path), tables(&text));
    }
    for part in text.split("\nFile: ").skip(1) {
        let (path, rest) = part.split_once('\n').unwrap_or((part, ""));
        expected.insert(PathBuf::from(path), tables(rest));
    }
    let differs = |file: &&Inspection| expected.get(Path::new(&file.path)) != Some(&ours(file));
    let words = |file: &Inspection| {
        format!("{}: readelf {:?}, here {:?}", file.path, expected.get(Path::new(&file.path)), ours(file))
    };
    files.iter().filter(differs).map(words).collect()
}

fn ours(file: &Inspection) -> Tables {
    let mut required: BTreeMap<String, Vec<(String, bool)>> = BTreeMap::new();
    for library in &file.required_versions {
        let versions = library.versions.iter().map(|version| (version.name.clone(), version.weak));
        required.entry(library.library.clone()).or_default().extend(versions);
    }
    Tables {
        needed: file.needed.clone(),
        interpreter: file.interpreter.clone(),
        required,
        defined: file.defined_versions.clone(),
    }
}

fn tables(text: &str) -> Tables {
    let mut tables = Tables::default();
    let mut library = None;
    let between = |line: &str, start: &str, end: &str| {
        let (_, rest) = line.split_once(start)?;
        rest.split(end).next().map(|found| found.trim().to_owned())
    };
    for line in text.lines() {
        if line.contains("(NEEDED)") {
            tables.needed.extend(between(line, "Shared library: [", "]"));
        } else if line.contains("[Requesting program interpreter: ") {
            tables.interpreter = between(line, "interpreter: ", "]");
        } else if line.contains("  File: ") && line.contains("  Cnt: ") {
            library = between(line, "  File: ", "  Cnt: ");
        } else if line.contains("  Index: ") {
            // The first is the library's own name.
            if !line.contains("  Flags: BASE") {
                tables.defined.extend(between(line, "  Name: ", "\n"));
            }
        } else if let (Some(name), Some(library)) = (between(line, "  Name: ", "  Flags: "), &library) {
            let weak = between(line, "  Flags: ", "  Version: ").is_some_and(|flags| flags.contains("WEAK"));
            tables.required.entry(library.clone()).or_default().push((name, weak));
        }
    }
    tables
}
