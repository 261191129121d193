//! Tests that the declarations, the reader, the schema and the pages tell the same: every key is walked.

use serde_json::Value;

use crate::groups::file::FileLayer;
use crate::settings::Setting as _;
use crate::shape::Key;

/// A document in which only this key is set, to some TOML.
fn document(path: &str, key: &str, value: &str) -> String {
    let mut text = format!("{{ {key} = {value} }}");
    for part in path.split('.').filter(|part| !part.is_empty()).rev() {
        let name = part.trim_end_matches("[]");
        let name = if name.starts_with('<') { "some" } else { name };
        text = if part.ends_with("[]") {
            format!("{{ {name} = [{text}] }}")
        } else {
            format!("{{ {name} = {text} }}")
        };
    }
    text[1..text.len() - 1].trim().to_owned()
}

/// All keys, each with its table's path.
fn keys() -> Vec<(String, Key)> {
    let mut keys = Vec::new();
    FileLayer::shape().tables("", &mut |path, table| {
        keys.extend(table.keys.iter().map(|key| (path.to_owned(), *key)));
        true
    });
    keys
}

fn messages(text: &str) -> String {
    match crate::load("drift.toml", text) {
        Ok(loaded) => loaded.warnings.iter().map(ToString::to_string).collect(),
        Err(problems) => problems.to_string(),
    }
}

#[test]
fn every_key_is_read() {
    for (path, key) in keys() {
        // No setting is a date, so that a key that is read complains of it.
        let text = document(&path, key.name, "1979-05-27");
        let messages = messages(&text);
        assert!(!messages.contains("unknown key"), "{text}\n{messages}");
        let complains =
            messages.contains("found a date or time") || messages.contains("found what is not shown");
        assert!(complains, "nobody reads {path}.{}: {text}\n{messages}", key.name);
    }
}

#[test]
fn every_default_is_a_value_of_its_key() {
    for (path, key) in keys() {
        let Some(default) = key.default else { continue };
        let messages = messages(&document(&path, key.name, default));
        assert!(!messages.contains(&format!("`{}` must", key.name)), "{path} {}\n{messages}", key.name);
        assert!(!messages.contains("not TOML"), "{path} {}\n{messages}", key.name);
    }
}

#[test]
fn every_key_is_in_the_schema_at_its_place() {
    let schema = crate::json_schema();
    for (path, key) in keys() {
        let tables = at(vec![&schema], &path);
        let found = tables.iter().any(|table| table["properties"].get(key.name).is_some());
        assert!(found, "{path}.{} is not in the schema", key.name);
        for table in tables.iter().filter(|table| table.get("properties").is_some()) {
            assert_eq!(table["additionalProperties"], false, "{path}");
            assert!(table["patternProperties"].get("^x-").is_some(), "{path}");
        }
    }
}

/// The schemas of the tables at a path.
fn at<'s>(schemas: Vec<&'s Value>, path: &str) -> Vec<&'s Value> {
    let alternatives = |schema: &'s Value| match schema.get("anyOf").and_then(Value::as_array) {
        Some(some) => some.iter().collect(),
        None => vec![schema],
    };
    let schemas: Vec<&Value> = schemas.into_iter().flat_map(alternatives).collect();
    let Some((part, rest)) = path.split_once('.').or_else(|| (!path.is_empty()).then_some((path, ""))) else {
        return schemas;
    };
    let name = part.trim_end_matches("[]");
    let below = |schema: &'s Value| {
        if name.starts_with('<') {
            let rules = schema["patternProperties"].as_object()?;
            return rules.iter().find(|(pattern, _)| *pattern != "^x-").map(|(_, schema)| schema);
        }
        let schema = schema["properties"].get(name)?;
        if part.ends_with("[]") { schema.get("items") } else { Some(schema) }
    };
    at(schemas.into_iter().filter_map(below).collect(), rest)
}

#[test]
fn the_full_example_has_every_key() {
    let full = include_str!("../tests/data/full.toml");
    for (path, key) in keys() {
        // One file has one builder.
        if path != "build" {
            assert!(full.contains(key.name), "tests/data/full.toml does not show {path}.{}", key.name);
        }
    }
}

#[test]
fn the_reference_page_is_fresh() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/configuration.md");
    let page = crate::reference_markdown();
    if std::env::var_os("PLIMSOLL_REGENERATE").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(committed == page, "docs/reference/configuration.md is stale: run with PLIMSOLL_REGENERATE=1");
}
