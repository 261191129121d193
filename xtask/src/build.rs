//! `cargo xtask build`: the static release binary, checked with our own reader of ELF files.

use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use plimsoll_artifact::elf::{LinkageKind, inspect_file};

use crate::workspace;

/// Tells the compiler to put the C library into the program.
const STATIC: &str = "-C target-feature=+crt-static";

pub(crate) fn run() -> Result<ExitCode> {
    let program = binary(&[])?;
    let facts = inspect_file(&program)?;
    let mebibytes = facts.size as f64 / f64::from(1 << 20);
    println!("{}", program.display());
    println!("{mebibytes:.1} MiB, {}: {}", facts.linkage.kind.name(), facts.linkage.reason);
    Ok(ExitCode::SUCCESS)
}

/// Builds the binary, makes sure that it is static, and says where it is.
pub(crate) fn binary(features: &[&str]) -> Result<PathBuf> {
    let triple = workspace::host_triple()?;
    let mut command = workspace::cargo();
    command.args(["build", "--release", "--locked", "--package", "plimsoll", "--bin", "plimsoll"]);
    // With a named target the flag is for the program alone, not for build scripts and macros.
    command.args(["--target", &triple, "--message-format", "json-render-diagnostics"]);
    if !features.is_empty() {
        command.args(["--features", &features.join(",")]);
    }
    // Cargo takes flags from one place only: RUSTFLAGS, where it is set, hides the target's own.
    match std::env::var("RUSTFLAGS") {
        Ok(flags) if !flags.trim().is_empty() => command.env("RUSTFLAGS", format!("{flags} {STATIC}")),
        _ => command.env_remove("RUSTFLAGS").env(variable(&triple), STATIC),
    };
    let output = command.stderr(Stdio::inherit()).output().context("cargo did not start")?;
    ensure!(output.status.success(), "the build failed: {}", output.status);
    let messages = String::from_utf8_lossy(&output.stdout);
    let program = executable(&messages).context("cargo built no program named `plimsoll`")?;
    check_static(&program)?;
    Ok(program)
}

fn variable(triple: &str) -> String {
    format!("CARGO_TARGET_{}_RUSTFLAGS", triple.to_uppercase().replace(['-', '.'], "_"))
}

/// The program's file, from cargo's messages.
fn executable(messages: &str) -> Option<PathBuf> {
    let values = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let mut files = values.filter_map(|m| {
        (m["target"]["name"] == "plimsoll").then(|| m["executable"].as_str().map(PathBuf::from))?
    });
    files.next_back()
}

fn check_static(program: &Path) -> Result<()> {
    let facts = inspect_file(program)?;
    match facts.linkage.kind {
        LinkageKind::Static | LinkageKind::StaticPie => Ok(()),
        LinkageKind::Dynamic => bail!(
            "{} is not static: {}\nhint: on Debian and Ubuntu the C library's static half is in libc6-dev",
            program.display(),
            facts.linkage.reason
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_found_in_the_messages() {
        let messages = "{\"target\":{\"name\":\"plimsoll_model\"},\"executable\":null}\nnot json\n\
            {\"target\":{\"name\":\"plimsoll\"},\"executable\":\"/t/plimsoll\"}\n";
        assert_eq!(executable(messages), Some(PathBuf::from("/t/plimsoll")));
        assert_eq!(variable("x86_64-unknown-linux-gnu"), "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS");
    }

    #[test]
    fn a_dynamic_program_is_refused() {
        let error = check_static(Path::new("/bin/sh")).unwrap_err().to_string();
        assert!(error.contains("is not static"), "{error}");
    }
}
