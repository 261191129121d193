//! A package comes from a host of its own. The page beside this file says why.

use std::collections::BTreeMap;

use plimsoll_model::Severity;

use crate::lock::Origin;
use crate::rule::{Check, LockSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "LOCK004",
    name: "host-of-few-packages",
    aliases: &["lockfile-lint:allowed-hosts"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("lock004.md"),
    check: Check::Lock(look),
};

/// Hosts that belong together, or that serve archives of commits.
const PUBLIC: [&str; 8] = [
    "registry.npmjs.org",
    "registry.yarnpkg.com",
    "codeload.github.com",
    "pypi.org",
    "files.pythonhosted.org",
    "rubygems.org",
    "repo.packagist.org",
    "github.com",
];

fn look(subject: &LockSubject<'_>, sheet: &mut Sheet<'_>) {
    let host = |url: &str| {
        url.split("://").nth(1).and_then(|rest| rest.split(['/', ':']).next()).map(ToOwned::to_owned)
    };
    let with_host: Vec<_> = subject
        .file
        .packages
        .iter()
        .filter_map(
            |package| if let Origin::Url(url) = &package.origin { Some((package, host(url)?)) } else { None },
        )
        .collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, host) in &with_host {
        *counts.entry(host).or_default() += 1;
    }
    let most = counts.iter().max_by_key(|(_, count)| **count).map(|(host, _)| *host).unwrap_or_default();
    for (package, host) in &with_host {
        // One mirror for all is a choice; a host for one in twenty is an accident, or worse.
        if !PUBLIC.contains(&host.as_str()) && host != most && counts[host.as_str()] * 20 <= with_host.len() {
            let message = format!(
                "{} comes from {host}, unlike nearly all others, which come from {most}",
                package.name
            );
            sheet.add(
                package.place,
                message,
                "see that it is meant; lock it from the registry, or allow the line with a reason",
            );
        }
    }
}
