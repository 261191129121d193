//! Lock files of every package manager as one thing: packages, each with where it comes from and how that is verified.
//!
//! [`trees`] reads those that are JSON, TOML or YAML, [`lines`] the others. What a format does not say is unknown, and nobody is
//! accused of it.

mod lines;
mod trees;

use plimsoll_model::finding::Place;

use crate::source::Source;
use crate::tree::{Problem, Tree};

/// A lock file, taken apart.
#[derive(Debug)]
pub struct Lock {
    /// The file.
    pub source: Source,
    /// Whose it is.
    pub manager: Manager,
    /// Its packages, in the order of the file.
    pub packages: Vec<Package>,
    /// Why it could not be read to its end.
    pub problem: Option<Problem>,
    /// The tree that it is; absent where it is lines.
    pub tree: Option<Tree>,
}

/// Whose lock file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "they are names")]
pub enum Manager {
    Npm,
    Yarn,
    Pnpm,
    Cargo,
    Go,
    Pip,
    Pipenv,
    Poetry,
    Uv,
    Composer,
    Bundler,
    Gradle,
}

/// A package as it was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its name, as it is asked for.
    pub name: String,
    /// Its version; empty where there is none.
    pub version: String,
    /// Where it comes from.
    pub origin: Origin,
    /// How what is fetched is verified.
    pub integrity: Integrity,
    /// Whether something of it runs when it is installed.
    pub scripts: bool,
    /// Where it stands.
    pub place: Place,
}

/// Where a package comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// From the registry that is configured, or that is not said.
    Registry,
    /// From this address.
    Url(String),
    /// From a repository.
    Git {
        /// Its address.
        url: String,
        /// The commit, branch or tag.
        revision: String,
    },
    /// It is part of the project.
    Local,
}

/// How what is fetched is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Integrity {
    /// By a hash that cannot be forged.
    Strong,
    /// By SHA-1 or MD5 only.
    Weak,
    /// Not at all, where it could be.
    Missing,
    /// The format has no place for it, or it is not needed.
    NotSaid,
}

impl Manager {
    /// The manager whose lock file has this name.
    pub fn of(name: &str) -> Self {
        match name.to_ascii_lowercase().as_str() {
            "yarn.lock" => Self::Yarn,
            "pnpm-lock.yaml" => Self::Pnpm,
            "cargo.lock" => Self::Cargo,
            "go.sum" => Self::Go,
            "pipfile.lock" => Self::Pipenv,
            "poetry.lock" => Self::Poetry,
            "uv.lock" => Self::Uv,
            "composer.lock" => Self::Composer,
            "gemfile.lock" => Self::Bundler,
            "gradle.lockfile" => Self::Gradle,
            name if name.rsplit_once('.').is_some_and(|(_, end)| end == "txt") => Self::Pip,
            _ => Self::Npm,
        }
    }
}

impl Lock {
    /// Whether there is a package of this name.
    pub fn has(&self, name: &str) -> bool {
        self.packages.iter().any(|package| package.name == name)
    }
}

/// Takes a lock file apart.
pub fn parse(source: Source) -> Lock {
    let name = source.path.rsplit('/').next().unwrap_or_default().to_owned();
    let manager = Manager::of(&name);
    let is_lines = matches!(manager, Manager::Go | Manager::Pip | Manager::Bundler | Manager::Gradle)
        || manager == Manager::Yarn && !source.text.contains("__metadata:");
    if is_lines {
        let packages = lines::packages(manager, &source);
        return Lock { source, manager, packages, problem: None, tree: None };
    }
    let tree = match manager {
        Manager::Yarn | Manager::Pnpm => Tree::yaml(source),
        Manager::Cargo | Manager::Poetry | Manager::Uv => Tree::toml(source),
        _ => Tree::json(source),
    };
    let packages = tree.root().map(|root| trees::packages(manager, root)).unwrap_or_default();
    Lock { source: tree.source.clone(), manager, packages, problem: tree.problem.clone(), tree: Some(tree) }
}

/// Whether this is a whole commit.
pub(crate) fn is_commit(revision: &str) -> bool {
    [40, 64].contains(&revision.len()) && revision.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Where an address leads.
fn origin(url: &str) -> Origin {
    if url.starts_with("file:") || url.starts_with("link:") || url.starts_with('.') {
        return Origin::Local;
    }
    let is_git = url.starts_with("git+")
        || url.starts_with("git://")
        || url.starts_with("git@")
        || url.starts_with("ssh://");
    if is_git {
        let (address, revision) = url.split_once('#').unwrap_or((url, ""));
        let revision = revision.rsplit('=').next().unwrap_or_default().to_owned();
        return Origin::Git { url: address.to_owned(), revision };
    }
    Origin::Url(url.to_owned())
}

/// What a hash in the form `sha512-…` or `sha256:…` is worth.
fn worth(hash: &str) -> Integrity {
    let names = |weak: &[&str]| {
        let mut hashes = hash.split_whitespace();
        hashes.all(|hash| weak.iter().any(|name| hash.starts_with(name)))
    };
    if hash.trim().is_empty() {
        Integrity::Missing
    } else if names(&["sha1-", "sha1:", "md5-", "md5:"]) {
        Integrity::Weak
    } else {
        Integrity::Strong
    }
}
