//! TOML, as the recovering parser gives it.

use std::rc::Rc;

use ::toml::Spanned;
use ::toml::de::{DeTable, DeValue};
use plimsoll_model::finding::Place;

use super::node::{Key, Node, Scalar, Value};
use super::{DEEPEST, Parsed, Problem};
use crate::source::Source;

pub(super) fn parse(source: &Source) -> Parsed {
    let (table, errors) = DeTable::parse_recoverable(&source.text);
    let problem = errors.first().map(|error| Problem {
        place: source.place_of(error.span().unwrap_or_default()),
        message: error.message().to_owned(),
    });
    let root = Place { line: 1, column: 1, end_line: 1, end_column: 1 };
    let node = Node::new(root, map(source, table.get_ref(), 0));
    (vec![Rc::new(node)], problem, Vec::new())
}

fn map(source: &Source, table: &DeTable<'_>, depth: usize) -> Value {
    if depth > DEEPEST {
        return Value::Unknown;
    }
    let mut entries: Vec<(Key, Rc<Node>)> = table
        .iter()
        .map(|(key, value)| {
            let key = Key { text: key.get_ref().to_string(), place: source.place_of(key.span()) };
            (key, Rc::new(node(source, value, depth + 1)))
        })
        .collect();
    entries.sort_by_key(|(key, _)| key.place);
    Value::Map(entries)
}

fn node(source: &Source, value: &Spanned<DeValue<'_>>, depth: usize) -> Node {
    let scalar = |text: String, quoted| Value::Scalar(Scalar { text, quoted });
    let own = match value.get_ref() {
        DeValue::String(text) => scalar(text.to_string(), true),
        DeValue::Integer(number) => scalar(number.as_str().to_owned(), false),
        DeValue::Float(number) => scalar(number.as_str().to_owned(), false),
        DeValue::Boolean(truth) => scalar(truth.to_string(), false),
        DeValue::Datetime(time) => scalar(time.to_string(), false),
        DeValue::Array(_) if depth > DEEPEST => Value::Unknown,
        DeValue::Array(items) => {
            Value::List(items.iter().map(|item| Rc::new(node(source, item, depth + 1))).collect())
        }
        DeValue::Table(table) => map(source, table, depth),
    };
    Node::new(source.place_of(value.span()), own)
}

#[cfg(test)]
mod tests {
    use super::super::Tree;
    use super::*;

    #[test]
    fn values_have_their_lines() {
        let tree = Tree::toml(Source::new("x", "[a]\nb = 'c' # d\n\n[[e]]\nf = [1,\n 2]\n"));
        let root = tree.root().unwrap();
        assert_eq!((root.text_at(&["a", "b"]), root.at(&["a", "b"]).unwrap().place.line), (Some("c"), 2));
        let first = root.get("e").unwrap().items().next().unwrap();
        assert_eq!(first.get("f").unwrap().items().map(|item| item.place.line).collect::<Vec<_>>(), [5, 6]);
        assert!(Tree::toml(Source::new("x", "a = ")).problem.is_some());
    }
}
