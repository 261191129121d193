//! Tables whose keys are names that the user chooses.

use std::collections::BTreeMap;
use std::ops::Range;
use std::str::FromStr;

use plimsoll_model::{EnvironmentName, ZoneName};
use toml::de::DeValue;

use crate::document::{Node, quoted};
use crate::fields::ESCAPE;
use crate::init::as_name;
use crate::settings::Setting;
use crate::shape::{Shape, joined};
use crate::sink::Sink;
use crate::slot::{At, Slot};
use crate::values::text::{NAME_PATTERN, NAME_RULE};

/// Most names in a table.
const MOST: usize = 1000;

/// A kind of name.
pub(crate) trait Name: Ord + Clone {
    /// What is named, one word.
    const WHAT: &'static str;
    /// Its rule as a regular expression.
    const PATTERN: &'static str;

    /// Takes the name, or reports that it is none.
    fn read(text: &str, span: Range<usize>, sink: &mut Sink<'_>) -> Option<Self>;
}

/// A table from names to settings.
#[derive(Debug, Clone)]
pub(crate) struct Map<K, T>(pub(crate) BTreeMap<K, Slot<T>>);

impl<K, T> Default for Map<K, T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Name, T: Setting> Map<K, T> {
    /// The entries that are given.
    pub(crate) fn given(&self) -> impl Iterator<Item = (&K, &At<T>)> {
        self.0.iter().filter_map(|(name, slot)| Some((name, slot.given()?)))
    }
}

impl<K: Name, T: Setting> Setting for Map<K, T> {
    fn shape() -> Shape {
        Shape::Map { name: K::WHAT, pattern: K::PATTERN, value: Box::new(T::shape()) }
    }

    fn read(node: &Node<'_>, sink: &mut Sink<'_>) -> Option<Self> {
        let DeValue::Table(table) = node.value else {
            node.wrong("a table", sink);
            return None;
        };
        if table.len() > MOST {
            node.wrong(&format!("a table of at most {MOST} names"), sink);
            return None;
        }
        let mut entries = BTreeMap::new();
        for (key, value) in table.iter().filter(|(key, _)| !key.get_ref().starts_with(ESCAPE)) {
            let path = joined(&node.path, key.get_ref());
            let item = Node { value: value.get_ref(), span: value.span(), key: key.span(), path };
            // A wrong name is no reason to be silent about what is below it.
            let name = K::read(key.get_ref(), key.span(), sink);
            let slot = match T::read(&item, sink) {
                Some(value) => Slot::Given(At { value, span: item.span, key: item.key }),
                None => Slot::Wrong,
            };
            entries.extend(name.map(|name| (name, slot)));
        }
        Some(Self(entries))
    }

    fn over(mut self, base: Self) -> Self {
        for (name, slot) in base.0 {
            let own = self.0.remove(&name).unwrap_or_default();
            self.0.insert(name, own.over(slot));
        }
        self
    }
}

impl Name for EnvironmentName {
    const WHAT: &'static str = "environment";
    const PATTERN: &'static str = NAME_PATTERN;

    fn read(text: &str, span: Range<usize>, sink: &mut Sink<'_>) -> Option<Self> {
        plain_name(text, span, "an environment", sink)
    }
}

impl Name for ZoneName {
    const WHAT: &'static str = "zone";
    const PATTERN: &'static str = NAME_PATTERN;

    fn read(text: &str, span: Range<usize>, sink: &mut Sink<'_>) -> Option<Self> {
        plain_name(text, span, "a zone", sink)
    }
}

fn plain_name<T: FromStr>(text: &str, span: Range<usize>, of: &str, sink: &mut Sink<'_>) -> Option<T> {
    let name = text.parse().ok();
    if name.is_none() {
        let problem = sink.error(span, format!("{} is not a name of {of}", quoted(text)));
        problem.help(format!("a name is {NAME_RULE}"));
        if let Some(better) = as_name(text) {
            problem.help(format!("`{better}` would do"));
        }
    }
    name
}

/// The name of a variable in a process' environment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct VariableName(pub(crate) String);

impl Name for VariableName {
    const WHAT: &'static str = "variable";
    const PATTERN: &'static str = "^[A-Za-z_][A-Za-z0-9_]*$";

    fn read(text: &str, span: Range<usize>, sink: &mut Sink<'_>) -> Option<Self> {
        let begins_well = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if begins_well && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Some(Self(text.to_owned()));
        }
        let problem = sink.error(span, format!("{} is not a name of a variable", quoted(text)));
        problem.help("expected letters, digits and `_`, not beginning with a digit");
        None
    }
}

/// A variable that is referred to.
impl Setting for VariableName {
    fn shape() -> Shape {
        Shape::Text { what: "name of a variable", pattern: Some(<Self as Name>::PATTERN) }
    }

    fn read(node: &Node<'_>, sink: &mut Sink<'_>) -> Option<Self> {
        let Some(text) = node.text() else {
            node.wrong("the name of a variable", sink);
            return None;
        };
        <Self as Name>::read(text, node.span.clone(), sink)
    }
}

/// The value of a variable. What was found is never repeated, since it may be secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct VariableValue(pub(crate) String);

impl Setting for VariableValue {
    fn shape() -> Shape {
        Shape::Text { what: "text", pattern: None }
    }

    fn read(node: &Node<'_>, sink: &mut Sink<'_>) -> Option<Self> {
        let (found, help) = match node.value {
            DeValue::String(text) if !text.contains('\0') => return Some(Self(text.clone().into_owned())),
            DeValue::String(_) => ("text with a NUL character", None),
            DeValue::Integer(_) | DeValue::Float(_) => ("a number", Some("put it between quotes")),
            DeValue::Boolean(_) => ("`true` or `false`", Some("put it between quotes")),
            DeValue::Table(_) => ("a table", Some("a reference to a secret stands in `[run.secrets]`")),
            DeValue::Array(_) => ("a list", None),
            DeValue::Datetime(_) => ("a date or time", Some("put it between quotes")),
        };
        let problem = sink.error(node.span.clone(), format!("the variable {} must be text", node.name()));
        problem.label(format!("found {found}"));
        help.map(|help| problem.help(help));
        None
    }
}

/// Variables of a process.
pub(crate) type Variables = Map<VariableName, VariableValue>;

impl Variables {
    /// The variables as the model has them.
    pub(crate) fn resolve(&self) -> BTreeMap<String, String> {
        self.given().map(|(name, at)| (name.0.clone(), at.value.0.clone())).collect()
    }
}
