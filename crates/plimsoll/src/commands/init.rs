//! `plimsoll init`: a first plimsoll.toml for what is in this folder. Never overwrites.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use plimsoll_config::{CargoPackage, ProjectListing, propose};
use plimsoll_model::ExitCode;
use plimsoll_model::ssh::SshHost;

use crate::cli::Init;
use crate::failure::Failure;
use crate::output::Output;

/// Files larger than this are not what they are called.
const MAX_FILE: u64 = 1 << 20;
/// Folders deeper than this have no programs of the project.
const MAX_DEPTH: usize = 4;

pub(crate) fn run(config: &Path, output: Output, arguments: &Init) -> Result<ExitCode, Failure> {
    let hosts = hosts(&arguments.hosts)?;
    if config.exists() {
        return Err(Failure::usage(format!("{} is there already; it was not touched", config.display()))
            .help("plimsoll ship    uses it"));
    }
    let folder = config.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let proposal = propose(&look(folder)?, &hosts);
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(config)
        .map_err(|e| Failure::usage(format!("cannot write {}: {e}", config.display())))?;
    file.write_all(proposal.text.as_bytes())
        .map_err(|e| Failure::usage(format!("cannot write {}: {e}", config.display())))?;
    let value = serde_json::json!({ "wrote": config, "notes": proposal.notes });
    output.print(&value, |_| {
        let mut lines = vec![format!("wrote {}", config.display())];
        lines.extend(proposal.notes.iter().map(|note| format!("note: {note}")));
        lines.push("hint: git add and commit it    a release is then exactly a commit".to_owned());
        lines.extend(next(&hosts).iter().map(ToString::to_string));
        lines.join("\n") + "\n"
    })?;
    Ok(ExitCode::Success)
}

/// The hosts that were named.
fn hosts(named: &[String]) -> Result<Vec<SshHost>, Failure> {
    let mut hosts: Vec<SshHost> = Vec::new();
    for name in named {
        let host = SshHost::new(name, None).map_err(|error| Failure::usage(error.to_string()))?;
        if hosts.iter().any(|other| other.name == host.name) {
            return Err(Failure::usage(format!("{name} is named twice")));
        }
        hosts.push(host);
    }
    Ok(hosts)
}

/// What to do next.
fn next(hosts: &[SshHost]) -> &'static [&'static str] {
    if hosts.is_empty() {
        return &["hint: plimsoll ship    builds it and takes it to production on this machine"];
    }
    &[
        "hint: plimsoll doctor    asks the hosts whether they have what is needed",
        "hint: plimsoll ship    builds it and takes it to the hosts",
    ]
}

fn look(folder: &Path) -> Result<ProjectListing, Failure> {
    let absolute = fs::canonicalize(folder)
        .map_err(|e| Failure::usage(format!("cannot use the folder {}: {e}", folder.display())))?;
    let mut listing = ProjectListing {
        folder_name: absolute.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        go_mod: text(&folder.join("go.mod")),
        cmake_lists: text(&folder.join("CMakeLists.txt")),
        // In the order in which `make` looks.
        makefile: ["GNUmakefile", "makefile", "Makefile"].iter().find_map(|name| text(&folder.join(name))),
        build_script: text(&folder.join("build.sh")),
        cargo: cargo(folder),
        ..ProjectListing::default()
    };
    if listing.go_mod.is_some() {
        go_mains(folder, "", 0, &mut listing.go_main_packages);
        listing.go_main_packages.sort();
    }
    if listing.cargo.is_some() {
        listing.cargo_members = members(folder);
    }
    Ok(listing)
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.filter(|e| e.file_type().is_ok_and(|t| t.is_file()));
    let mut names: Vec<String> = files.map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn folders(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let found = entries.filter(|e| e.file_type().is_ok_and(|t| t.is_dir()));
    let mut names: Vec<String> = found.map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.retain(|n| {
        !n.starts_with(['.', '_']) && !matches!(n.as_str(), "vendor" | "testdata" | "node_modules" | "target")
    });
    names.sort();
    names
}

fn text(path: &Path) -> Option<String> {
    let small = fs::metadata(path).is_ok_and(|m| m.is_file() && m.len() <= MAX_FILE);
    small.then(|| fs::read_to_string(path).ok()).flatten()
}

/// Folders with `package main`, relative to the project.
fn go_mains(folder: &Path, relative: &str, depth: usize, found: &mut Vec<String>) {
    let is_go = |name: &String| Path::new(name).extension().is_some_and(|e| e == "go");
    let sources = names(folder).into_iter().filter(|n| is_go(n) && !n.ends_with("_test.go"));
    let is_main = |name: &String| {
        let text = text(&folder.join(name)).unwrap_or_default();
        text.lines().any(|line| line.trim() == "package main") && text.contains("func main()")
    };
    if sources.into_iter().any(|name| is_main(&name)) {
        found.push(if relative.is_empty() { ".".to_owned() } else { relative.to_owned() });
    }
    if depth < MAX_DEPTH {
        for name in folders(folder) {
            let below = if relative.is_empty() { name.clone() } else { format!("{relative}/{name}") };
            go_mains(&folder.join(&name), &below, depth + 1, found);
        }
    }
}

fn cargo(folder: &Path) -> Option<CargoPackage> {
    let manifest = text(&folder.join("Cargo.toml"))?;
    let bin = folder.join("src/bin");
    let mut bin_files: Vec<String> =
        names(&bin).iter().filter_map(|n| n.strip_suffix(".rs")).map(ToOwned::to_owned).collect();
    bin_files.extend(folders(&bin).into_iter().filter(|n| bin.join(n).join("main.rs").exists()));
    Some(CargoPackage { manifest, has_main: folder.join("src/main.rs").exists(), bin_files })
}

/// Packages one or two folders down, where workspaces keep them.
fn members(folder: &Path) -> Vec<CargoPackage> {
    let mut found = Vec::new();
    for name in folders(folder) {
        let below = folder.join(&name);
        found.extend(cargo(&below));
        found.extend(folders(&below).iter().filter_map(|n| cargo(&below.join(n))));
    }
    found
}
