//! The table of hooks' variables for `docs/reference/hooks.md`.

use std::fmt::Write as _;

use plimsoll_model::hook::HOOK_VARIABLES;

/// The variables as a Markdown table.
pub fn hook_variables_markdown() -> String {
    let mut text = String::from("| variable | what it holds |\n|---|---|\n");
    for variable in &HOOK_VARIABLES {
        writeln!(text, "| `{}` | {} |", variable.name, variable.about).expect("a string takes all");
    }
    text
}
