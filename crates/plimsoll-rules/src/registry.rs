//! The table of all rules.
//!
//! To add a rule: write its file (`rules/FAMILY/ID.rs` with one `RULE` and the function that looks) and its page beside
//! it (`ID.md`, see [`page`](crate::page)), and name it in the family's table (`rules/FAMILY/mod.rs`: one line). Then
//! `cargo test -p plimsoll-rules` runs its cases and `cargo xtask docs` writes the reference. A new family needs a
//! variant of [`Check`](crate::Check) and of [`Kind`](crate::files::Kind), and its table here.

use plimsoll_model::finding::RuleSheet;

use crate::page;
use crate::rule::Rule;
use crate::rules::{compose, dockerfile, environment, kubernetes, lock, pipelines, secrets, systemd};
use crate::waiver::rules::{EXPIRED, NOT_UNDERSTOOD, WITHOUT_FINDING, WITHOUT_REASON};

/// The families.
const FAMILIES: [&[Rule]; 9] = [
    dockerfile::RULES,
    compose::RULES,
    kubernetes::RULES,
    lock::RULES,
    environment::RULES,
    pipelines::RULES,
    systemd::RULES,
    secrets::RULES,
    &[NOT_UNDERSTOOD, WITHOUT_REASON, EXPIRED, WITHOUT_FINDING],
];

/// Every rule, family by family.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    FAMILIES.iter().copied().flatten()
}

/// The rules that somebody means by a word: an identifier, a name, or an alias, which several may share.
pub fn find(word: &str) -> Vec<&'static Rule> {
    all().filter(|rule| rule.is_called(word)).collect()
}

/// The name that is most like a word that names no rule.
pub fn like(word: &str) -> Option<&'static str> {
    let word = word.to_ascii_lowercase();
    let names = all().flat_map(|rule| [rule.id, rule.name].into_iter().chain(rule.aliases.iter().copied()));
    let near = names.map(|name| (strsim::damerau_levenshtein(&name.to_ascii_lowercase(), &word), name));
    near.min_by_key(|(distance, _)| *distance)
        .filter(|(distance, name)| *distance <= 2.max(name.len() / 4))
        .map(|(_, name)| name)
}

/// What the rules are about.
pub fn sheets() -> Vec<RuleSheet> {
    all().map(sheet).collect()
}

/// What one rule is about.
pub fn sheet(rule: &Rule) -> RuleSheet {
    let page = page::read(rule.page);
    RuleSheet {
        id: rule.id.to_owned(),
        name: rule.name.to_owned(),
        aliases: rule.aliases.iter().map(|&alias| alias.to_owned()).collect(),
        severity: rule.severity,
        on: rule.on,
        subject: rule.subject().name().to_owned(),
        summary: page.title.to_owned(),
        what: page.what.to_owned(),
        why: page.why.to_owned(),
        fix: page.fix.to_owned(),
        references: page.references.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn identifiers_and_names_are_given_once() {
        let mut seen = BTreeSet::new();
        for rule in all() {
            assert!(seen.insert(rule.id) && seen.insert(rule.name), "{} {}", rule.id, rule.name);
        }
    }

    #[test]
    fn identifiers_are_a_family_and_a_number() {
        for rule in all() {
            // `K8S` has a digit of its own.
            let family = rule.id.trim_end_matches(|c: char| c.is_ascii_digit());
            assert!(family.len() >= 2 && rule.id.len() - family.len() >= 3, "{}", rule.id);
            assert!(family.chars().all(|c| c.is_ascii_uppercase() || c == '8'), "{}", rule.id);
            assert!(
                rule.name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'),
                "{}",
                rule.name
            );
        }
    }

    #[test]
    fn every_page_has_its_parts() {
        for rule in all() {
            let page = page::read(rule.page);
            for part in [page.title, page.what, page.why, page.fix] {
                assert!(!part.is_empty(), "{}: a part of its page is empty", rule.id);
            }
            assert!(!page.title.ends_with('.') && page.title.len() < 100, "{}: {}", rule.id, page.title);
            assert!(!page.fires.is_empty() && !page.silent.is_empty(), "{} lacks a case", rule.id);
        }
    }

    #[test]
    fn rules_are_found_by_any_name() {
        for word in ["DF3006", "untagged-base-image", "DL3006", "dl3006"] {
            assert!(find(word).iter().any(|rule| rule.id == "DF3006"), "{word}");
        }
        assert_eq!(like("untaged-base-image"), Some("untagged-base-image"));
        assert_eq!(like("something else entirely"), None);
    }
}
