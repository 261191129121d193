//! A package is fetched from the address of another. The page beside this file says why.

use plimsoll_model::Severity;

use crate::lock::{Manager, Origin};
use crate::rule::{Check, LockSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "LOCK006",
    name: "address-of-another-package",
    aliases: &["lockfile-lint:validate-package-names"],
    severity: Severity::Error,
    on: true,
    page: include_str!("lock006.md"),
    check: Check::Lock(look),
};

fn look(subject: &LockSubject<'_>, sheet: &mut Sheet<'_>) {
    if ![Manager::Npm, Manager::Yarn].contains(&subject.file.manager) {
        return;
    }
    for package in &subject.file.packages {
        let Origin::Url(url) = &package.origin else { continue };
        // `https://HOST/[PATH/]NAME/-/FILE.tgz`; other addresses do not say whose they are.
        let Some((before, _)) = url.split_once("/-/") else { continue };
        let before = before.replace("%2f", "/").replace("%2F", "/").replace("%40", "@");
        let is_own = before.ends_with(&format!("/{}", package.name));
        if !is_own {
            let other = before
                .rsplit("://")
                .next()
                .unwrap_or_default()
                .split_once('/')
                .map_or("", |(_, path)| path)
                .to_owned();
            let message = format!("{} is fetched from the address of {other}", package.name);
            sheet.add(
                package.place,
                message,
                "lock again; where it was meant, say so in the manifest: `\"name\": \"npm:other@...\"`",
            );
        }
    }
}
