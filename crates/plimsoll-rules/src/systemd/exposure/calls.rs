//! System calls: their groups, and the filter that a unit puts together.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

static TEXT: &str = include_str!("calls.txt");

/// The groups, expanded, and the calls that exist on x86-64.
struct Groups {
    by_name: BTreeMap<&'static str, Vec<&'static str>>,
    sets: BTreeMap<&'static str, Calls>,
    native: BTreeSet<&'static str>,
    /// Every call with its place in a set.
    known: BTreeMap<&'static str, usize>,
}

/// A set of calls, a bit each: a unit may name groups thousands of times.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Calls([u64; WORDS]);

/// Enough for all calls that the table has, with room for more.
const WORDS: usize = 12;

impl Calls {
    fn insert(&mut self, at: usize) {
        self.0[at / 64] |= 1 << (at % 64);
    }

    const fn has(&self, at: usize) -> bool {
        self.0[at / 64] & (1 << (at % 64)) != 0
    }

    fn combine(&mut self, other: &Self, with: fn(u64, u64) -> u64) {
        self.0.iter_mut().zip(other.0).for_each(|(mine, theirs)| *mine = with(*mine, theirs));
    }
}

static GROUPS: LazyLock<Groups> = LazyLock::new(|| {
    let mut raw: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in TEXT.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split(' ');
        let name = words.next().unwrap_or_default();
        raw.insert(name, words.collect());
    }
    let native = raw.remove("native").unwrap_or_default().into_iter().collect();
    let by_name: BTreeMap<_, _> = raw.keys().map(|&name| (name, expand(&raw, name))).collect();
    let names: BTreeSet<&str> = by_name.values().flatten().copied().collect();
    let known: BTreeMap<&str, usize> = names.into_iter().enumerate().map(|(at, name)| (name, at)).collect();
    assert!(known.len() <= WORDS * 64, "the table of system calls has outgrown its sets");
    let set = |calls: &Vec<&str>| {
        let mut set = Calls::default();
        for call in calls {
            set.insert(known[call]);
        }
        set
    };
    let sets = by_name.iter().map(|(name, calls)| (*name, set(calls))).collect();
    Groups { by_name, sets, native, known }
});

/// The calls of a group in its order, those of groups inside of it too.
fn expand(raw: &BTreeMap<&'static str, Vec<&'static str>>, name: &str) -> Vec<&'static str> {
    let mut calls = Vec::new();
    for &item in raw.get(name).into_iter().flatten() {
        // The table has no group inside of itself.
        if item.starts_with('@') { calls.extend(expand(raw, item)) } else { calls.push(item) }
    }
    calls
}

/// The calls of a group, with those of groups inside of it.
pub fn group(name: &str) -> Option<&'static [&'static str]> {
    GROUPS.by_name.get(name).map(Vec::as_slice)
}

/// Whether there is such a call, on any machine.
pub fn is_known(call: &str) -> bool {
    GROUPS.known.contains_key(call)
}

/// A filter of system calls.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Whether the set holds what is allowed; otherwise what is refused.
    pub allows: bool,
    /// The calls of the set; absent where none was ever named.
    set: Option<Calls>,
}

impl Filter {
    /// An assignment of `SystemCallFilter=`.
    pub fn assign(&mut self, value: &str) {
        if value.is_empty() {
            *self = Self::default();
            return;
        }
        let (inverted, list) = value.strip_prefix('~').map_or((false, value), |list| (true, list));
        if self.set.is_none() {
            self.allows = !inverted;
            self.set = Some(Calls::default());
            if self.allows {
                self.put("@default", false);
            }
        }
        for word in super::super::words::readable(list) {
            let (name, error) =
                word.split_once(':').map_or((&*word, None), |(name, error)| (name, Some(error)));
            // An error number makes sense only for what is refused; systemd leaves such a word out, as one that is no number.
            let is_wrong = error.is_some_and(|error| !inverted || !super::super::value::is_errno(error));
            if !is_wrong {
                self.put(name, inverted);
            }
        }
    }

    fn put(&mut self, name: &str, inverted: bool) {
        let mut calls = GROUPS.sets.get(name).copied().unwrap_or_default();
        if let Some(at) = GROUPS.known.get(name) {
            calls.insert(*at);
        }
        let Some(set) = &mut self.set else { return };
        if inverted == self.allows {
            set.combine(&calls, |mine, theirs| mine & !theirs);
        } else {
            set.combine(&calls, |mine, theirs| mine | theirs);
        }
    }

    /// Whether nothing is filtered.
    pub fn is_open(&self) -> bool {
        !self.allows && self.set.is_none_or(|set| set == Calls::default())
    }

    /// The first call of a group that a service may make.
    pub fn offender(&self, name: &str) -> Option<&'static str> {
        let native = |call: &&&'static str| GROUPS.native.contains(**call);
        let is_in = |call: &str| self.set.is_some_and(|set| set.has(GROUPS.known[call]));
        group(name)?.iter().filter(native).find(|call| is_in(call) == self.allows).copied()
    }
}
