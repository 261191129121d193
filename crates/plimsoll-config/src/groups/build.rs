//! `[build]`

use std::path::PathBuf;

use plimsoll_model::ServiceName;
use plimsoll_model::service::{BuildSpec, Builder};

use crate::settings::settings;
use crate::shape::{Rule, Variant};
use crate::values::list::{Command, List};
use crate::values::map::Variables;
use crate::values::text::{Filled, InnerPath};
use crate::values::time::SomeTime;
use crate::values::words::words;

settings! {
    /// How the artifact, one program file, is made. `type` says with what; the other keys depend on it.
    BuildLayer, Rule::ByType(VARIANTS);
    /// What makes the artifact.
    "type" => kind: BuilderKind, required;
    /// Folder of the project, relative to the configuration file.
    "folder" => folder: Filled = "\".\"";
    /// go: the package of the program, `./cmd/greeter` (default `.`). rust: the package of the workspace that has
    /// the binary.
    "package" => package: Filled;
    /// rust: the binary target; default is the service's name.
    "binary" => binary: Filled;
    /// cmake: the target to build.
    "target" => target: Filled;
    /// command: the program that makes the file, and its arguments; no shell reads them.
    "command" => command: Command;
    /// command: the file that is made, relative to the folder. cmake: the program that is made, relative to the
    /// build folder; default is the target's name.
    "output" => output: InnerPath;
    /// go, rust, cmake: extra arguments of `go build`, `cargo build` or `cmake` when it configures.
    "flags" => flags: List<Filled> = "[]";
    /// go: whether cgo may be used. Off makes a program that needs no libraries.
    "cgo" => cgo: bool = "false";
    /// rust: whether the C library is linked statically (`-C target-feature=+crt-static`).
    "static-libc" => static_libc: bool = "false";
    /// The longest time that the build may take.
    "timeout" => timeout: SomeTime = "\"30m\"";
    /// Variables added to the build's environment.
    "variables" => variables: Variables = "{}";
}

/// What each type needs and takes. Keys that no type names belong to all.
const VARIANTS: &[Variant] = &[
    Variant { name: "go", required: &[], allowed: &["package", "flags", "cgo"] },
    Variant { name: "rust", required: &[], allowed: &["package", "binary", "flags", "static-libc"] },
    Variant { name: "cmake", required: &["target"], allowed: &["output", "flags"] },
    Variant { name: "command", required: &["command", "output"], allowed: &[] },
];

/// The type of a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BuilderKind {
    Go,
    Rust,
    Cmake,
    Command,
}

words!(
    BuilderKind,
    [
        ("go", BuilderKind::Go, "`go build` in a module"),
        ("rust", BuilderKind::Rust, "`cargo build --release --locked`"),
        ("cmake", BuilderKind::Cmake, "`cmake`, configure and build"),
        ("command", BuilderKind::Command, "any command that makes a file"),
    ]
);

impl BuildLayer {
    /// `None` where a needed key is missing or wrong, which reading has reported.
    pub(crate) fn resolve(&self, service: Option<&ServiceName>) -> Option<BuildSpec> {
        Some(BuildSpec {
            builder: self.builder(service)?,
            folder: PathBuf::from(self.folder().0),
            variables: self.variables().resolve(),
            timeout: self.timeout().0,
        })
    }

    fn builder(&self, service: Option<&ServiceName>) -> Option<Builder> {
        let package = self.package.value().map(|package| package.0.clone());
        let flags = self.flags().values().map(|flag| flag.0).collect();
        let output = self.output.value().map(|path| path.0.clone());
        Some(match self.kind.value()? {
            BuilderKind::Go => {
                Builder::Go { package: package.unwrap_or_else(|| ".".to_owned()), flags, cgo: self.cgo() }
            }
            BuilderKind::Rust => Builder::Rust {
                binary: match self.binary.value() {
                    Some(binary) => binary.0.clone(),
                    None => service?.as_str().to_owned(),
                },
                package,
                flags,
                static_libc: self.static_libc(),
            },
            BuilderKind::Cmake => {
                let target = self.target.value()?.0.clone();
                Builder::Cmake { output: output.unwrap_or_else(|| target.clone()).into(), target, flags }
            }
            BuilderKind::Command => {
                Builder::Command { command: self.command.value()?.0.clone(), output: output?.into() }
            }
        })
    }
}
