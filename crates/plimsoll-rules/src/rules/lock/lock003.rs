//! A package is fetched without encryption. The page beside this file says why.

use plimsoll_model::Severity;

use crate::lock::Origin;
use crate::rule::{Check, LockSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "LOCK003",
    name: "unencrypted-source",
    aliases: &["lockfile-lint:validate-https"],
    severity: Severity::Error,
    on: true,
    page: include_str!("lock003.md"),
    check: Check::Lock(look),
};

fn look(subject: &LockSubject<'_>, sheet: &mut Sheet<'_>) {
    for package in &subject.file.packages {
        let (Origin::Url(url) | Origin::Git { url, .. }) = &package.origin else { continue };
        let scheme = url.trim_start_matches("git+").split("://").next().unwrap_or_default();
        let host = url.split("://").nth(1).unwrap_or_default();
        let is_here = ["localhost", "127.0.0.1", "[::1]"].iter().any(|own| host.starts_with(own));
        if ["http", "git", "ftp"].contains(&scheme) && url.contains("://") && !is_here {
            sheet.add(
                package.place,
                format!("{} is fetched over {scheme}, which anybody on the way can change", package.name),
                "lock it from an `https` address",
            );
        }
    }
}
