//! How a group of settings is declared: once, by the macro [`settings!`], which makes the file layer, its reading,
//! its merging, its defaults and its description, so that none of them can differ from the others.
//!
//! A derive of serde with `schemars` was the alternative. Serde stops at the first wrong value, knows no place of a
//! key, and would leave defaults in a second spot.

use toml::de::{DeTable, DeValue};

use crate::document::Node;
use crate::shape::Shape;
use crate::sink::Sink;
use crate::slot::{At, Slot};
use crate::source::Source;

/// A type that a value of the file can become.
pub(crate) trait Setting: Sized + Clone {
    /// What it looks like.
    fn shape() -> Shape;

    /// Makes it from a value, or reports why it cannot.
    fn read(node: &Node<'_>, sink: &mut Sink<'_>) -> Option<Self>;

    /// This setting where `base` holds unless something is said: all of it, but tables merge key by key.
    fn over(self, base: Self) -> Self {
        drop(base);
        self
    }
}

impl<T: Setting> Slot<T> {
    /// This slot where it says something, otherwise `base`; tables merge.
    pub(crate) fn over(self, base: Self) -> Self {
        match (self, base) {
            (Self::Given(top), Self::Given(base)) => {
                Self::Given(At { value: top.value.over(base.value), ..top })
            }
            (Self::Absent, base) => base,
            (top, _) => top,
        }
    }
}

/// The value that a default's text stands for. Defaults are TOML, as in the file and on the reference page.
pub(crate) fn default_value<T: Setting>(text: &str) -> T {
    let document = format!("default = {text}");
    let source = Source::new("default", &document);
    let mut sink = Sink::new(&source);
    let table = DeTable::parse(&document).expect("defaults are TOML, which a test checks");
    let (key, value) = table.get_ref().iter().next().expect("there is one key");
    let node =
        Node { value: value.get_ref(), span: value.span(), key: key.span(), path: "default".to_owned() };
    T::read(&node, &mut sink).expect("defaults are valid, which a test checks")
}

/// Whether a value is text that equals a word.
pub(crate) fn is_word(value: &DeValue<'_>, word: &str) -> bool {
    value.as_str() == Some(word)
}

/// Declares a table of settings. A key with `= "toml"` has that default and a method that gives its value; one with
/// `, required` must be there; the others may be absent.
macro_rules! settings {
    (
        $(#[doc = $about:literal])+
        $name:ident $(, $rule:expr)?;
        $($(#[doc = $doc:literal])+ $key:literal => $field:ident: $type:ty $(= $default:literal)? $(, $required:ident)?;)+
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, Default)]
        pub(crate) struct $name {
            $($(#[doc = $doc])+ pub(crate) $field: $crate::slot::Slot<$type>,)+
        }

        impl $name {
            /// The table's description.
            pub(crate) const TABLE: $crate::shape::Table = $crate::shape::Table {
                id: stringify!($name),
                about: concat!($($about,)+),
                keys: &[$($crate::shape::Key {
                    name: $key,
                    about: concat!($($doc,)+),
                    shape: <$type as $crate::settings::Setting>::shape,
                    default: $crate::settings::first_of!($($default)?),
                    required: $crate::settings::is_required!($($required)?),
                },)+],
                rule: $crate::settings::rule_of!($($rule)?),
            };

            $($(
                /// The value, or its default.
                pub(crate) fn $field(&self) -> $type {
                    match self.$field.value() {
                        Some(value) => value.clone(),
                        None => $crate::settings::default_value($default),
                    }
                }
            )?)+
        }

        impl $crate::settings::Setting for $name {
            fn shape() -> $crate::shape::Shape {
                $crate::shape::Shape::Table(Self::TABLE)
            }

            fn read(
                node: &$crate::document::Node<'_>,
                sink: &mut $crate::sink::Sink<'_>,
            ) -> Option<Self> {
                let fields = $crate::fields::Fields::open(node, &Self::TABLE, sink)?;
                Some(Self { $($field: fields.take($key, sink),)+ })
            }

            fn over(self, base: Self) -> Self {
                Self { $($field: self.$field.over(base.$field),)+ }
            }
        }
    };
}

/// The default's text, if there is one.
macro_rules! first_of {
    () => {
        None
    };
    ($text:literal) => {
        Some($text)
    };
}

/// Whether the word `required` is there.
macro_rules! is_required {
    () => {
        false
    };
    (required) => {
        true
    };
}

/// The rule between keys, if there is one.
macro_rules! rule_of {
    () => {
        $crate::shape::Rule::Free
    };
    ($rule:expr) => {
        $rule
    };
}

pub(crate) use {first_of, is_required, rule_of, settings};
