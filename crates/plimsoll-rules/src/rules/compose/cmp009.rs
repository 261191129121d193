//! A secret is written into the environment of a service. The page beside this file says why.

use plimsoll_model::Severity;

use super::services;
use crate::rule::{Check, Rule, TreeSubject};
use crate::secrets::names;
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "CMP009",
    name: "secret-in-service-environment",
    aliases: &[],
    severity: Severity::Error,
    on: true,
    page: include_str!("cmp009.md"),
    check: Check::Compose(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    for service in services::all(subject.file) {
        for variable in services::environment(service.node) {
            let Some(value) = variable
                .value
                .filter(|value| names::is_value(value) && !crate::secrets::measure::is_filled_in(value))
            else {
                continue;
            };
            if names::is_secret(&variable.name)
                && !value.starts_with('/')
                && !["true", "false", "yes", "no"].contains(&value)
            {
                let message =
                    format!("the value of `{}` is in the file, and in `docker inspect`", variable.name);
                let fix = "use `secrets:` and a variable with `_FILE` where the image has one, or `${...}` from an environment that is not shared";
                sheet.add(variable.place, message, fix).hide_values();
            }
        }
    }
}
