//! TLS connections are opened, and no CA roots are in the image. The page beside this file says why.

use plimsoll_model::Severity;

use super::go_builds;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "GO007",
    name: "ca-roots-missing",
    aliases: &[],
    severity: Severity::Error,
    on: true,
    page: include_str!("go007.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    let Some(go) = subject.around.go() else { return };
    let Some(using) = go.tls.as_ref().filter(|_| !go.has_roots) else { return };
    for build in go_builds::shipped(subject.file) {
        if build.base.has_roots()
            || go_builds::brings(subject.file, &["ca-certificates", "/etc/ssl", "/etc/pki", "cacert"])
        {
            continue;
        }
        let fix = "`COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/`";
        sheet
            .add(build.copy.place, "TLS connections are opened, and no CA roots are in the image", fix)
            .mark(format!("no roots are in {}", build.image))
            .note("program", format!("{} uses {}", using.file, using.what))
            .note("would be", "x509: certificate signed by unknown authority");
    }
}
