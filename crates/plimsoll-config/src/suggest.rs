//! What was probably meant: the nearest known word, or the table that a key belongs to.

use crate::fields::list;
use crate::groups::file::FileLayer;
use crate::settings::Setting as _;

/// Words of other tools, and ours for them.
const SYNONYMS: [(&str, &str); 10] = [
    ("cmd", "command"),
    ("env", "variables"),
    ("replicas", "instances"),
    ("count", "instances"),
    ("weight", "set-weight"),
    ("healthcheck", "health"),
    ("health-check", "health"),
    ("strategy", "rollout"),
    ("sla", "p99"),
    ("nofile", "open-files"),
];

/// Help about an unknown key.
pub(crate) fn for_key(name: &str, known: &[&str]) -> Vec<String> {
    if let Some(near) = nearest(name, known) {
        return vec![format!("did you mean `{near}`?")];
    }
    let synonym = SYNONYMS.iter().find(|(other, _)| *other == name).map(|(_, ours)| *ours);
    if let Some(ours) = synonym.filter(|ours| known.contains(ours)) {
        return vec![format!("did you mean `{ours}`?")];
    }
    let mut places = places_of(synonym.unwrap_or(name));
    if !places.is_empty() {
        places.truncate(3);
        return vec![format!("`{}` belongs to {}", synonym.unwrap_or(name), list(&places, "or"))];
    }
    let known: Vec<String> = known.iter().map(|key| format!("`{key}`")).collect();
    vec![
        format!("known here: {}", list(&known, "and")),
        "a key that begins with `x-` is left alone".to_owned(),
    ]
}

/// The nearest of some words, if one is near enough to be meant.
pub(crate) fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    // A bound, since the cost of a comparison grows with the product of both lengths.
    if word.len() > 64 {
        return None;
    }
    let plain = |text: &str| text.to_ascii_lowercase().replace(['-', '_', ' '], "");
    let word = plain(word);
    let score = |key: &str| {
        let key = plain(key);
        if key == word {
            2.0
        } else {
            strsim::jaro_winkler(&key, &word).max(strsim::normalized_damerau_levenshtein(&key, &word))
        }
    };
    known
        .iter()
        .map(|key| (score(key), *key))
        .filter(|(score, _)| *score >= 0.85)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, key)| key)
}

/// The tables that have this key.
fn places_of(name: &str) -> Vec<String> {
    let mut places = Vec::new();
    FileLayer::shape().tables("", &mut |path, table| {
        if table.keys.iter().any(|key| key.name == name) {
            places.push(if path.is_empty() {
                "the top of the file".to_owned()
            } else {
                format!("`[{path}]`")
            });
        }
        true
    });
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        let known = ["set-weight", "pause", "analysis", "approve"];
        for (typed, meant) in [
            ("setWeight", Some("set-weight")),
            ("set_weight", Some("set-weight")),
            ("pauze", Some("pause")),
            ("anaylsis", Some("analysis")),
            ("experiment", None),
            ("", None),
        ] {
            assert_eq!(nearest(typed, &known), meant, "{typed}");
        }
        assert_eq!(nearest(&"a".repeat(100_000), &known), None);
    }

    #[test]
    fn a_key_of_another_table_is_sent_there() {
        assert_eq!(
            for_key("min-healthy-time", &["args"]),
            ["`min-healthy-time` belongs to `[run.health]` or `[environments.<environment>.run.health]`"]
        );
        assert_eq!(for_key("replicas", &["instances", "port"]), ["did you mean `instances`?"]);
    }
}
