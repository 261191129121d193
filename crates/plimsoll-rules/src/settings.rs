//! What a user chooses about checks: which are asked, and what some of them need to be told.

use std::collections::BTreeMap;

use crate::rule::Rule;

/// The choices. The default asks every rule that is on by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Only these rules, by identifier, name or alias; all that are on where this is empty.
    pub only: Vec<String>,
    /// These too, though they are off by themselves.
    pub also: Vec<String>,
    /// Not these.
    pub skip: Vec<String>,
    /// Registries that base images may come from; every one where this is empty. `*.example.org` stands for all below,
    /// `*` for all.
    pub trusted_registries: Vec<String>,
    /// Labels that each image has, and how their values look.
    pub labels: BTreeMap<String, LabelFormat>,
    /// The exposure above which a service is told, in tenths; 7.4 where nothing is said.
    pub most_exposure: Option<u32>,
    /// Whether images may have no other labels.
    pub only_these_labels: bool,
}

/// How the value of a label looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelFormat {
    /// Anything that is not empty.
    Text,
    /// A time as RFC 3339 writes it.
    Time,
    /// A version as semantic versioning writes it.
    Version,
    /// A URL with its scheme.
    Url,
    /// A commit: its hash of 40 digits, or of 7.
    Commit,
    /// A licence as SPDX names it.
    Licence,
    /// An address of electronic mail.
    Email,
}

impl Settings {
    /// Whether a rule is asked.
    pub fn asks(&self, rule: &Rule) -> bool {
        let named = |words: &[String]| words.iter().any(|word| rule.is_called(word));
        if named(&self.skip) {
            return false;
        }
        if !self.only.is_empty() {
            return named(&self.only);
        }
        rule.on || named(&self.also)
    }

    /// Words that name no rule.
    pub fn unknown(&self) -> impl Iterator<Item = &str> {
        let words = self.only.iter().chain(&self.also).chain(&self.skip);
        words.map(String::as_str).filter(|word| crate::registry::find(word).is_empty())
    }
}

impl LabelFormat {
    /// Every format with the word for it.
    const WORDS: [(&'static str, Self); 7] = [
        ("text", Self::Text),
        ("rfc3339", Self::Time),
        ("semver", Self::Version),
        ("url", Self::Url),
        ("hash", Self::Commit),
        ("spdx", Self::Licence),
        ("email", Self::Email),
    ];

    /// The format of a word: `text`, `rfc3339`, `semver`, `url`, `hash`, `spdx`, `email`.
    pub fn new(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(name, _)| *name == word).map(|(_, format)| *format)
    }

    /// The words of all formats.
    pub fn words() -> impl Iterator<Item = &'static str> {
        Self::WORDS.iter().map(|(word, _)| *word)
    }
}
