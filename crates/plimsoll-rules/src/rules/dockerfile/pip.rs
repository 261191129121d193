//! What `pip install` installs.

use crate::shell::Command as ShellCommand;

/// Flags that take the next word.
const VALUES: &[&str] = &[
    "-i",
    "--index-url",
    "--extra-index-url",
    "-f",
    "--find-links",
    "-t",
    "--target",
    "--prefix",
    "--root",
    "--src",
    "--platform",
    "--python-version",
    "--implementation",
    "--abi",
    "--progress-bar",
    "--trusted-host",
    "--proxy",
    "--retries",
    "--timeout",
    "--exists-action",
    "--cert",
    "--client-cert",
    "--cache-dir",
    "--log",
    "--build",
    "-b",
    "--config-settings",
    "-C",
    "--global-option",
    "--install-option",
    "--only-binary",
    "--no-binary",
    "--upgrade-strategy",
    "--python",
    "--use-feature",
    "--use-deprecated",
    "--report",
    "--root-user-action",
];

/// Flags that name files in which versions are fixed.
const FILES: &[&str] = &["-r", "--requirement", "-c", "--constraint"];

/// Whether a command runs pip itself, not one of its relatives that keep caches of their own.
fn is_pip(name: &str) -> bool {
    name.strip_prefix("pip").is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == '.'))
}

/// The words behind `install`; nothing where something else is run.
pub(super) fn install(command: &ShellCommand) -> Option<Vec<&str>> {
    let words: Vec<&str> = command.words.iter().map(String::as_str).collect();
    let words = if is_pip(&command.name) || command.name == "pipx" {
        words
    } else if command.name.starts_with("python") {
        let module = words.iter().position(|word| *word == "-m")?;
        words.get(module + 1).is_some_and(|module| is_pip(module)).then(|| words[module + 2..].to_vec())?
    } else {
        return None;
    };
    let at = words.iter().position(|word| !word.starts_with('-')).filter(|at| words[*at] == "install")?;
    Some(words[at + 1..].to_vec())
}

/// Whether the cache of `pip install` is kept by this command.
pub(super) fn keeps_cache(command: &ShellCommand) -> bool {
    install(command).is_some() && command.name != "pipx" && !command.has_flag(&["no-cache-dir"])
}

/// The packages that are installed by their names; nothing where a file says which versions.
pub(super) fn packages(command: &ShellCommand) -> Option<Vec<&str>> {
    let words = install(command)?;
    let is_file = |word: &str| {
        FILES.iter().any(|flag| {
            word == *flag
                || word.strip_prefix(flag).is_some_and(|rest| rest.starts_with('=') || flag.len() == 2)
        })
    };
    if words.iter().any(|word| is_file(word)) {
        return None;
    }
    let mut packages = Vec::new();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        if VALUES.contains(&word) || word == "-e" || word == "--editable" {
            words.next();
        } else if !word.starts_with('-') {
            packages.push(word);
        }
    }
    Some(packages)
}

/// Whether a package has a version, is a file, or names a commit.
pub(super) fn is_pinned(package: &str) -> bool {
    if let Some((scheme, rest)) = package.split_once("://")
        && scheme.starts_with("git")
    {
        return rest.contains('@');
    }
    let is_file = [".whl", ".tar.gz", ".zip", ".tgz"].iter().any(|end| package.ends_with(end));
    let is_local = package.starts_with(['.', '/']) || package.contains('/');
    package.contains(['=', '<', '>', '~', '@']) || is_file || is_local
}
