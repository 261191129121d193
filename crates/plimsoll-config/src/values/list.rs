//! Lists, and commands as lists of arguments.

use toml::de::DeValue;

use crate::document::{Node, toml_text};
use crate::settings::Setting;
use crate::shape::Shape;
use crate::sink::Sink;
use crate::slot::At;

/// Most items of a list. What follows compares items with each other.
const MOST: usize = 250;

/// A list; wrong items are reported and left out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct List<T>(pub(crate) Vec<At<T>>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Setting> List<T> {
    pub(crate) fn values(&self) -> impl Iterator<Item = T> {
        self.0.iter().map(|at| at.value.clone())
    }
}

impl<T: Setting> Setting for List<T> {
    fn shape() -> Shape {
        Shape::List { item: Box::new(T::shape()), at_least: 0 }
    }

    fn read(node: &Node<'_>, sink: &mut Sink<'_>) -> Option<Self> {
        let DeValue::Array(items) = node.value else {
            let problem = node.wrong("a list", sink);
            match node.value {
                DeValue::Table(_) => problem.help("write its header in double brackets, `[[...]]`"),
                _ => problem.help("write it between brackets, as [\"a\", \"b\"]"),
            };
            return None;
        };
        if items.len() > MOST {
            node.wrong(&format!("a list of at most {MOST}"), sink);
            return None;
        }
        let read = |(number, item): (usize, &toml::Spanned<DeValue<'_>>)| {
            let path = format!("{}[{number}]", node.path);
            let item = Node { value: item.get_ref(), span: item.span(), key: item.span(), path };
            Some(At { value: T::read(&item, sink)?, span: item.span.clone(), key: item.key })
        };
        Some(Self(items.iter().enumerate().filter_map(read).collect()))
    }
}

/// A program and its arguments; no shell reads them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Command(pub(crate) Vec<String>);

impl Setting for Command {
    fn shape() -> Shape {
        Shape::List { item: Box::new(String::shape()), at_least: 1 }
    }

    fn read(node: &Node<'_>, sink: &mut Sink<'_>) -> Option<Self> {
        if let Some(text) = node.text() {
            let words: Vec<String> = text.split_whitespace().map(toml_text).collect();
            let simple = !sink.source.hides(&node.span)
                && !words.is_empty()
                && text.len() < 80
                && !text.contains(['\'', '"', '\\', '$', '|', '&', ';']);
            let problem = node.wrong("a list of a program and its arguments", sink);
            problem.help(if simple {
                format!("write [{}]", words.join(", "))
            } else {
                "no shell reads it; where you need one write [\"sh\", \"-c\", \"...\"]".to_owned()
            });
            return None;
        }
        let words: Vec<String> = List::<String>::read(node, sink)?.values().collect();
        if words.first().is_none_or(|program| program.trim().is_empty()) {
            node.wrong("a list that begins with a program", sink);
            return None;
        }
        Some(Self(words))
    }
}
