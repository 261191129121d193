//! A real service, in Go or in Rust: the example, in a repository of its own, shipped to a fleet.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use plimsoll_testkit::fleet::Fleet;

use super::light_plimsoll;
use crate::support::Run;

/// What it is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    Go,
    Rust,
}

impl Language {
    /// Whether its tools are here.
    pub fn is_here(self) -> bool {
        let tool = if self == Self::Go { "go" } else { "cargo" };
        Command::new(tool).arg("version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
    }

    fn example(self) -> &'static str {
        if self == Self::Go { "greeter-go" } else { "greeter" }
    }

    fn build(self) -> &'static str {
        match self {
            Self::Go => "type = \"go\"",
            Self::Rust => "type = \"rust\"\nbinary = \"greeter\"\nstatic-libc = true",
        }
    }

    fn version(self, number: u32, errors: u32) -> (&'static str, String) {
        match self {
            Self::Go => (
                "version.go",
                format!(
                    "package main\n\nconst (\n\tversion = \"{number}\"\n\terrorsPerThousand uint64 = {errors}\n\textraLatencyMs = 0\n)\n"
                ),
            ),
            Self::Rust => (
                "src/version.rs",
                format!(
                    "pub const VERSION: &str = \"{number}\";\npub const ERRORS_PER_THOUSAND: u64 = {errors};\npub const EXTRA_LATENCY_MS: u64 = 0;\n"
                ),
            ),
        }
    }
}

/// A service of a fleet.
pub struct Service {
    pub name: &'static str,
    pub port: u16,
    language: Language,
    folder: tempfile::TempDir,
}

impl Service {
    /// The service with two instances on every host; `rollout` has the keys of the rollout.
    pub fn new(language: Language, port: u16, fleet: &Fleet, rollout: &str) -> Self {
        let name = if language == Language::Go { "go-greeter" } else { "rust-greeter" };
        let folder = tempfile::tempdir().expect("a folder");
        copy_example(language, folder.path());
        let hosts: Vec<_> = fleet.hosts().iter().map(|host| format!("\"{}\"", host.name())).collect();
        let text = format!(
            r#"[service]
name = "{name}"

[build]
{build}

[run]
drain-timeout = "5s"

[run.health]
interval = "200ms"
min-healthy-time = "300ms"

[environments.production]
target = "ssh"
hosts = [{hosts}]
ssh-config = "{config}"
port = {port}
instances = 2

[environments.production.rollout]
{rollout}

[[environments.production.rollout.analysis]]
name = "traffic"
max-error-rate = "1%"
warm-up = "500ms"
interval = "500ms"
"#,
            build = language.build(),
            hosts = hosts.join(", "),
            config = fleet.ssh_config().display(),
        );
        fs::write(folder.path().join("plimsoll.toml"), text).expect("written");
        fs::write(folder.path().join(".gitignore"), ".plimsoll/\ntarget/\n").expect("written");
        let service = Self { name, port, language, folder };
        service.git(&["init", "-q"]);
        service
    }

    /// Commits a version; of a thousand greetings so many are answered with 500.
    pub fn commit(&self, number: u32, errors: u32) {
        let (file, text) = self.language.version(number, errors);
        fs::write(self.folder.path().join(file), text).expect("written");
        self.git(&["add", "-A"]);
        let subject = format!("v{number}");
        self.git(&["-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "-m", &subject]);
    }

    fn git(&self, words: &[&str]) {
        let status = Command::new("git").args(words).current_dir(self.folder.path()).status();
        assert!(status.expect("git runs").success());
    }

    /// Runs a command of plimsoll to its end.
    pub fn run(&self, words: &[&str]) -> Run {
        let mut command = Command::new(light_plimsoll());
        command.args(words).current_dir(self.folder.path()).stdin(Stdio::null());
        // What cargo says to its tests is not meant for the builds of others.
        command.env_remove("CARGO_TARGET_DIR").env_remove("RUSTFLAGS");
        Run::of(&command.output().expect("plimsoll runs"))
    }
}

/// Copies the example in a language.
pub fn copy_example(language: Language, to: &Path) {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    copy(&examples.join(language.example()), to);
}

/// Copies a folder without what builds and plimsoll leave in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("an example").flatten() {
        let name = entry.file_name();
        if name == "target" || name == ".plimsoll" {
            continue;
        }
        if entry.path().is_dir() {
            copy(&entry.path(), &to.join(name));
        } else {
            fs::copy(entry.path(), to.join(name)).expect("copied");
        }
    }
}
