//! `cargo build --release --locked`.
//!
//! The program's path is what cargo's own messages say, never a guess at `target/`. As with Go, no toolchain is
//! downloaded unasked: rustup is told not to install the one that `rust-toolchain.toml` may name.
//!
//! A static C library is asked for through `CARGO_TARGET_<TRIPLE>_RUSTFLAGS` together with `--target`, so that build
//! scripts and procedural macros, which run here, are built as ever. Cargo ignores that variable where `RUSTFLAGS` is
//! set; then the flag is added to `RUSTFLAGS`. What `build.rustflags` in cargo's configuration says is lost in either
//! case, as cargo documents: such flags belong under `target.<triple>`.

use std::path::{Path, PathBuf};

use plimsoll_model::release::Platform;

use super::running::Running;
use super::{BuildError, Made, place};
use crate::command::{CommandOrder, Lines, shown};

/// The longest message that is read: one about a program with very many features is some kilobytes.
const LONGEST_MESSAGE: usize = 1024 * 1024;
const STATIC: &str = "-C target-feature=+crt-static";
const VARIABLES: [(&str, &str); 1] = [("RUSTUP_AUTO_INSTALL", "0")];

/// What is built.
pub(super) struct Target<'a> {
    pub(super) binary: &'a str,
    pub(super) package: Option<&'a str>,
    pub(super) flags: &'a [String],
    pub(super) static_libc: bool,
}

pub(super) fn build(running: &mut Running<'_>, target: &Target<'_>) -> Result<Made, BuildError> {
    require_lock(running)?;
    let question = running.order("rustc", &VARIABLES).arg("-vV");
    let asked = shown(&question);
    let rustc = Rustc::read(&running.ask(question)?, asked)?;
    let order = order(running, target, &rustc);
    let command = shown(&order);
    let mut found = Executables::new(target.binary);
    let mut lines = Lines::new(LONGEST_MESSAGE);
    running.perform(order.bytes(), &mut |bytes| lines.push(bytes, &mut |line, _| found.read(line)))?;
    let Some(file) = found.path else {
        let file = PathBuf::from(target.binary);
        return Err(BuildError::NotMade { command, file, found: found.others });
    };
    let triple = flag(target.flags, "--target").unwrap_or(rustc.host.as_str());
    let platform = platform(triple);
    Ok(Made { file, toolchain: format!("rustc {}", rustc.release), platform, command, remarks: Vec::new() })
}

/// Cargo says only that it cannot make a lock file "because --locked was passed"; this says what to do.
fn require_lock(running: &mut Running<'_>) -> Result<(), BuildError> {
    let question = running.order("cargo", &VARIABLES);
    let answer =
        running.ask(question.args(["locate-project", "--workspace", "--message-format", "plain"]))?;
    let manifest = Path::new(answer.trim_end_matches('\n'));
    let lock = manifest.with_file_name("Cargo.lock");
    if lock.is_file() {
        return Ok(());
    }
    Err(BuildError::Unlocked {
        why: format!("{} does not exist: the dependencies are not locked", lock.display()),
        hint: "run `cargo generate-lockfile` and commit Cargo.lock".to_owned(),
    })
}

fn order(running: &Running<'_>, target: &Target<'_>, rustc: &Rustc) -> CommandOrder {
    let mut order = running.order("cargo", &VARIABLES).arg("build");
    if flag(target.flags, "--profile").is_none() {
        order = order.arg("--release");
    }
    order = order.args(["--locked", "--message-format=json-render-diagnostics", "--bin", target.binary]);
    if let Some(package) = target.package {
        order = order.args(["--package", package]);
    }
    if target.static_libc {
        let triple = flag(target.flags, "--target");
        if triple.is_none() {
            order = order.args(["--target", &rustc.host]);
        }
        link_statically(running, &mut order, triple.unwrap_or(&rustc.host));
    }
    order.args(target.flags)
}

/// Adds the flag to the source of flags that cargo will take: it takes the first of these that is set.
fn link_statically(running: &Running<'_>, order: &mut CommandOrder, triple: &str) {
    let of_target = format!("CARGO_TARGET_{}_RUSTFLAGS", triple.to_uppercase().replace(['-', '.'], "_"));
    let add = |name: &str, separator: &str, flag: &str| {
        // Set and empty is set, for cargo too.
        let mut before = running.variable(name)?;
        if !before.is_empty() {
            before.push_str(separator);
        }
        Some((name.to_owned(), before + flag))
    };
    let (name, flags) = add("CARGO_ENCODED_RUSTFLAGS", "\u{1f}", &STATIC.replace(' ', "\u{1f}"))
        .or_else(|| add("RUSTFLAGS", " ", STATIC))
        .or_else(|| add(&of_target, " ", STATIC))
        .unwrap_or((of_target, STATIC.to_owned()));
    order.variables.insert(name, flags);
}

/// The value of a flag in either form: `--name value`, `--name=value`.
fn flag<'a>(flags: &'a [String], name: &str) -> Option<&'a str> {
    let mut words = flags.iter().map(String::as_str);
    while let Some(word) = words.next() {
        if word == name {
            return words.next();
        }
        if let Some(value) = word.strip_prefix(name).and_then(|rest| rest.strip_prefix('=')) {
            return Some(value);
        }
    }
    None
}

/// What `rustc -vV` says.
struct Rustc {
    release: String,
    host: String,
}

impl Rustc {
    fn read(answer: &str, command: String) -> Result<Self, BuildError> {
        let word = |name: &str| answer.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
        match (word("release: "), word("host: ")) {
            (Some(release), Some(host)) => Ok(Self { release, host }),
            _ => Err(BuildError::Answer { command, why: "it does not say `release` and `host`".to_owned() }),
        }
    }
}

/// Executables in cargo's messages, one JSON object a line.
struct Executables<'a> {
    binary: &'a str,
    path: Option<PathBuf>,
    others: Vec<String>,
}

impl<'a> Executables<'a> {
    fn new(binary: &'a str) -> Self {
        Self { binary, path: None, others: Vec::new() }
    }

    /// Lines that are no message are the output of somebody else, and passed over.
    fn read(&mut self, line: &[u8]) {
        let Ok(message) = serde_json::from_slice::<serde_json::Value>(line) else { return };
        let Some(path) = message["executable"].as_str() else { return };
        let name = message["target"]["name"].as_str().unwrap_or_default();
        let is_program =
            message["target"]["kind"].as_array().is_some_and(|kinds| kinds.iter().any(|k| k == "bin"));
        if message["reason"] == "compiler-artifact" && is_program && name == self.binary {
            self.path = Some(PathBuf::from(path));
        } else if self.others.len() < 20 {
            self.others.push(name.to_owned());
        }
    }
}

/// `aarch64-unknown-linux-musl` in Go's words.
fn platform(triple: &str) -> Platform {
    let arch = triple.split('-').next().unwrap_or_default();
    let known = ["linux", "darwin", "windows", "freebsd", "netbsd", "openbsd", "android"];
    let os = known.into_iter().find(|os| triple.contains(os)).unwrap_or("unknown");
    Platform { os: os.to_owned(), arch: place::go_word(arch).to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn triples_are_platforms() {
        for (triple, expected) in [
            ("x86_64-unknown-linux-gnu", "linux/amd64"),
            ("aarch64-apple-darwin", "darwin/arm64"),
            ("armv7-unknown-linux-gnueabihf", "linux/arm"),
            ("riscv64gc-unknown-linux-gnu", "linux/riscv64"),
        ] {
            assert_eq!(platform(triple).to_string(), expected);
        }
    }

    #[test]
    fn only_the_binary_that_was_asked_for_counts() {
        let mut found = Executables::new("greeter");
        found.read(b"not a message");
        found.read(br#"{"reason":"compiler-artifact","executable":"/t/other","target":{"kind":["bin"],"name":"other"}}"#);
        found.read(
            br#"{"reason":"compiler-artifact","executable":null,"target":{"kind":["lib"],"name":"greeter"}}"#,
        );
        assert_eq!((found.path.clone(), found.others.clone()), (None, vec!["other".to_owned()]));
        found.read(br#"{"reason":"compiler-artifact","executable":"/t/g","target":{"kind":["bin"],"name":"greeter"}}"#);
        assert_eq!(found.path, Some(PathBuf::from("/t/g")));
    }

    #[test]
    fn flags_are_found_in_both_forms() {
        let flags = ["--features", "x", "--target=a-b", "--profile", "dist"].map(str::to_owned);
        assert_eq!((flag(&flags, "--target"), flag(&flags, "--profile")), (Some("a-b"), Some("dist")));
        assert_eq!(flag(&flags, "--feature"), None);
    }
}
