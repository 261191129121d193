//! The demo's copy of an example: a repository of its own, with a commit for each version.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::versions::Version;
use crate::workspace;

/// The language of the example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Rust,
    Go,
}

impl Language {
    /// Whether the language's tools are here.
    pub(super) fn check(self) -> Result<()> {
        let tool = if self == Self::Go { "go" } else { "cargo" };
        ensure!(workspace::find(tool).is_some(), "{tool} is not on the path, and the demo builds with it");
        ensure!(workspace::find("git").is_some(), "git is not on the path, and the demo ships commits");
        Ok(())
    }

    fn example(self) -> &'static str {
        if self == Self::Go { "greeter-go" } else { "greeter" }
    }

    /// The file that differs from version to version, and its text.
    fn version_file(self, version: &Version) -> (&'static str, String) {
        let Version { number, errors_per_thousand, extra_latency_ms, .. } = version;
        match self {
            Self::Rust => (
                "src/version.rs",
                format!(
                    "//! What differs from version to version. Change it, commit, and `plimsoll ship`.\n\n\
                     /// The version that the greeting names.\npub const VERSION: &str = \"{number}\";\n\
                     /// How many of a thousand greetings are answered with 500.\n\
                     pub const ERRORS_PER_THOUSAND: u64 = {errors_per_thousand};\n\
                     /// Milliseconds that every greeting takes longer.\n\
                     pub const EXTRA_LATENCY_MS: u64 = {extra_latency_ms};\n"
                ),
            ),
            Self::Go => (
                "version.go",
                format!(
                    "package main\n\n// What differs from version to version. Change it, commit, and `plimsoll ship`.\n\
                     const (\n\tversion                  = \"{number}\"\n\terrorsPerThousand uint64 = \
                     {errors_per_thousand}\n\textraLatencyMs           = {extra_latency_ms}\n)\n"
                ),
            ),
        }
    }
}

/// A service's repository.
pub(super) struct Project {
    pub(super) folder: PathBuf,
    language: Language,
}

impl Project {
    /// Copies the example, fresh.
    pub(super) fn make(language: Language, demo: &Path) -> Result<Self> {
        let folder = demo.join(language.example());
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("{} cannot be removed", folder.display()))?;
        }
        copy(&workspace::root().join("examples").join(language.example()), &folder)?;
        let project = Self { folder, language };
        project.git(&["init", "--quiet", "--initial-branch", "main"])?;
        Ok(project)
    }

    /// Makes the version and commits it. Returns the commit's short hash.
    pub(super) fn commit(&self, version: &Version) -> Result<String> {
        let (file, text) = self.language.version_file(version);
        fs::write(self.folder.join(file), text).with_context(|| format!("{file} cannot be written"))?;
        self.git(&["add", "--all"])?;
        let subject = format!("v{}: {}", version.number, version.subject);
        self.git(&["commit", "--quiet", "--message", &subject])?;
        Ok(self.git(&["rev-parse", "--short", "HEAD"])?.trim().to_owned())
    }

    fn git(&self, words: &[&str]) -> Result<String> {
        let mut git = Command::new("git");
        git.current_dir(&self.folder);
        // This repository and no other, and nobody's habits.
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
            git.env_remove(name);
        }
        git.args(["-c", "user.name=demo", "-c", "user.email=demo@localhost", "-c", "commit.gpgsign=false"]);
        workspace::read(git.args(["-c", "core.hooksPath=/dev/null"]).args(words))
    }
}

/// Copies a folder without what builds and plimsoll leave in it.
fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("{} cannot be made", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("{} cannot be read", from.display()))? {
        let entry = entry?;
        let name = entry.file_name();
        if ["target", ".plimsoll"].iter().any(|left| name == *left) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to.join(name))?;
        } else {
            fs::copy(entry.path(), to.join(name))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::versions::VERSIONS;
    use super::*;

    /// The examples work as they stand: their configuration has no problem and nothing to warn of.
    #[test]
    fn the_examples_are_configured() {
        for language in [Language::Rust, Language::Go] {
            let file = workspace::root().join("examples").join(language.example()).join("plimsoll.toml");
            let loaded = plimsoll_config::load("plimsoll.toml", &fs::read_to_string(&file).unwrap());
            let loaded = loaded.unwrap_or_else(|problems| panic!("{}: {problems}", file.display()));
            assert!(loaded.warnings.is_empty(), "{}: {:?}", file.display(), loaded.warnings);
        }
    }

    /// What the demo writes over is there, and says the same of the first version.
    #[test]
    fn the_first_version_is_the_examples_own() {
        for language in [Language::Rust, Language::Go] {
            let (file, text) = language.version_file(&VERSIONS[0]);
            let own = workspace::root().join("examples").join(language.example()).join(file);
            let own = fs::read_to_string(own).unwrap();
            let values = |text: &str| -> Vec<String> {
                let values = text.lines().filter_map(|line| line.split_once(" = "));
                values.map(|(_, value)| value.to_owned()).collect()
            };
            assert_eq!(values(&own), values(&text), "{file}");
        }
    }
}
