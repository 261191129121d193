//! What the gate has to say.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One thing that is wrong with an artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Finding {
    /// What kind of thing; stable, for scripts.
    pub code: Code,
    /// Whether the release may go on.
    pub severity: Severity,
    /// What is wrong, with the names of the things; no final full stop.
    pub message: String,
    /// What to do, with the command where there is one; no final full stop.
    pub fix: String,
}

/// Whether a release with a finding may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// It may, and a person should know.
    Warn,
    /// It may not.
    Refuse,
}

/// The kinds of findings. Their names, in kebab-case, never change their meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// The file holds nothing.
    ArtifactEmpty,
    /// The file is cut off or contradicts itself.
    ArtifactDamaged,
    /// The file cannot be read.
    ArtifactUnreadable,
    /// The file is a script.
    ScriptNotBinary,
    /// The file is an archive, a library, an object file or something else that cannot be started.
    NotAProgram,
    /// The file's mode does not let it be started.
    NotExecutable,
    /// The program is for another system or processor.
    WrongPlatform,
    /// The loader that starts the program is not on the target.
    LoaderMissing,
    /// The file in the loader's place is none for this program.
    LoaderUnusable,
    /// A library is not on the target.
    LibraryMissing,
    /// A library is there, but damaged.
    LibraryUnusable,
    /// A library is there, but too old: it lacks symbol versions.
    SymbolVersionMissing,
    /// The Go program was built from a tree with changes that no commit holds.
    GoDirtyBuild,
}

impl Code {
    /// The name, in kebab-case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ArtifactEmpty => "artifact-empty",
            Self::ArtifactDamaged => "artifact-damaged",
            Self::ArtifactUnreadable => "artifact-unreadable",
            Self::ScriptNotBinary => "script-not-binary",
            Self::NotAProgram => "not-a-program",
            Self::NotExecutable => "not-executable",
            Self::WrongPlatform => "wrong-platform",
            Self::LoaderMissing => "loader-missing",
            Self::LoaderUnusable => "loader-unusable",
            Self::LibraryMissing => "library-missing",
            Self::LibraryUnusable => "library-unusable",
            Self::SymbolVersionMissing => "symbol-version-missing",
            Self::GoDirtyBuild => "go-dirty-build",
        }
    }

    pub(super) const fn severity(self) -> Severity {
        match self {
            Self::GoDirtyBuild => Severity::Warn,
            _ => Severity::Refuse,
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Finding {
    pub(super) fn new(code: Code, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { code, severity: code.severity(), message: message.into(), fix: fix.into() }
    }
}
