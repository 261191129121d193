//! From the declared build to a program file, with what is needed as evidence for it.
//!
//! Each builder has its file: `go`, `rust`, `cmake`, `command`. They share three rules. Dependencies must
//! be locked. No compiler is downloaded unasked. The artifact is a copy of its own in the output folder, so that a later
//! build does not change it.

mod cmake;
mod command;
mod error;
mod go;
mod hints;
mod place;
mod running;
mod rust;

use std::path::{Path, PathBuf};
use std::time::Duration;

use plimsoll_model::release::Platform;
use plimsoll_model::service::{BuildSpec, Builder};

use crate::command::{Commands, Stream};
pub use error::BuildError;
use running::Running;

/// What is to be built, and where it goes.
#[derive(Debug, Clone, Copy)]
pub struct BuildOrder<'a> {
    /// How.
    pub spec: &'a BuildSpec,
    /// The folder that `spec.folder` is relative to: the one with the configuration file.
    pub base: &'a Path,
    /// Where the artifact and intermediate files go. Made where it is absent; best one for each build.
    pub out: &'a Path,
    /// The artifact's file name, without a path: the service's name.
    pub name: &'a str,
}

/// What came of a build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// The program: `<out>/<name>`, executable if the builder made it so.
    pub artifact: PathBuf,
    /// What built it: `go 1.26.8`, `rustc 1.95.0`, `cmake 3.25.1, GNU 12.2.0`, or the command's name.
    pub toolchain: String,
    /// What it runs on. The processor is read from the program's header where it is ELF.
    pub platform: Platform,
    /// The command that built it, as it could be typed, with secrets masked.
    pub command: String,
    /// Time that all commands together took.
    pub took: Duration,
    /// What a person should know beside the success.
    pub remarks: Vec<String>,
}

/// What a builder hands back for placing.
struct Made {
    file: PathBuf,
    toolchain: String,
    platform: Platform,
    command: String,
    remarks: Vec<String>,
}

/// Builds. Every line that the tools write for people goes to `on_line`.
pub fn build(
    commands: &dyn Commands,
    order: &BuildOrder<'_>,
    on_line: &mut dyn FnMut(Stream, &str),
) -> Result<Built, BuildError> {
    let folder = order.base.join(&order.spec.folder);
    if !folder.is_dir() {
        return Err(BuildError::NoFolder { folder });
    }
    // Tools run in the project's folder: what they are told about the output must not depend on ours.
    let folder = place::whole_path(&folder)?;
    let out = place::make_folder(order.out)?;
    let mut running = Running::new(commands, order.spec, folder, on_line);
    let made = match &order.spec.builder {
        Builder::Go { package, flags, .. } => go::build(&mut running, cgo(order.spec), package, flags, &out),
        Builder::Rust { binary, package, flags, static_libc } => {
            let target =
                rust::Target { binary, package: package.as_deref(), flags, static_libc: *static_libc };
            rust::build(&mut running, &target)
        }
        Builder::Cmake { target, output, flags } => cmake::build(&mut running, target, output, flags, &out),
        Builder::Command { command, output } => command::build(&mut running, command, output),
    }?;
    finish(made, &out, order.name, running.took())
}

fn cgo(spec: &BuildSpec) -> bool {
    matches!(spec.builder, Builder::Go { cgo: true, .. })
}

fn finish(made: Made, out: &Path, name: &str, took: Duration) -> Result<Built, BuildError> {
    let Made { file, toolchain, platform, command, mut remarks } = made;
    let artifact = place::place(&file, out, name)?;
    let head = place::Head::read(&artifact)?;
    if head.is_archive() {
        return Err(BuildError::NoProgram { command });
    }
    if !place::is_executable(&artifact)? {
        remarks.push(format!("{} is not executable", file.display()));
    }
    let platform = Platform { arch: head.processor().unwrap_or(platform.arch), os: platform.os };
    Ok(Built { artifact, toolchain, platform, command, took, remarks })
}

#[cfg(test)]
mod tests;
