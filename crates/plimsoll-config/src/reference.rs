//! The reference page of the file, from the same declarations that read it.

use std::collections::HashMap;
use std::fmt::Write as _;

use crate::groups::file::FileLayer;
use crate::settings::Setting as _;
use crate::shape::{Key, Rule, Shape, Table};

const HEAD: &str = "\
# Configuration: plimsoll.toml

This page is generated from the code that reads the file; do not edit it.

Unknown keys are errors. A key that begins with `x-` is left alone, at any place. A time is written with units, as
`250ms`, `10s`, `1m30s`, `2h` or `1d`; a share as `5%` or `0.25%`.
";

/// The page in Markdown: every table, and of every key its type, default and meaning.
pub fn reference_markdown() -> String {
    let mut page = HEAD.to_owned();
    let mut known: HashMap<&str, String> = HashMap::new();
    FileLayer::shape().tables("", &mut |path, table| {
        let title = title(path);
        if table.keys.is_empty() {
            return false;
        }
        if let Some(first) = known.get(table.id) {
            line(&mut page, &format!("\n## {title}\n\nThe keys of {first}, and what is below them."));
            return false;
        }
        known.insert(table.id, title.clone());
        of_table(&mut page, &title, table);
        true
    });
    page
}

fn title(path: &str) -> String {
    match path {
        "" => "The file".to_owned(),
        path => format!("`{path}`"),
    }
}

fn of_table(page: &mut String, title: &str, table: &Table) {
    line(page, &format!("\n## {title}\n\n{}\n", table.about.trim()));
    if let Rule::ExactlyOne(keys) = table.rule {
        let keys: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
        line(page, &format!("Exactly one of {} must be there.\n", crate::fields::list(&keys, "and")));
    }
    line(page, "| key | type | default | meaning |\n| --- | --- | --- | --- |");
    for key in table.keys {
        let shape = (key.shape)();
        let kind = kind(&shape).replace('|', "\\|");
        let about = key.about.trim().replace('|', "\\|");
        line(page, &format!("| `{}` | {kind} | {} | {about}{} |", key.name, default(key), words(&shape)));
    }
}

fn default(key: &Key) -> String {
    match (key.default, key.required) {
        (_, true) => "required".to_owned(),
        (Some("{}") | None, _) => String::new(),
        (Some(default), _) => format!("`{default}`"),
    }
}

/// The kind of a value in a few words.
fn kind(shape: &Shape) -> String {
    match shape {
        Shape::Text { what, .. } => (*what).to_owned(),
        Shape::Whole { min, max } => format!("{min} to {max}"),
        Shape::Number { min, .. } if *min <= -f64::MAX => "number".to_owned(),
        Shape::Number { min, max } => format!("number, {min} to {max}"),
        Shape::Switch => "`true` or `false`".to_owned(),
        Shape::Words(words) => {
            let words: Vec<String> = words.iter().map(|(word, _)| format!("`\"{word}\"`")).collect();
            words.join(", ")
        }
        Shape::List { item, .. } => format!("list of {}", kind(item)),
        Shape::Map { name, value, .. } => format!("table of {} by {name}", kind(value)),
        Shape::Table(table) if table.keys.is_empty() => "`{}`".to_owned(),
        Shape::Table(_) => "table".to_owned(),
        Shape::OneOf(shapes) => shapes.iter().map(kind).collect::<Vec<_>>().join(" or "),
    }
}

/// What the words mean, to be added to the meaning of the key.
fn words(shape: &Shape) -> String {
    let Shape::Words(words) = shape else { return String::new() };
    words.iter().fold(String::new(), |mut text, (word, about)| {
        write!(text, " `{word}`: {about}.").expect("text does not fail");
        text
    })
}

fn line(page: &mut String, text: &str) {
    page.push_str(text);
    page.push('\n');
}
