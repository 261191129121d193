//! Reads the keys of one table: unknown keys, missing ones and the rule between them are reported here.

use std::collections::BTreeSet;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

use crate::document::{Node, quoted};
use crate::settings::Setting;
use crate::shape::{Rule, Table, Variant, joined};
use crate::sink::Sink;
use crate::slot::{At, Slot};
use crate::suggest;

/// Keys that begin so are left alone everywhere: the place for what other tools read from the same file.
pub(crate) const ESCAPE: &str = "x-";

/// A table that is being read.
pub(crate) struct Fields<'a> {
    table: &'a DeTable<'a>,
    path: &'a str,
}

impl<'a> Fields<'a> {
    /// Takes a value as a table of this description, or reports that it is none.
    pub(crate) fn open(node: &'a Node<'a>, about: &Table, sink: &mut Sink<'_>) -> Option<Self> {
        let DeValue::Table(table) = node.value else {
            let keys: Vec<String> = about.keys.iter().map(|key| format!("`{}`", key.name)).collect();
            let is_list = node.value.as_array().is_some();
            let problem = node.wrong("a table", sink);
            if is_list && !node.path.is_empty() {
                problem.help(format!("write its header in single brackets, `[{}]`", node.path));
            } else {
                problem.help(format!("it may hold {}", list(&keys, "and")));
            }
            return None;
        };
        let fields = Self { table, path: &node.path };
        fields.report_unknown(about, sink);
        fields.report_missing(node, about, sink);
        match about.rule {
            Rule::Free => {}
            Rule::ExactlyOne(keys) => fields.report_unless_one(node, keys, sink),
            Rule::ByType(variants) => fields.report_variant(node, variants, sink),
        }
        Some(fields)
    }

    /// The setting below a key.
    pub(crate) fn take<T: Setting>(&self, key: &str, sink: &mut Sink<'_>) -> Slot<T> {
        let Some((found, value)) = self.table.get_key_value(key) else { return Slot::Absent };
        let path = joined(self.path, key);
        let node = Node { value: value.get_ref(), span: value.span(), key: found.span(), path };
        match T::read(&node, sink) {
            Some(value) => Slot::Given(At { value, span: node.span, key: node.key }),
            None => Slot::Wrong,
        }
    }

    fn place(&self) -> String {
        if self.path.is_empty() {
            "at the top of the file".to_owned()
        } else {
            format!("in `[{}]`", self.path)
        }
    }

    fn report_unknown(&self, about: &Table, sink: &mut Sink<'_>) {
        let known: Vec<&str> = about.keys.iter().map(|key| key.name).collect();
        for (key, _) in self.table {
            let name: &str = key.get_ref();
            if known.contains(&name) || name.starts_with(ESCAPE) {
                continue;
            }
            let help = if sink.is_full() { Vec::new() } else { suggest::for_key(name, &known) };
            let problem = sink
                .error(key.span(), format!("unknown key {} {}", quoted(name), self.place()))
                .label("not known");
            problem.help.extend(help);
        }
    }

    fn report_missing(&self, node: &Node<'_>, about: &Table, sink: &mut Sink<'_>) {
        for key in about.keys.iter().filter(|key| key.required && !self.table.contains_key(key.name)) {
            missing(node, key.name, &self.place(), sink).help(first_sentence(key.about));
        }
    }

    fn report_unless_one(&self, node: &Node<'_>, keys: &[&str], sink: &mut Sink<'_>) {
        let given: Vec<Range<usize>> =
            keys.iter().filter_map(|key| self.table.get_key_value(*key)).map(|(key, _)| key.span()).collect();
        let wanted: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
        let wanted = format!("exactly one of {}", list(&wanted, "or"));
        // An unknown key is probably a misspelt one of these, and is reported already.
        let misspelt = self
            .table
            .iter()
            .any(|(key, _)| !keys.contains(&key.get_ref().as_ref()) && !key.get_ref().starts_with(ESCAPE));
        match given.len() {
            0 if misspelt => {}
            0 => {
                sink.error(node.span.clone(), format!("{} must have {wanted}", node.name()))
                    .label("has none");
            }
            1 => {}
            _ => {
                let mut given = given;
                given.sort_by_key(|span| span.start);
                sink.error(given[1].clone(), format!("{} must have {wanted}", node.name()))
                    .label("a second one");
            }
        }
    }

    fn report_variant(&self, node: &Node<'_>, variants: &[Variant], sink: &mut Sink<'_>) {
        let kind = self.table.get("type").and_then(|value| value.get_ref().as_str());
        let Some(variant) = variants.iter().find(|variant| Some(variant.name) == kind) else { return };
        for key in variant.required.iter().filter(|key| !self.table.contains_key(**key)) {
            missing(node, key, &format!("for `type = \"{}\"`", variant.name), sink);
        }
        let special: BTreeSet<&str> =
            variants.iter().flat_map(|v| v.required.iter().chain(v.allowed)).copied().collect();
        for (key, _) in self.table {
            let name: &str = key.get_ref();
            if special.contains(name) && !variant.takes(name) {
                let takers: Vec<String> =
                    variants.iter().filter(|v| v.takes(name)).map(|v| format!("\"{}\"", v.name)).collect();
                sink.error(key.span(), format!("`{name}` has no meaning with `type = \"{}\"`", variant.name))
                    .label("not used")
                    .help(format!("it belongs to type {}", list(&takers, "or")));
            }
        }
    }
}

/// Reports that a key is not there.
pub(crate) fn missing<'s>(
    node: &Node<'_>,
    key: &str,
    place: &str,
    sink: &'s mut Sink<'_>,
) -> &'s mut crate::Problem {
    if node.path.is_empty() {
        return sink.error_in_file(format!("there is no `[{key}]` table"));
    }
    sink.error(node.span.clone(), format!("the key `{key}` is missing {place}"))
}

/// `a, b or c`.
pub(crate) fn list(items: &[String], word: &str) -> String {
    match items {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} {word} {last}", first.join(", ")),
    }
}

/// The first sentence of a description, without its end.
fn first_sentence(about: &str) -> String {
    let about = about.trim();
    about.split_once(". ").map_or(about, |(first, _)| first).trim_end_matches('.').to_owned()
}
