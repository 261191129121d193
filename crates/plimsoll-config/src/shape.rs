//! What a setting looks like, as data: the one source of the JSON Schema, the reference page and the list of known
//! keys. Each [`Setting`](crate::settings::Setting) gives its own shape beside the code that reads it.

/// The shape of a value.
#[derive(Debug, Clone)]
pub(crate) enum Shape {
    /// Text, with a name for its kind and a regular expression (ECMA 262) where one can say it.
    Text { what: &'static str, pattern: Option<&'static str> },
    /// A whole number in a range.
    Whole { min: u64, max: u64 },
    /// A number in a range.
    Number { min: f64, max: f64 },
    /// `true` or `false`.
    Switch,
    /// One of some words, each with its meaning.
    Words(&'static [(&'static str, &'static str)]),
    /// A list with a least length.
    List { item: Box<Shape>, at_least: usize },
    /// A table whose keys are names.
    Map { name: &'static str, pattern: &'static str, value: Box<Shape> },
    /// A table with known keys.
    Table(Table),
    /// One of several shapes.
    OneOf(Vec<Shape>),
}

/// A table with known keys.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Table {
    /// The name of the type, which tells equal tables at two places from different ones.
    pub(crate) id: &'static str,
    /// What it is for.
    pub(crate) about: &'static str,
    pub(crate) keys: &'static [Key],
    pub(crate) rule: Rule,
}

/// A key of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    /// What it means.
    pub(crate) about: &'static str,
    pub(crate) shape: fn() -> Shape,
    /// What holds where it is absent, as TOML.
    pub(crate) default: Option<&'static str>,
    /// Whether it must be there.
    pub(crate) required: bool,
}

/// What holds between the keys of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rule {
    /// Nothing.
    Free,
    /// Exactly one of these.
    ExactlyOne(&'static [&'static str]),
    /// The value of the key `type` decides which other keys may or must be there.
    ByType(&'static [Variant]),
}

/// What a `type` asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Variant {
    pub(crate) name: &'static str,
    /// Keys that must be there.
    pub(crate) required: &'static [&'static str],
    /// Other keys that may be there, beside those that no variant names.
    pub(crate) allowed: &'static [&'static str],
}

impl Variant {
    pub(crate) fn takes(&self, key: &str) -> bool {
        self.required.contains(&key) || self.allowed.contains(&key)
    }
}

impl Shape {
    /// The tables of this shape, each with its place below `path`, outermost first. `visit` says whether to go on
    /// into the table.
    pub(crate) fn tables(&self, path: &str, visit: &mut dyn FnMut(&str, &Table) -> bool) {
        match self {
            Self::List { item, .. } => item.tables(&format!("{path}[]"), visit),
            Self::Map { name, value, .. } => value.tables(&joined(path, &format!("<{name}>")), visit),
            Self::OneOf(shapes) => shapes.iter().for_each(|shape| shape.tables(path, visit)),
            Self::Table(table) if visit(path, table) => {
                for key in table.keys {
                    (key.shape)().tables(&joined(path, key.name), visit);
                }
            }
            _ => {}
        }
    }
}

/// A key below a table's path.
pub(crate) fn joined(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}
