//! The table of exit codes for `docs/reference/exit-codes.md`.

use std::fmt::Write as _;

use plimsoll_model::ExitCode;

/// The codes as a Markdown table, in the order of their numbers.
pub fn exit_codes_markdown() -> String {
    let mut text = String::from("| code | name | meaning |\n|---:|---|---|\n");
    for code in ExitCode::ALL {
        writeln!(text, "| {} | `{}` | {} |", code.number(), name(code), code.meaning())
            .expect("a string takes all");
    }
    text
}

/// The code's name as `--json` writes it.
fn name(code: ExitCode) -> String {
    let json = serde_json::to_value(code).expect("an exit code is a plain word");
    json.as_str().map(ToOwned::to_owned).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_row() {
        let table = exit_codes_markdown();
        assert_eq!(table.lines().count(), ExitCode::ALL.len() + 2);
        assert!(table.contains(
            "| 11 | `rolled-back` | the release was rolled back; what served before it, if anything did, serves everywhere |"
        ));
    }
}
