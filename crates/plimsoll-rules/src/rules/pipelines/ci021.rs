//! A secret is written into a pipeline. The page beside this file says why.

use plimsoll_model::Severity;

use super::jobs;
use crate::rule::{Check, Rule, TreeSubject};
use crate::secrets::{measure, names};
use crate::sheet::Sheet;

pub(super) const RULE: Rule = Rule {
    id: "CI021",
    name: "secret-in-pipeline",
    aliases: &[],
    severity: Severity::Error,
    on: true,
    page: include_str!("ci021.md"),
    check: Check::GitlabCi(look),
};

fn look(subject: &TreeSubject<'_>, sheet: &mut Sheet<'_>) {
    for holder in jobs::gitlab(subject.file) {
        for (key, value) in holder.get("variables").map(crate::tree::Node::entries).unwrap_or_default() {
            let text = value.text().or_else(|| value.text_at(&["value"])).unwrap_or_default();
            let is_value = names::is_value(text)
                && !measure::is_filled_in(text)
                && !["true", "false"].contains(&text)
                && !text.starts_with('/');
            // Those of a database that lives as long as the job are no secrets.
            let is_of_service = ["POSTGRES_", "MYSQL_", "MARIADB_", "RABBITMQ_"]
                .iter()
                .any(|start| key.text.starts_with(start))
                && subject.file.source.text.contains("services:");
            if names::is_secret(&key.text) && is_value && !is_of_service {
                sheet
                    .add(
                        key.place,
                        format!("the value of `{}` is in the file", key.text),
                        "make it a variable of the project: masked, and protected",
                    )
                    .hide_values();
            }
        }
    }
}
