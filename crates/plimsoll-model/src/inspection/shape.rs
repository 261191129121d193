//! The few kinds of values that [`schema`](super::schema) is put together from.

use serde_json::{Map, Value, json};

/// A text.
pub(super) fn text(about: &str) -> Value {
    json!({ "type": "string", "description": about })
}

/// A whole number.
pub(super) fn number(about: &str) -> Value {
    json!({ "type": "integer", "minimum": 0, "description": about })
}

/// True or false.
pub(super) fn flag(about: &str) -> Value {
    json!({ "type": "boolean", "description": about })
}

/// One of these words.
pub(super) fn word(about: &str, words: &[&str]) -> Value {
    json!({ "type": "string", "enum": words, "description": about })
}

/// An [`Answer`](super::Answer).
pub(super) fn answer(about: &str) -> Value {
    word(about, &["yes", "no", "unknown"])
}

/// Texts.
pub(super) fn texts(about: &str) -> Value {
    json!({ "type": "array", "items": { "type": "string" }, "description": about })
}

/// Names with a text each.
pub(super) fn pairs(about: &str) -> Value {
    json!({ "type": "object", "additionalProperties": { "type": "string" }, "description": about })
}

/// Objects that have these fields.
pub(super) fn list(about: &str, fields: Vec<(&str, Value)>) -> Value {
    json!({ "type": "array", "items": object("", fields), "description": about })
}

/// An object that has exactly these fields, each of them always.
pub(super) fn object(about: &str, fields: Vec<(&str, Value)>) -> Value {
    let required: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    let mut schema = json!({ "type": "object", "required": required });
    if !about.is_empty() {
        schema["description"] = json!(about);
    }
    let properties: Map<String, Value> =
        fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    schema["properties"] = Value::Object(properties);
    schema
}

/// The same, or null.
pub(super) fn or_null(mut schema: Value) -> Value {
    let kind = schema["type"].take();
    schema["type"] = json!([kind, "null"]);
    if let Some(words) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        words.push(Value::Null);
    }
    schema
}
