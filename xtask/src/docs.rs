//! `cargo xtask docs`: the pages that are generated, so that they cannot tell other than the code.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};

use crate::{layers, workspace};

const ARCHITECTURE: &str = "docs/design/architecture.md";

pub(crate) fn run(flags: &[&str]) -> Result<ExitCode> {
    if flags.contains(&"--check") {
        let stale = stale()?;
        for page in &stale {
            println!("stale: {page}");
        }
        if !stale.is_empty() {
            println!("hint: cargo xtask docs    writes them anew");
            return Ok(ExitCode::FAILURE);
        }
        println!("the generated pages are fresh");
        return Ok(ExitCode::SUCCESS);
    }
    for page in pages()? {
        let path = workspace::root().join(page.path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let before = std::fs::read_to_string(&path).unwrap_or_default();
        let news = if before == page.text { "as before" } else { "written" };
        std::fs::write(&path, &page.text).with_context(|| format!("{} was not written", page.path))?;
        println!("{news:<10} {}", page.path);
    }
    Ok(ExitCode::SUCCESS)
}

/// The pages that do not say what the code says.
pub(crate) fn stale() -> Result<Vec<&'static str>> {
    let differs = |page: &Page| {
        let path: PathBuf = workspace::root().join(page.path);
        std::fs::read_to_string(path).unwrap_or_default() != page.text
    };
    Ok(pages()?.iter().filter(|page| differs(page)).map(|page| page.path).collect())
}

struct Page {
    path: &'static str,
    text: String,
}

fn pages() -> Result<Vec<Page>> {
    let schema = serde_json::to_string_pretty(&plimsoll_config::json_schema())?;
    let inspection = serde_json::to_string_pretty(&plimsoll_model::inspection::json_schema())?;
    let architecture = std::fs::read_to_string(workspace::root().join(ARCHITECTURE))
        .with_context(|| format!("{ARCHITECTURE} cannot be read"))?;
    Ok(vec![
        Page { path: "docs/reference/configuration.md", text: plimsoll_config::reference_markdown() },
        Page { path: "docs/reference/plimsoll.schema.json", text: schema + "\n" },
        Page { path: "docs/reference/inspect.schema.json", text: inspection + "\n" },
        Page { path: "docs/reference/exit-codes.md", text: exit_codes() },
        Page { path: "docs/reference/hooks.md", text: hooks() },
        Page { path: "docs/reference/checks.md", text: plimsoll_rules::reference::markdown() },
        Page { path: ARCHITECTURE, text: between_markers(&architecture, "crates", &layers::table())? },
    ])
}

fn exit_codes() -> String {
    format!(
        "# Exit codes\n\nThis page is generated from the code; do not edit it. The numbers never change their \
         meaning.\n\n{}\n\
         Two come from elsewhere: `plimsoll exec` ends as the command on the host did, and with 124 where that ran into its \
         time limit; a second Ctrl-C ends any command at once with 130, and what it leaves is finished by the next one or \
         taken back by the dead man's switch.\n",
        plimsoll_report::exit_codes_markdown()
    )
}

fn hooks() -> String {
    format!(
        "# The environment of hooks\n\nThis page is generated from the code; do not edit it. A hook finds these beside the \
         variables that the command itself was started with. One without a value is empty.\n\n{}\n\
         `migrate` runs on a host. It finds these beside the variables and secrets of the release.\n\n{}",
        plimsoll_report::hook_variables_markdown(),
        plimsoll_report::migrate_variables_markdown()
    )
}

/// The text with what stands between `<!-- begin NAME -->` and `<!-- end NAME -->` replaced.
fn between_markers(text: &str, name: &str, new: &str) -> Result<String> {
    let (begin, end) = (format!("<!-- begin {name} -->\n"), format!("<!-- end {name} -->"));
    let missing = || format!("{ARCHITECTURE} lacks the markers of `{name}`");
    let (before, rest) = text.split_once(&begin).with_context(missing)?;
    let (_, after) = rest.split_once(&end).with_context(missing)?;
    Ok(format!("{before}{begin}{new}{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_markers_changes() {
        let text = "a\n<!-- begin t -->\nold\n<!-- end t -->\nb\n";
        let new = between_markers(text, "t", "new\n").unwrap();
        assert_eq!(new, "a\n<!-- begin t -->\nnew\n<!-- end t -->\nb\n");
        assert_eq!(between_markers(&new, "t", "new\n").unwrap(), new);
        assert!(between_markers(text, "u", "").is_err());
    }
}
