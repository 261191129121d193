//! `plimsoll init`: what a project seems to be, and a first `plimsoll.toml` for it that works as it stands.
//!
//! The caller looks at the folder and hands over plain data; nothing is read here.

mod cargo;
mod cmake;
mod go;
mod name;
mod recipe;
mod template;

use plimsoll_model::ssh::SshHost;

pub(crate) use name::as_name;

/// What the caller saw in the project's folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProjectListing {
    /// Name of the folder.
    pub folder_name: String,
    /// Text of `go.mod`.
    pub go_mod: Option<String>,
    /// Folders with `package main`, relative with `/`: `.`, `cmd/greeter`. Test-only and vendored ones left out.
    pub go_main_packages: Vec<String>,
    /// The Cargo package or workspace in the folder.
    pub cargo: Option<CargoPackage>,
    /// The workspace's members.
    pub cargo_members: Vec<CargoPackage>,
    /// Text of `CMakeLists.txt`.
    pub cmake_lists: Option<String>,
    /// Text of the Makefile that `make` would read.
    pub makefile: Option<String>,
    /// Text of `build.sh`.
    pub build_script: Option<String>,
}

/// A folder with a `Cargo.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CargoPackage {
    /// Text of `Cargo.toml`.
    pub manifest: String,
    /// Whether there is `src/main.rs`.
    pub has_main: bool,
    /// Names of further programs: `src/bin/<name>.rs` and `src/bin/<name>/main.rs`.
    pub bin_files: Vec<String>,
}

/// A first file, and what the user should know about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// Text of `plimsoll.toml`; [`load`](fn@crate::load) takes it without a warning.
    pub text: String,
    /// What was assumed and what to do next, each one sentence or two.
    pub notes: Vec<String>,
}

/// What the project is built with.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    /// The service's name.
    name: String,
    /// Lines of `[build]`.
    build: String,
    /// What was assumed.
    notes: Vec<String>,
    /// A regression test in the project's own language, as a commented example.
    test_example: &'static str,
}

/// Proposes a file. The first of Go, Cargo and `CMake` that makes a program counts; otherwise a command that makes a
/// file is proposed, to be filled in. Production is on `hosts`, and on this machine where there are none.
pub fn propose(listing: &ProjectListing, hosts: &[SshHost]) -> Proposal {
    let found = go::find(listing)
        .or_else(|| cargo::find(listing))
        .or_else(|| cmake::find(listing))
        .unwrap_or_else(|| recipe::find(listing));
    let mut notes = found.notes.clone();
    notes.push(
        "the service must listen on 127.0.0.1 at the port in the variable `PORT` (or take it as an argument: see \
         `args`) and answer GET /healthz with 200 when it is ready"
            .to_owned(),
    );
    notes.push(
        "a canary is judged by its requests: where nobody calls the service yet, send it some or set `on-no-data`"
            .to_owned(),
    );
    notes.push(
        "`.plimsoll/` will hold the signing key and the releases, and keeps itself out of version control: keep a copy of it"
            .to_owned(),
    );
    Proposal { text: template::render(&found, hosts), notes }
}
