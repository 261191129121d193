//! Time zones are looked up, and none are in the image. The page beside this file says why.

use plimsoll_model::Severity;

use super::go_builds;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "GO006",
    name: "time-zones-missing",
    aliases: &[],
    severity: Severity::Warning,
    on: true,
    page: include_str!("go006.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    let Some(go) = subject.around.go() else { return };
    let Some(using) = go.zones.as_ref().filter(|_| !go.has_zones) else { return };
    for build in go_builds::shipped(subject.file) {
        if build.base.has_zones()
            || build.embeds_zones
            || go_builds::brings(subject.file, &["zoneinfo", "tzdata"])
        {
            continue;
        }
        let fix = "build with `-tags timetzdata` (+0.4 MB), or copy `/usr/share/zoneinfo` from the build";
        sheet
            .add(build.copy.place, "time zones are looked up, and none are in the image", fix)
            .mark(format!("no zones are in {}", build.image))
            .note("program", format!("{} calls {}", using.file, using.what))
            .note("would be", "unknown time zone Europe/Paris");
    }
}
