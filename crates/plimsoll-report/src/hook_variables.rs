//! The tables of hooks' variables for `docs/reference/hooks.md`.

use std::fmt::Write as _;

use plimsoll_model::hook::{HOOK_VARIABLES, HookVariable, MIGRATE_VARIABLES};

/// The variables of hooks that run where the command runs, as a Markdown table.
pub fn hook_variables_markdown() -> String {
    table(&HOOK_VARIABLES)
}

/// The variables of `migrate`, which runs on a host, as a Markdown table.
pub fn migrate_variables_markdown() -> String {
    table(&MIGRATE_VARIABLES)
}

fn table(variables: &[HookVariable]) -> String {
    let mut text = String::from("| variable | what it holds |\n|---|---|\n");
    for variable in variables {
        writeln!(text, "| `{}` | {} |", variable.name, variable.about).expect("a string takes all");
    }
    text
}
