//! `cargo xtask launcher`: compiles the code of bundles' launchers. The results are kept in the repository, as whoever builds
//! plimsoll need not have compilers of other processors.
//!
//! Another version of a compiler makes other code of the same source; so the results are only compared where the compiler is
//! the one that made them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

use crate::workspace;

const FOLDER: &str = "crates/plimsoll-artifact/src/bundle/launcher";
/// Beside the results: the version that made them.
const VERSION: &str = "compiler";
const FLAGS: [&str; 16] = [
    "-Os",
    "-ffreestanding",
    "-nostdlib",
    "-static",
    "-fno-pic",
    "-fno-pie",
    "-no-pie",
    "-fno-stack-protector",
    "-fno-asynchronous-unwind-tables",
    "-fno-builtin",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-Wl,--build-id=none",
    "-Wl,-T,link.ld",
    "launcher.c",
];

struct Target {
    /// The processor as compilers call it; the file is named after it.
    name: &'static str,
    flag: &'static str,
}

const TARGETS: [Target; 2] = [
    Target { name: "x86_64", flag: "-fcf-protection=none" },
    Target { name: "aarch64", flag: "-mno-outline-atomics" },
];

pub(crate) fn run() -> Result<ExitCode> {
    let mut versions = Vec::new();
    for target in &TARGETS {
        let code = compile(target)?;
        let file = folder().join(format!("{}.bin", target.name));
        fs::write(&file, &code).with_context(|| format!("{} was not written", file.display()))?;
        println!("{}: {} bytes", target.name, code.len());
        versions.push(version(target)?);
    }
    versions.dedup();
    if versions.len() != 1 {
        bail!("the compilers differ: {}", versions.join(", "));
    }
    fs::write(folder().join(VERSION), format!("{}\n", versions[0]))?;
    Ok(ExitCode::SUCCESS)
}

fn folder() -> PathBuf {
    workspace::root().join(FOLDER)
}

/// This machine's own compiler where it is for the processor, or the one that Debian calls so.
fn tool(target: &Target, tool: &str) -> PathBuf {
    let cross = format!("{}-linux-gnu-{tool}", target.name);
    let own = std::env::consts::ARCH == target.name && workspace::find(&cross).is_none();
    PathBuf::from(if own { tool.to_owned() } else { cross })
}

fn version(target: &Target) -> Result<String> {
    let text = workspace::read(workspace::command(tool(target, "gcc")).arg("-dumpfullversion"))?;
    Ok(format!("gcc {}", text.trim()))
}

fn compile(target: &Target) -> Result<Vec<u8>> {
    let made = workspace::target().join("launcher");
    fs::create_dir_all(&made)?;
    let (linked, code) = (made.join(target.name), made.join(format!("{}.bin", target.name)));
    workspace::run(
        workspace::command(tool(target, "gcc"))
            .current_dir(folder())
            .arg(target.flag)
            .args(FLAGS)
            .arg("-o")
            .arg(&linked),
    )?;
    objcopy(target, &linked, &code)?;
    Ok(fs::read(code)?)
}

fn objcopy(target: &Target, from: &Path, to: &Path) -> Result<()> {
    workspace::run(workspace::command(tool(target, "objcopy")).args(["-O", "binary"]).arg(from).arg(to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kept_code_is_what_the_source_makes() {
        let kept = fs::read_to_string(folder().join(VERSION)).unwrap();
        for target in &TARGETS {
            let name = format!("the launcher's code for {}", target.name);
            match version(target) {
                Err(_) => eprintln!("skipped: {name}: there is no compiler for it"),
                Ok(version) if version != kept.trim() => {
                    eprintln!("skipped: {name}: {version} makes other code than {}", kept.trim());
                }
                Ok(_) => {
                    let file = fs::read(folder().join(format!("{}.bin", target.name))).unwrap();
                    assert!(compile(target).unwrap() == file, "hint: cargo xtask launcher");
                }
            }
        }
    }
}
