//! One pass over a text or a binary.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use super::assignment::{self, LONGEST_LINE, Strength};
use super::format::Format;
use super::{mask, measure, private_key, providers, url};

/// Secrets of one file beyond this are dropped.
const MOST: usize = 1000;

/// A secret that was found. What it is, is nowhere in here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// How it was told.
    pub certainty: Certainty,
    /// What it is a secret of, or the name that it stands behind.
    pub what: String,
    /// Where it stands, in bytes.
    pub range: Range<usize>,
    /// How it is shown: its first characters, its length, and the beginning of its hash.
    pub masked: String,
}

/// How a secret was told, from the best known to the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// By a provider's format.
    Format,
    /// It is a whole private key.
    PrivateKey,
    /// It is a whole private key that needs a passphrase.
    EncryptedKey,
    /// It is the password of an address.
    Address,
    /// It is what everybody tries first, behind a name that says that it is secret.
    Weak,
    /// It looks random, behind a name that says that it is secret.
    Random,
}

/// How values stand in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// With or without quotes: settings.
    Settings,
    /// In quotes: programs.
    Program,
    /// What stands behind a name tells nothing: lock files, documents, binaries.
    Other,
}

/// What a keyword leads to.
#[derive(Debug, Clone, Copy)]
enum Lead {
    Format(usize),
    PrivateKey,
    Url,
}

struct Scanner {
    formats: Vec<Format>,
    keywords: AhoCorasick,
    leads: Vec<Lead>,
    names: AhoCorasick,
}

static SCANNER: LazyLock<Scanner> = LazyLock::new(|| {
    let formats = providers::all();
    let mut words: Vec<&str> = formats.iter().map(Format::keyword).collect();
    let mut leads: Vec<Lead> = (0..formats.len()).map(Lead::Format).collect();
    words.extend([private_key::KEYWORD, url::KEYWORD]);
    leads.extend([Lead::PrivateKey, Lead::Url]);
    let build = |words: &[&str], any_case| {
        AhoCorasick::builder().match_kind(MatchKind::Standard).ascii_case_insensitive(any_case).build(words)
    };
    let keywords = build(&words, false).expect("a hundred short words fit");
    let names = build(&assignment::KEYWORDS, true).expect("nine short words fit");
    Scanner { formats, keywords, leads, names }
});

/// Every secret in these bytes, in their order, each once.
pub fn scan(bytes: &[u8], style: Style) -> Vec<Hit> {
    let scanner = &*SCANNER;
    let mut hits = Vec::new();
    for found in scanner.keywords.find_overlapping_iter(bytes) {
        if hits.len() >= MOST {
            break;
        }
        let lead = scanner.leads[found.pattern().as_usize()];
        hits.extend(scanner.look(bytes, lead, found.start()));
    }
    if style != Style::Other
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        let mut last = 0..0;
        for found in scanner.names.find_iter(bytes) {
            // Where a name has two of the words, the first one tells.
            if hits.len() >= 2 * MOST || last.contains(&found.start()) {
                continue;
            }
            let line = line_around(bytes, found.start());
            let bare = style == Style::Settings;
            let assignment = assignment::at(text, line, found.start(), bare);
            // What everybody tries first stands in programs for other reasons: lists of it, tests, names.
            if let Some(found) = assignment.filter(|found| bare || found.strength == Strength::Strong) {
                let certainty =
                    if found.strength == Strength::Weak { Certainty::Weak } else { Certainty::Random };
                last = found.range.clone();
                hits.push(hit(bytes, certainty, found.name.to_owned(), found.range));
            }
        }
    }
    once(hits)
}

impl Scanner {
    fn look(&self, bytes: &[u8], lead: Lead, at: usize) -> Option<Hit> {
        match lead {
            Lead::Format(number) => {
                let format = &self.formats[number];
                let range = format.at(bytes, at)?;
                let secret = &bytes[range.clone()];
                let is_stand_in = measure::is_stand_in(&String::from_utf8_lossy(secret));
                let is_real = measure::entropy(secret) >= format.entropy && !is_stand_in;
                is_real.then(|| hit(bytes, Certainty::Format, format.name.to_owned(), range))
            }
            Lead::PrivateKey => {
                let key = private_key::at(bytes, at)?;
                let certainty = if key.encrypted { Certainty::EncryptedKey } else { Certainty::PrivateKey };
                Some(hit(bytes, certainty, "private key".to_owned(), key.range))
            }
            Lead::Url => {
                let range = url::at(bytes, at)?;
                Some(hit(bytes, Certainty::Address, "password in an address".to_owned(), range))
            }
        }
    }
}

fn hit(bytes: &[u8], certainty: Certainty, what: String, range: Range<usize>) -> Hit {
    let secret = &bytes[range.clone()];
    // The first line of a key tells nothing.
    let is_key = [Certainty::PrivateKey, Certainty::EncryptedKey].contains(&certainty);
    let masked = mask::masked(secret, if is_key { 0 } else { 4 });
    Hit { certainty, what, range, masked }
}

/// The line around a byte, or as much of it as tells that it is too long.
fn line_around(bytes: &[u8], at: usize) -> Range<usize> {
    let (first, last) = (at.saturating_sub(LONGEST_LINE), bytes.len().min(at + LONGEST_LINE));
    let begin = bytes[first..at].iter().rposition(|byte| *byte == b'\n').map_or(first, |end| first + end + 1);
    let end = bytes[at..last].iter().position(|byte| *byte == b'\n').map_or(last, |end| at + end);
    begin..end
}

/// Of what stands at one place, what is known best.
fn once(mut hits: Vec<Hit>) -> Vec<Hit> {
    hits.sort_by_key(|hit| (hit.certainty, hit.range.start));
    let mut kept: std::collections::BTreeMap<usize, Hit> = std::collections::BTreeMap::new();
    for hit in hits {
        let overlaps = kept
            .range(..hit.range.end)
            .next_back()
            .is_some_and(|(_, other)| other.range.end > hit.range.start);
        if !overlaps && kept.len() < MOST {
            kept.insert(hit.range.start, hit);
        }
    }
    kept.into_values().collect()
}

/// A secret for tests: of a provider, `private key`, or `random`.
#[cfg(test)]
pub(crate) fn sample(name: &str) -> Option<String> {
    if name == "private key" {
        let body = Format::new("", "[a64]", 0.0).sample(1);
        return Some(format!("{}PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----", private_key::KEYWORD));
    }
    if name == "random" {
        return Some(Format::new("", "[a24]", 0.0).sample(3));
    }
    let format = SCANNER.formats.iter().find(|format| format.name == name)?;
    (0..50)
        .map(|seed| format.sample(seed))
        .find(|secret| !measure::is_stand_in(secret) && measure::entropy(secret.as_bytes()) >= format.entropy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_found_and_shown_masked() {
        assert!(SCANNER.formats.len() >= 60);
        for (seed, format) in SCANNER.formats.iter().enumerate() {
            let secret = (0..50)
                .map(|n| format.sample(seed * 100 + n))
                .find(|secret| {
                    !measure::is_stand_in(secret) && measure::entropy(secret.as_bytes()) >= format.entropy
                })
                .unwrap_or_else(|| panic!("{} has no sample", format.name));
            for text in [format!("x = \"{secret}\"\n"), secret.clone(), format!("\0\u{1}{secret}\0")] {
                let hits = scan(text.as_bytes(), Style::Other);
                assert_eq!(hits.len(), 1, "{}: {secret} in {text:?}", format.name);
                assert_eq!(
                    (hits[0].what.as_str(), &text[hits[0].range.clone()]),
                    (format.name, secret.as_str())
                );
                assert!(!hits[0].masked.contains(&secret[5..]), "{}", hits[0].masked);
            }
            let longer = format!("a{secret}");
            let found = scan(longer.as_bytes(), Style::Other);
            assert!(found.iter().all(|hit| hit.what != format.name), "{longer}");
        }
    }

    #[test]
    fn each_place_is_reported_once() {
        let secret =
            SCANNER.formats.iter().find(|format| format.name == "GitHub personal token").unwrap().sample(7);
        let text = format!("GITHUB_TOKEN={secret}\nURL=https://me:{secret}@git.internal/\n");
        let hits = scan(text.as_bytes(), Style::Settings);
        assert_eq!(hits.iter().map(|hit| hit.certainty).collect::<Vec<_>>(), [Certainty::Format; 2]);
    }

    #[test]
    fn long_lines_take_no_long_time() {
        for piece in ["password=", "://a:b@", "-----BEGIN PRIVATE KEY-----", "ghp_", "token ", "AA:AA", "Q~"]
        {
            let text = piece.repeat((1 << 20) / piece.len());
            let began = std::time::Instant::now();
            scan(text.as_bytes(), Style::Settings);
            assert!(began.elapsed().as_secs() < 10, "{piece} took {:?}", began.elapsed());
        }
    }
}
