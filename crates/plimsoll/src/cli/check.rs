//! What is read and judged: `inspect`, `check`, `explain` and `unit`; and `bundle`, which packs what `inspect` finds.

use std::path::PathBuf;

use clap::Args;
use plimsoll_model::EnvironmentName;

#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// The files.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Search libraries in this folder as the root of a file system.
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub(crate) root: PathBuf,
    /// The names of all functions of Go programs too.
    #[arg(long)]
    pub(crate) functions: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Bundle {
    /// The program.
    #[arg(value_name = "FILE")]
    pub(crate) program: PathBuf,
    /// The folder to write; it must be empty or not there.
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: PathBuf,
    /// This file or folder too: a program, a library that is opened by name, data. May be repeated.
    #[arg(long, value_name = "PATH")]
    pub(crate) with: Vec<PathBuf>,
    /// Leave this out on purpose: a subject (`locales`, `name-services`), a library, a path. May be repeated.
    #[arg(long, value_name = "WHAT")]
    pub(crate) without: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Files and folders to look at; this folder where none is named.
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// How the findings are written.
    #[arg(long, value_enum, default_value = "text", value_name = "FORMAT", conflicts_with = "json")]
    pub(crate) format: CheckFormat,
    /// The mildest finding that refuses.
    #[arg(long, value_enum, default_value = "error", value_name = "SEVERITY")]
    pub(crate) fail_on: FailOn,
    /// Only these rules, separated by commas: identifiers, names or aliases.
    #[arg(long, value_delimiter = ',', value_name = "RULES")]
    pub(crate) only: Vec<String>,
    /// These rules too, which are off by themselves.
    #[arg(long, value_delimiter = ',', value_name = "RULES")]
    pub(crate) also: Vec<String>,
    /// Not these rules.
    #[arg(long, value_delimiter = ',', value_name = "RULES")]
    pub(crate) skip: Vec<String>,
    /// Leave files and folders out: names, or paths; one `*` stands for anything.
    #[arg(long, value_delimiter = ',', value_name = "PATTERNS")]
    pub(crate) exclude: Vec<String>,
    /// Registries that base images may come from: `registry.example`, `*.example`.
    #[arg(long, value_delimiter = ',', value_name = "REGISTRIES")]
    pub(crate) trusted_registry: Vec<String>,
    /// Labels that images have, with their form: `version:semver`. Forms: text, rfc3339, semver, url, hash, spdx, email.
    #[arg(long, value_delimiter = ',', value_name = "LABEL:FORM")]
    pub(crate) require_label: Vec<String>,
    /// Images have no other labels.
    #[arg(long)]
    pub(crate) strict_labels: bool,
}

/// How findings are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum CheckFormat {
    /// For people.
    Text,
    /// One JSON object.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// JUnit's XML, for CI servers.
    Junit,
    /// Annotations of GitHub Actions.
    Github,
    /// A code quality report of GitLab.
    Gitlab,
}

/// The mildest finding that refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum FailOn {
    /// Errors.
    Error,
    /// Warnings and errors.
    Warning,
    /// Every finding.
    Info,
    /// None.
    Never,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// An identifier, a name or an alias.
    pub(crate) rule: String,
}

#[derive(Debug, Args)]
pub(crate) struct Unit {
    /// The program that is released: what it cannot live with is left out of the unit.
    #[arg(long, value_name = "FILE")]
    pub(crate) binary: Option<PathBuf>,
    /// The environment; `production`, or the only one.
    #[arg(short, long, value_name = "NAME")]
    pub(crate) environment: Option<EnvironmentName>,
}
