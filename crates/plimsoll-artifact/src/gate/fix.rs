//! What to do about a finding, in the words of the tool that made the program.

use plimsoll_model::release::Platform;

use super::Subject;
use crate::elf::Facts;
use crate::go;

fn is_go(subject: &Subject) -> bool {
    matches!(subject.go, go::Program::Go(_) | go::Program::GoWithoutBuildInfo)
}

/// How to build for a platform.
pub(super) fn build_for(subject: &Subject, platform: &Platform) -> String {
    let Platform { os, arch } = platform;
    if is_go(subject) {
        return format!("build it again with `GOOS={os} GOARCH={arch} go build`");
    }
    match rust_target(platform) {
        Some(target) => {
            format!("build it for {platform}; with Rust: `cargo build --release --target {target}`")
        }
        None => format!("build it for {platform}"),
    }
}

/// How to need less of the target.
pub(super) fn link_statically(subject: &Subject) -> String {
    if is_go(subject) {
        return "build with `CGO_ENABLED=0 go build`, which needs no libraries".to_owned();
    }
    "link it statically (Rust: `RUSTFLAGS='-C target-feature=+crt-static'` with `--target`, C: `-static`)"
        .to_owned()
}

/// How to get a loader.
pub(super) fn get_loader(subject: &Subject, facts: &Facts) -> String {
    let needs = facts.oldest_glibc.map_or_else(
        || "a target that has this loader".to_owned(),
        |version| format!("a target with glibc {version} or newer"),
    );
    format!("{}, or take {needs}", link_statically(subject))
}

/// How to get a library.
pub(super) fn get_library(subject: &Subject, name: &str) -> String {
    let install =
        format!("install the package that has it on the target (Debian: `apt-file search {name}` names it)");
    format!("{install}, or {}", link_statically(subject))
}

fn rust_target(platform: &Platform) -> Option<&'static str> {
    Some(match (platform.os.as_str(), platform.arch.as_str()) {
        ("linux", "amd64") => "x86_64-unknown-linux-gnu",
        ("linux", "arm64") => "aarch64-unknown-linux-gnu",
        ("linux", "arm") => "armv7-unknown-linux-gnueabihf",
        ("linux", "386") => "i686-unknown-linux-gnu",
        ("linux", "riscv64") => "riscv64gc-unknown-linux-gnu",
        ("linux", "ppc64le") => "powerpc64le-unknown-linux-gnu",
        ("linux", "s390x") => "s390x-unknown-linux-gnu",
        _ => return None,
    })
}
