//! Pages of rules: Markdown under fixed headings, with the cases that the tests run.
//!
//! ```text
//! # One sentence: what is wrong
//!
//! What it does, in a paragraph.
//!
//! ## Why it matters
//! ## How to fix
//! ## References            (may be left out)
//! ## Fires                 blocks of files; behind the language stand the lines that are found
//! ## Silent                blocks of files in which nothing is found
//! ```
//!
//! Behind a language may stand the file's name, where it is not the typical one of its kind (`yaml compose.prod.yaml 3 5`). A block
//! with the word `beside` lies beside the next one that has not (`dockerfile Dockerfile beside`).

/// A page taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<'p> {
    /// The sentence of the title.
    pub title: &'p str,
    /// What the rule looks for.
    pub what: &'p str,
    /// Why it matters.
    pub why: &'p str,
    /// How to mend it.
    pub fix: &'p str,
    /// Where to read more; may be empty.
    pub references: &'p str,
    /// Cases that fire.
    pub fires: Vec<Case<'p>>,
    /// Cases that stay silent.
    pub silent: Vec<Case<'p>>,
}

/// A file in a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case<'p> {
    /// What stands behind the fence: the language, then a name, lines or settings.
    pub info: &'p str,
    /// The file's text.
    pub text: &'p str,
}

/// Takes a page apart. Headings that are missing leave their part empty; a test sees to it that none is.
pub fn read(page: &str) -> Page<'_> {
    let (title, rest) = page.split_once('\n').unwrap_or((page, ""));
    let section = |name: &str| -> &str {
        let Some(begin) = rest.find(&format!("\n## {name}\n")) else { return "" };
        let body = &rest[begin + name.len() + 5..];
        body[..body.find("\n## ").unwrap_or(body.len())].trim()
    };
    Page {
        title: title.trim_start_matches("# ").trim(),
        what: rest[..rest.find("\n## ").unwrap_or(rest.len())].trim(),
        why: section("Why it matters"),
        fix: section("How to fix"),
        references: section("References"),
        fires: cases(section("Fires")),
        silent: cases(section("Silent")),
    }
}

fn cases(section: &str) -> Vec<Case<'_>> {
    let mut cases = Vec::new();
    let mut rest = section;
    while let Some((_, after)) = rest.split_once("```") {
        let Some((info, body)) = after.split_once('\n') else { break };
        let Some((text, left)) = body.split_once("```") else { break };
        cases.push(Case { info: info.trim(), text });
        rest = left;
    }
    cases
}
