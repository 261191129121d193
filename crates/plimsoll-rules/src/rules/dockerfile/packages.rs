//! Packages that package managers are told to install.

use crate::shell::Command as ShellCommand;

/// Flags of `apt-get` that take the next word.
pub(super) const APT_VALUES: &[&str] = &[
    "-t",
    "--target-release",
    "--default-release",
    "-o",
    "--option",
    "-c",
    "--config-file",
    "-a",
    "--host-architecture",
];

/// Flags of `apk` that take the next word.
pub(super) const APK_VALUES: &[&str] = &[
    "-t",
    "--virtual",
    "-X",
    "--repository",
    "-p",
    "--root",
    "--repositories-file",
    "--keys-dir",
    "--cache-dir",
    "--cache-max-age",
    "--arch",
    "--progress-fd",
    "--wait",
];

/// Flags of `yum` and `dnf` that take the next word.
pub(super) const YUM_VALUES: &[&str] = &[
    "-c",
    "--config",
    "--installroot",
    "--enablerepo",
    "--disablerepo",
    "--repo",
    "--repoid",
    "-x",
    "--exclude",
    "--releasever",
    "--setopt",
    "-d",
    "-e",
    "-R",
];

/// Whether what is to be installed is a file, which is of one version.
pub(super) fn is_file(package: &str, ends: &[&str]) -> bool {
    ends.iter().any(|end| package.ends_with(end))
}

/// Programs that behave as `dnf`.
pub(super) const DNF: [&str; 3] = ["dnf", "microdnf", "dnf5"];

/// What is wrong with a command that installs a package whose version is not fixed.
pub(super) fn unpinned(
    command: &ShellCommand,
    programs: &[&str],
    subcommands: &[&str],
    valued: &[&str],
    fixed: impl Fn(&str) -> bool,
) -> Option<String> {
    if !programs.contains(&command.name.as_str()) {
        return None;
    }
    let package =
        command.operands_of(subcommands, valued)?.into_iter().find(|package| !fixed(package))?.to_owned();
    Some(format!("`{package}` has no version"))
}

/// What is wrong with an installation by `yum` or `dnf` without a version.
pub(super) fn unpinned_rpm(command: &ShellCommand, programs: &[&str]) -> Option<String> {
    if !programs.contains(&command.name.as_str()) {
        return None;
    }
    // `module install` names streams: `nodejs:18`.
    if let Some(words) = command.operands_of(&["module"], YUM_VALUES) {
        let streams = words.strip_prefix(&["install"])?;
        let module = streams.iter().find(|stream| !stream.contains(':'))?;
        return Some(format!("the module `{module}` has no stream"));
    }
    unpinned(command, programs, &["install"], YUM_VALUES, is_fixed_rpm)
}

/// `name-1.2`, a file or an address. What a variable holds behind the dash is not known and not accused.
fn is_fixed_rpm(package: &str) -> bool {
    let has_version = package
        .match_indices('-')
        .any(|(at, _)| package[at + 1..].starts_with(|c: char| c.is_ascii_digit() || c == '$'));
    has_version || is_file(package, &[".rpm"]) || package.contains("://")
}

/// What is wrong with a command that asks whether to go on.
pub(super) fn asks(
    command: &ShellCommand,
    programs: &[&str],
    subcommands: &[&str],
    agreements: &[&str],
) -> Option<String> {
    let name = command.name.as_str();
    let asks = programs.contains(&name) && command.has_any(subcommands) && !command.has_flag(agreements);
    asks.then(|| format!("`{name}` asks, and nobody answers"))
}
