//! The compiler of the image is older than the module asks for. The page beside this file says why.

use plimsoll_model::Severity;

use crate::dockerfile::Body;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "IMG024",
    name: "compiler-older-than-the-module",
    aliases: &[],
    severity: Severity::Error,
    on: true,
    page: include_str!("img024.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    let Some(text) = subject.around.text("go.mod") else { return };
    let Some(wanted) = text.lines().find_map(|line| version(line.strip_prefix("go ")?)) else { return };
    // Whoever lets Go fetch another one says so by this variable.
    if subject.file.source.text.contains("GOTOOLCHAIN") {
        return;
    }
    for instruction in &subject.file.instructions {
        let Body::From { image, .. } = &instruction.body else { continue };
        if image.path != "golang" || image.registry.is_some() {
            continue;
        }
        let Some(have) = image.tag.as_deref().and_then(version) else { continue };
        // From 1.21 on, the toolchain that is asked for is fetched, unless the image forbids it, which it does. Older ones try.
        if have < wanted && have >= (1, 21) {
            let message = format!(
                "go.mod asks for Go {}.{}, and the image has {}.{}",
                wanted.0, wanted.1, have.0, have.1
            );
            sheet
                .add(instruction.place, message, format!("take `golang:{}.{}`", wanted.0, wanted.1))
                .note("would be", "go.mod requires a newer Go (GOTOOLCHAIN=local)");
        }
    }
}

/// The first two numbers of a version; nothing where there are no two.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.trim().split(|c: char| !c.is_ascii_digit());
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}
