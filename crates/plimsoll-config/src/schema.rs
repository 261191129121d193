//! The JSON Schema (draft 2020-12) of the file, from the same declarations that read it.

use serde_json::{Map, Value, json};
use toml::de::{DeTable, DeValue};

use crate::groups::file::FileLayer;
use crate::settings::Setting as _;
use crate::shape::{Key, Rule, Shape, Table, Variant};

/// The schema, for editors and for `plimsoll schema`.
///
/// It says what can be said of one key at a time; what holds between keys (ports, names, weights) only
/// [`load`](fn@crate::load) checks.
pub fn json_schema() -> Value {
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "plimsoll.toml",
    });
    merge(&mut schema, of_shape(&FileLayer::shape()));
    schema
}

fn of_shape(shape: &Shape) -> Value {
    match shape {
        Shape::Text { what, pattern } => {
            let mut schema = json!({ "type": "string" });
            if let Some(pattern) = pattern {
                schema["pattern"] = json!(pattern);
            }
            if *what != "text" {
                schema["title"] = json!(what);
            }
            schema
        }
        Shape::Whole { min, max } => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Shape::Number { min, .. } if *min <= -f64::MAX => json!({ "type": "number" }),
        Shape::Number { min, max } => json!({ "type": "number", "minimum": min, "maximum": max }),
        Shape::Switch => json!({ "type": "boolean" }),
        Shape::Words(words) => of_words(words),
        Shape::List { item, at_least: 0 } => json!({ "type": "array", "items": of_shape(item) }),
        Shape::List { item, at_least } => {
            json!({ "type": "array", "items": of_shape(item), "minItems": at_least })
        }
        Shape::Map { pattern, value, .. } => json!({
            "type": "object",
            "patternProperties": escaped([((*pattern).to_owned(), of_shape(value))]),
            "additionalProperties": false,
        }),
        Shape::Table(table) => of_table(table),
        Shape::OneOf(shapes) => json!({ "anyOf": shapes.iter().map(of_shape).collect::<Vec<_>>() }),
    }
}

/// A name that begins with `x-` is left alone, so the rule for names must not reach it.
fn escaped(rules: impl IntoIterator<Item = (String, Value)>) -> Value {
    let rules = rules.into_iter().map(|(pattern, schema)| (pattern.replacen('^', "^(?!x-)", 1), schema));
    Value::Object(rules.chain([("^x-".to_owned(), json!({}))]).collect())
}

fn of_words(words: &[(&str, &str)]) -> Value {
    let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let meanings: Vec<String> = words.iter().map(|(word, about)| format!("`{word}`: {about}")).collect();
    json!({ "type": "string", "enum": names, "description": meanings.join("; ") })
}

fn of_table(table: &Table) -> Value {
    let properties: Map<String, Value> =
        table.keys.iter().map(|key| (key.name.to_owned(), of_key(key))).collect();
    let required: Vec<&str> = table.keys.iter().filter(|key| key.required).map(|key| key.name).collect();
    let mut schema = json!({
        "type": "object",
        "description": table.about.trim(),
        "properties": properties,
        "patternProperties": { "^x-": {} },
        "additionalProperties": false,
    });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    match table.rule {
        Rule::Free => {}
        Rule::ExactlyOne(keys) => {
            schema["oneOf"] = keys.iter().map(|key| json!({ "required": [key] })).collect();
        }
        Rule::ByType(variants) => {
            schema["allOf"] = variants.iter().map(|variant| of_variant(variant, variants)).collect();
        }
    }
    schema
}

fn of_key(key: &Key) -> Value {
    let mut schema = of_shape(&(key.shape)());
    let about = key.about.trim();
    let meanings = schema.get("enum").and(schema.get("description")).and_then(Value::as_str);
    schema["description"] = match meanings {
        Some(meanings) => json!(format!("{about} {meanings}.")),
        None => json!(about),
    };
    if let Some(default) = key.default {
        schema["default"] = default_json(default);
    }
    schema
}

/// `type` says which of the special keys may be there.
fn of_variant(variant: &Variant, all: &[Variant]) -> Value {
    let others =
        all.iter().flat_map(|v| v.required.iter().chain(v.allowed)).filter(|key| !variant.takes(key));
    let refused: Map<String, Value> = others.map(|key| ((*key).to_owned(), json!(false))).collect();
    json!({
        "if": { "properties": { "type": { "const": variant.name } }, "required": ["type"] },
        "then": { "required": variant.required, "properties": refused },
    })
}

fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        into.extend(from);
    }
}

/// A default, written in TOML, as JSON.
fn default_json(text: &str) -> Value {
    let document = format!("default = {text}");
    let table = DeTable::parse(&document).expect("defaults are TOML, which a test checks");
    table.get_ref().get("default").map_or(Value::Null, |value| to_json(value.get_ref()))
}

fn to_json(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => json!(text),
        DeValue::Integer(number) => json!(number.as_str().parse::<i64>().ok()),
        DeValue::Float(number) => json!(number.as_str().parse::<f64>().ok()),
        DeValue::Boolean(value) => json!(value),
        DeValue::Array(items) => items.iter().map(|item| to_json(item.get_ref())).collect(),
        DeValue::Table(table) => {
            table.iter().map(|(key, value)| (key.get_ref().to_string(), to_json(value.get_ref()))).collect()
        }
        DeValue::Datetime(_) => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every key is in the schema with its description; a default is a value that its own reader takes.
    #[test]
    fn the_schema_holds_every_key() {
        let schema = json_schema();
        let text = schema.to_string();
        let mut keys = 0;
        FileLayer::shape().tables("", &mut |path, table| {
            for key in table.keys {
                keys += 1;
                assert!(text.contains(&json!(key.name).to_string()), "{path} {}", key.name);
                assert!(!key.about.trim().is_empty(), "{path} {} is not described", key.name);
            }
            true
        });
        assert!(keys > 80, "{keys}");
        assert_eq!(schema["additionalProperties"], json!(false));
        assert_eq!(schema["properties"]["service"]["properties"]["keep-releases"]["default"], json!(5));
        let dirty = &schema["properties"]["gates"]["properties"]["dirty"];
        assert_eq!(dirty["enum"], json!(["warn", "refuse"]));
    }
}
