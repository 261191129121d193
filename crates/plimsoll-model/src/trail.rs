//! A host's trail: what was asked of it, by whom, under which token, and what came of it.
//!
//! One line each, `<hash> <json>`, the hash being that of the JSON text, which holds the hash of the line before. So an
//! edit is seen from there on, as in the journal. Older lines are removed as a whole file, so the first line that is
//! left follows from one that nobody has any more.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{Digest, Fence, RolloutId, Timestamp};

/// One thing that was asked of a host, or that the host did by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Deed {
    /// Its number, from 1, without gaps.
    pub sequence: u64,
    /// When.
    pub at: Timestamp,
    /// Who asked: `user@machine`; absent where the host acted by itself, or the caller did not say.
    pub who: Option<String>,
    /// The fencing token that came with it; the highest seen where the host acted by itself.
    pub fence: Fence,
    /// The rollout, where the request names one or one has armed the switch.
    pub rollout: Option<RolloutId>,
    /// The request's name; `switch` where the host went back by itself.
    pub request: String,
    /// What it was about, in a few words without secrets.
    pub about: String,
    /// Why it was refused; absent where it was done.
    pub refused: Option<String>,
    /// Hash of the line before; zeros for the first.
    pub previous: Digest,
}

/// The request's name where the host's switch went off.
pub const SWITCH: &str = "switch";

/// What a reading of a trail found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Trail {
    /// The deeds that could be read.
    pub deeds: Vec<Deed>,
    /// Where it does not hold, and why.
    pub broken: Option<String>,
}

impl Deed {
    /// The line that is kept, and its hash.
    pub fn seal(&self) -> (String, Digest) {
        let json = serde_json::to_string(self).expect("a deed has only text keys");
        let hash = Digest::of(json.as_bytes());
        (format!("{hash} {json}"), hash)
    }

    /// The deed that a line holds, and its hash.
    pub fn open(line: &str) -> Result<(Self, Digest), String> {
        let (hash, json) = line.split_once(' ').ok_or("it has no hash")?;
        let hash: Digest = hash.parse().map_err(|_| "it does not begin with a hash".to_owned())?;
        if Digest::of(json.as_bytes()) != hash {
            return Err("its text does not have its hash".to_owned());
        }
        serde_json::from_str(json).map(|deed| (deed, hash)).map_err(|error| error.to_string())
    }
}

/// Reads a trail and checks that its lines follow each other.
pub fn read(lines: &[String]) -> Trail {
    let mut trail = Trail { deeds: Vec::new(), broken: None };
    let mut before: Option<(u64, Digest)> = None;
    for (number, line) in lines.iter().enumerate() {
        let opened = Deed::open(line).and_then(|(deed, hash)| match before {
            Some((_, previous)) if deed.previous != previous => {
                Err("it does not follow from the line before it".to_owned())
            }
            Some((sequence, _)) if deed.sequence != sequence + 1 => {
                Err(format!("its number is {}, and {} was expected", deed.sequence, sequence + 1))
            }
            _ => Ok((deed, hash)),
        });
        match opened {
            Ok((deed, hash)) => {
                before = Some((deed.sequence, hash));
                trail.deeds.push(deed);
            }
            Err(why) => {
                trail.broken = Some(format!("line {} is not as it was written: {why}", number + 1));
                return trail;
            }
        }
    }
    trail
}

/// The deeds that were asked for under a token that the journal never gave out to whoever asked: another coordinator
/// with another journal, or a journal that was changed. What the host did by itself is not compared, nor what was
/// refused.
pub fn unknown_to<'t>(trail: &'t Trail, known: &BTreeSet<(Fence, String)>) -> Vec<&'t Deed> {
    let is_known = |deed: &Deed| match &deed.who {
        Some(who) => known.contains(&(deed.fence, who.clone())),
        None => known.iter().any(|(fence, _)| *fence == deed.fence),
    };
    let asked = trail.deeds.iter().filter(|deed| deed.request != SWITCH && deed.refused.is_none());
    asked.filter(|deed| !is_known(deed)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(count: u64) -> Vec<String> {
        let mut previous = Digest::of(b"the first is whatever");
        let line = |sequence| {
            let deed = Deed {
                sequence,
                at: Timestamp::default(),
                who: Some("ann@laptop".to_owned()),
                fence: Fence(sequence),
                rollout: None,
                request: "start".to_owned(),
                about: "x y".to_owned(),
                refused: None,
                previous,
            };
            let (line, hash) = deed.seal();
            previous = hash;
            line
        };
        (1..=count).map(line).collect()
    }

    #[test]
    fn a_trail_holds_from_any_line_on() {
        let all = lines(5);
        for from in 0..5 {
            let trail = read(&all[from..]);
            assert_eq!((trail.deeds.len(), trail.broken), (5 - from, None));
        }
    }

    #[test]
    fn edits_and_gaps_are_seen() {
        let all = lines(5);
        let edited = all[2].replace("x y", "x z");
        let rehashed = {
            let (mut deed, _) = Deed::open(&all[2]).unwrap();
            deed.about = "x z".to_owned();
            deed.seal().0
        };
        for (changed, part) in [
            ([&all[..2], &[edited], &all[3..]].concat(), "line 3 "),
            ([&all[..2], &[rehashed], &all[3..]].concat(), "line 4 "),
            ([&all[..2], &all[3..]].concat(), "line 3 "),
            ([&all[..2], &["nonsense".to_owned()]].concat(), "line 3 "),
        ] {
            let trail = read(&changed);
            assert!(trail.broken.clone().is_some_and(|why| why.starts_with(part)), "{trail:?}");
        }
    }

    #[test]
    fn deeds_of_another_coordinator_stand_out() {
        let trail = read(&lines(3));
        let known = |who: &str| (1..=2).map(|fence| (Fence(fence), who.to_owned())).collect();
        assert_eq!(unknown_to(&trail, &known("ann@laptop")).len(), 1);
        assert_eq!(unknown_to(&trail, &known("eve@elsewhere")).len(), 3);
    }
}
