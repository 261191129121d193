//! The reference page of all checks, and the page of one for `explain`.

use std::fmt::Write as _;

use crate::page::{self, Page};
use crate::registry;
use crate::rule::Rule;

/// `docs/reference/checks.md`.
pub fn markdown() -> String {
    let mut text = String::from(
        "# Checks\n\nThis page is generated from the code; do not edit it. `plimsoll explain ID` prints one of these parts; an alias does \
         as well as an identifier.\n\n| id | name | severity | aliases | what |\n|---|---|---|---|---|\n",
    );
    for rule in registry::all() {
        let aliases: Vec<String> = rule.aliases.iter().map(|alias| format!("`{alias}`")).collect();
        let severity =
            if rule.on { rule.severity.name().to_owned() } else { format!("off ({})", rule.severity) };
        writeln!(
            text,
            "| [{id}](#{anchor}) | `{}` | {severity} | {} | {} |",
            rule.name,
            aliases.join(" "),
            page::read(rule.page).title,
            id = rule.id,
            anchor = anchor(rule),
        )
        .expect("a string takes all");
    }
    for rule in registry::all() {
        text.push('\n');
        text.push_str(&section(rule));
    }
    text
}

/// The anchor of a rule's part.
fn anchor(rule: &Rule) -> String {
    format!("{}-{}", rule.id.to_lowercase(), rule.name)
}

/// What is said about one rule, with one case of each kind.
pub fn section(rule: &Rule) -> String {
    let Page { title, what, why, fix, references, fires, silent } = page::read(rule.page);
    let mut text = format!(
        "## {} {}\n\n{title}.\n\n{what}\n\n### Why it matters\n\n{why}\n\n### How to fix\n\n{fix}\n",
        rule.id, rule.name
    );
    let language = |info: &str| info.split(' ').next().unwrap_or_default().to_owned();
    for (heading, cases) in [("This is found", fires), ("This is not", silent)] {
        if let Some(case) = cases.iter().rfind(|case| !case.info.ends_with(" beside")) {
            write!(text, "\n{heading}:\n\n```{}\n{}```\n", language(case.info), case.text)
                .expect("a string takes all");
        }
    }
    if !references.is_empty() {
        write!(text, "\nRead more: {references}\n").expect("a string takes all");
    }
    text
}
