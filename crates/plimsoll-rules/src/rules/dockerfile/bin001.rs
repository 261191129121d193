//! The loader that the program needs is not in the image. The page beside this file says why.

use plimsoll_model::Severity;

use super::go_builds;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "BIN001",
    name: "loader-missing",
    aliases: &[],
    severity: Severity::Error,
    on: true,
    page: include_str!("bin001.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    let go = subject.around.go();
    let Some(using) = go.as_ref().and_then(|go| go.cgo.as_ref()) else { return };
    for build in go_builds::shipped(subject.file) {
        if !build.uses_cgo || build.base.has_loader() {
            continue;
        }
        let message = "the loader that this program needs is not in the image";
        let fix = "build with `CGO_ENABLED=0 go build`, or take a base with glibc";
        sheet
            .add(build.copy.place, message, fix)
            .mark(format!("no loader is in {}", build.image))
            .note(
                "program",
                format!(
                    "line {}: `go build` with cgo on; {} uses {}",
                    build.run.place.line, using.file, using.what
                ),
            )
            .note("would be", format!("exec {}: no such file or directory", build.target));
    }
}
