//! A secret is written into the image. The page beside this file says why.

use plimsoll_model::Severity;

use crate::dockerfile::Body;
use crate::rule::{Check, DockerfileSubject, Rule};
use crate::secrets::names;
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "IMG005",
    name: "secret-in-image",
    aliases: &["DL3064", "SecretsUsedInArgOrEnv", "CIS-DI-0010", "AVD-DS-0031", "DS031"],
    severity: Severity::Error,
    on: true,
    page: include_str!("img005.md"),
    check: Check::Dockerfile(look),
};

fn look(subject: &DockerfileSubject<'_>, sheet: &mut Sheet<'_>) {
    for instruction in subject.file.unwrapped() {
        let (word, name) = match &instruction.body {
            Body::Env(pairs) => {
                let said =
                    pairs.iter().find(|pair| names::is_secret(&pair.key) && names::is_value(&pair.value));
                ("ENV", said.map(|pair| &pair.key))
            }
            // A value that is given to the builder stays in the history as well.
            Body::Arg(names) => {
                let said = names.iter().find(|(name, default)| {
                    names::is_secret(name) && default.as_deref().is_none_or(names::is_value)
                });
                ("ARG", said.map(|(name, _)| name))
            }
            _ => continue,
        };
        if let Some(name) = name {
            let fix = match word {
                "ENV" => "give it at run time, and replace the value if the image was pushed",
                _ => "use `RUN --mount=type=secret` instead",
            };
            // The value itself is not repeated in the message; the shown line is masked.
            sheet
                .add(instruction.place, format!("`{word} {name}` stays readable in the image"), fix)
                .hide_values();
        }
    }
}
