//! FROM fixes the platform. The page beside this file says why.

use plimsoll_model::Severity;

use crate::dockerfile::references;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "DF3029",
    name: "constant-platform",
    aliases: &["DL3029", "FromPlatformFlagConstDisallowed", "IMG020"],
    severity: Severity::Warning,
    on: true,
    page: include_str!("df3029.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    for stage in &subject.file.stages {
        let from = &subject.file.instructions[stage.from];
        let Some(platform) = from.flag("platform") else { continue };
        let mut names = references(platform, subject.file.escape).into_iter();
        let chosen = names.any(|reference| ["BUILDPLATFORM", "TARGETPLATFORM"].contains(&reference.name));
        if !chosen {
            let fix = "leave `--platform` out here and give it to the builder";
            sheet.add(from.place, format!("the platform is fixed to `{platform}`"), fix);
        }
    }
}
