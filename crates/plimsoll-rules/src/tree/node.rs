//! A node of a tree, and the questions that rules ask it.

use std::collections::BTreeSet;
use std::rc::Rc;

use plimsoll_model::finding::Place;

/// Merges that are followed below each other.
const DEEPEST_MERGE: usize = 8;

/// A value with the place where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Where it stands; where an alias stands for it, the place of what it stands for.
    pub place: Place,
    /// What it is.
    pub value: Value,
    /// How many nodes it is, itself included.
    pub(super) size: u64,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Text, a number, a truth, or nothing.
    Scalar(Scalar),
    /// A list.
    List(Vec<Rc<Node>>),
    /// Keys with values, in their order.
    Map(Vec<(Key, Rc<Node>)>),
    /// What only some other program understands.
    Unknown,
}

/// A value without parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scalar {
    /// Its text, without quotes.
    pub text: String,
    /// Whether it is text for sure, since it stands in quotes.
    pub quoted: bool,
}

/// A key of a map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its text.
    pub text: String,
    /// Where it stands.
    pub place: Place,
}

impl Node {
    pub(super) fn new(place: Place, value: Value) -> Self {
        let sum = |sizes: &mut dyn Iterator<Item = u64>| sizes.fold(1, u64::saturating_add);
        let size = match &value {
            Value::Scalar(_) | Value::Unknown => 1,
            Value::List(items) => sum(&mut items.iter().map(|item| item.size)),
            Value::Map(entries) => sum(&mut entries.iter().map(|(_, value)| value.size)),
        };
        Self { place, value, size }
    }

    /// The value of a key; one that is merged in with `<<` where there is no own one.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.find(key, 0).map(|(_, value)| value)
    }

    /// A key itself.
    pub fn key(&self, key: &str) -> Option<&Key> {
        self.find(key, 0).map(|(key, _)| key)
    }

    fn find(&self, key: &str, depth: usize) -> Option<(&Key, &Self)> {
        let Value::Map(entries) = &self.value else { return None };
        let own = entries.iter().find(|(own, _)| own.text == key);
        if let Some((key, value)) = own {
            return Some((key, value));
        }
        if depth > DEEPEST_MERGE {
            return None;
        }
        let (_, merged) = entries.iter().find(|(key, _)| key.text == "<<")?;
        match &merged.value {
            Value::List(maps) => maps.iter().find_map(|map| map.find(key, depth + 1)),
            _ => merged.find(key, depth + 1),
        }
    }

    /// The value at the end of a path of keys.
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The text at the end of a path of keys.
    pub fn text_at(&self, path: &[&str]) -> Option<&str> {
        self.at(path)?.text()
    }

    /// Keys with values, with those that are merged in; none where it is no map.
    pub fn entries(&self) -> Vec<(&Key, &Self)> {
        let (mut entries, mut seen) = (Vec::new(), BTreeSet::new());
        self.collect(&mut entries, &mut seen, 0);
        entries
    }

    fn collect<'n>(
        &'n self,
        found: &mut Vec<(&'n Key, &'n Self)>,
        seen: &mut BTreeSet<&'n str>,
        depth: usize,
    ) {
        let Value::Map(entries) = &self.value else { return };
        for (key, value) in entries.iter().filter(|(key, _)| key.text != "<<") {
            if seen.insert(&key.text) {
                found.push((key, value));
            }
        }
        if depth > DEEPEST_MERGE {
            return;
        }
        for (_, merged) in entries.iter().filter(|(key, _)| key.text == "<<") {
            match &merged.value {
                Value::List(maps) => maps.iter().for_each(|map| map.collect(found, seen, depth + 1)),
                _ => merged.collect(found, seen, depth + 1),
            }
        }
    }

    /// The items of a list; none where it is no list.
    pub fn items(&self) -> impl Iterator<Item = &Self> {
        let items: &[Rc<Self>] = if let Value::List(items) = &self.value { items } else { &[] };
        items.iter().map(AsRef::as_ref)
    }

    /// The text of a value without parts.
    pub fn text(&self) -> Option<&str> {
        if let Value::Scalar(scalar) = &self.value { Some(&scalar.text) } else { None }
    }

    /// One value without parts, or all of a list.
    pub fn texts(&self) -> Vec<&str> {
        self.text().into_iter().chain(self.items().filter_map(Self::text)).collect()
    }

    /// Whether it stands in quotes.
    pub fn is_quoted(&self) -> bool {
        matches!(&self.value, Value::Scalar(scalar) if scalar.quoted)
    }

    /// Whether it is nothing.
    pub fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar(Scalar { text, quoted: false }) if ["", "~", "null", "Null", "NULL"].contains(&text.as_str()))
    }

    /// Yes or no, as YAML 1.1 and 1.2 write it; nothing where it is neither.
    pub fn truth(&self) -> Option<bool> {
        let text = self.text().filter(|_| !self.is_quoted())?.to_ascii_lowercase();
        match text.as_str() {
            "true" | "yes" | "on" => Some(true),
            "false" | "no" | "off" => Some(false),
            _ => None,
        }
    }

    /// Whether the value of a key is true.
    pub fn is_true(&self, key: &str) -> bool {
        self.get(key).and_then(Self::truth) == Some(true)
    }

    /// A whole number.
    pub fn number(&self) -> Option<i64> {
        self.text()?.parse().ok()
    }

    /// Whether it is a map.
    pub fn is_map(&self) -> bool {
        matches!(self.value, Value::Map(_))
    }

    /// Whether it is a list.
    pub fn is_list(&self) -> bool {
        matches!(self.value, Value::List(_))
    }
}
