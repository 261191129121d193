//! YAML, from the events of `saphyr-parser`.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use plimsoll_model::finding::Place;
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span, Tag};

use super::node::{Key, Node, Scalar, Value};
use super::{DEEPEST, MOST_NODES, Parsed, Problem};
use crate::source::{Source, number};

/// A list or map that is not at its end.
struct Open {
    begin: Marker,
    anchor: usize,
    /// Whether it means something only to some other program.
    tagged: bool,
    parts: Parts,
}

enum Parts {
    List(Vec<Rc<Node>>),
    /// Entries, the key that waits for its value, and the keys that were seen.
    Map(Vec<(Key, Rc<Node>)>, Option<Key>, BTreeSet<String>),
}

#[derive(Default)]
struct Builder {
    documents: Vec<Rc<Node>>,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Rc<Node>>,
    twice: Vec<Key>,
    size: u64,
}

pub(super) fn parse(source: &Source) -> Parsed {
    let mut builder = Builder::default();
    let problem = builder.read(&source.text).err();
    (builder.documents, problem, builder.twice)
}

impl Builder {
    fn read(&mut self, text: &str) -> Result<(), Problem> {
        for event in Parser::new_from_str(text) {
            match event {
                Ok((event, span)) => self.event(event, span)?,
                Err(error) => {
                    return Err(Problem { place: at(*error.marker()), message: error.info().to_owned() });
                }
            }
        }
        Ok(())
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Problem> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let quoted = style != ScalarStyle::Plain || tag.as_deref().is_some_and(is_text);
                let value = if is_foreign(tag.as_ref()) {
                    Value::Unknown
                } else {
                    Value::Scalar(Scalar { text: text.into_owned(), quoted })
                };
                self.add(Rc::new(Node::new(between(span.start, span.end), value)), anchor, &span)
            }
            Event::Alias(anchor) => {
                // An alias of what is not at its end stands for itself, without end.
                let unknown = || Rc::new(Node::new(at(span.start), Value::Unknown));
                let node = self.anchors.get(&anchor).cloned().unwrap_or_else(unknown);
                self.add(node, 0, &span)
            }
            Event::SequenceStart(anchor, tag) => {
                self.begin(&span, anchor, tag.as_ref(), Parts::List(Vec::new()))
            }
            Event::MappingStart(anchor, tag) => {
                self.begin(&span, anchor, tag.as_ref(), Parts::Map(Vec::new(), None, BTreeSet::new()))
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(&span),
            _ => Ok(()),
        }
    }

    fn begin(
        &mut self,
        span: &Span,
        anchor: usize,
        tag: Option<&Cow<'_, Tag>>,
        parts: Parts,
    ) -> Result<(), Problem> {
        if self.open.len() >= DEEPEST {
            let message = format!("this is more than {DEEPEST} levels deep");
            return Err(Problem { place: at(span.start), message });
        }
        self.open.push(Open { begin: span.start, anchor, tagged: is_foreign(tag), parts });
        Ok(())
    }

    fn end(&mut self, span: &Span) -> Result<(), Problem> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let value = match open.parts {
            _ if open.tagged => Value::Unknown,
            Parts::List(items) => Value::List(items),
            Parts::Map(entries, ..) => Value::Map(entries),
        };
        // The end of a block is where the next thing begins; rules name beginnings.
        let end = if span.end.line() == open.begin.line() { span.end } else { open.begin };
        self.add(Rc::new(Node::new(between(open.begin, end), value)), open.anchor, span)
    }

    fn add(&mut self, node: Rc<Node>, anchor: usize, span: &Span) -> Result<(), Problem> {
        if anchor > 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        self.size = self.size.saturating_add(node.size);
        // Each level counts what is below it again; that many levels there may be.
        if self.size > MOST_NODES * DEEPEST as u64 || node.size > MOST_NODES {
            let message = format!("its aliases stand for more than {MOST_NODES} values");
            return Err(Problem { place: at(span.start), message });
        }
        match self.open.last_mut().map(|open| &mut open.parts) {
            None => self.documents.push(node),
            Some(Parts::List(items)) => items.push(node),
            Some(Parts::Map(entries, waiting, seen)) => {
                if let Some(key) = waiting.take() {
                    entries.push((key, node));
                } else {
                    let text = node.text().unwrap_or_default().to_owned();
                    let key = Key { text, place: node.place };
                    // Some programs take several `<<`.
                    if !seen.insert(key.text.clone()) && key.text != "<<" && node.text().is_some() {
                        self.twice.push(key.clone());
                    }
                    *waiting = Some(key);
                }
            }
        }
        Ok(())
    }
}

/// A tag that is not YAML's own.
fn is_foreign(tag: Option<&Cow<'_, Tag>>) -> bool {
    tag.is_some_and(|tag| !tag.is_yaml_core_schema() && tag.to_string() != "!")
}

fn is_text(tag: &Tag) -> bool {
    tag.suffix == "str"
}

fn at(mark: Marker) -> Place {
    between(mark, mark)
}

fn between(begin: Marker, end: Marker) -> Place {
    let column = |mark: Marker| number(mark.col() + 1);
    let end =
        if end.line() < begin.line() || end.col() == 0 && end.line() > begin.line() { begin } else { end };
    Place {
        line: number(begin.line().max(1)),
        column: column(begin),
        end_line: number(end.line().max(1)),
        end_column: column(end),
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::super::Tree;
    use super::*;

    fn tree(text: &str) -> Tree {
        Tree::yaml(Source::new("x", text))
    }

    #[test]
    fn values_have_their_lines() {
        let tree = tree("a: 1\nb:\n  - c: 'x'\n  - yes\n---\nd: ~\n");
        assert_eq!(tree.problem, None);
        let (first, second) = (&tree.documents[0], &tree.documents[1]);
        assert_eq!(first.get("a").unwrap().place.line, 1);
        let items: Vec<_> = first.get("b").unwrap().items().collect();
        assert_eq!((items[0].get("c").unwrap().place.line, items[0].get("c").unwrap().place.column), (3, 8));
        assert!(items[0].get("c").unwrap().is_quoted());
        assert_eq!(items[1].truth(), Some(true));
        assert!(second.get("d").unwrap().is_null());
        assert_eq!(second.key("d").unwrap().place.line, 6);
    }

    #[test]
    fn aliases_and_merges_are_followed() {
        let tree = tree("x: &x {a: 1, b: 2}\ny:\n  <<: *x\n  b: 3\nz:\n  <<: [*x, {c: 4}]\n");
        let root = tree.root().unwrap();
        assert_eq!(root.text_at(&["y", "a"]), Some("1"));
        assert_eq!(root.text_at(&["y", "b"]), Some("3"));
        assert_eq!(root.text_at(&["z", "c"]), Some("4"));
        let keys: Vec<_> = root.get("y").unwrap().entries().iter().map(|(key, _)| key.text.clone()).collect();
        assert_eq!(keys, ["b", "a"]);
    }

    #[test]
    fn what_others_understand_is_unknown() {
        let tree = tree("a: !reference [x, y]\nb: !!str 5\nc: !reset null\n");
        let root = tree.root().unwrap();
        assert_eq!(root.get("a").unwrap().value, Value::Unknown);
        assert!(root.get("b").unwrap().is_quoted());
        assert_eq!(root.get("c").unwrap().value, Value::Unknown);
    }

    #[test]
    fn keys_that_stand_twice_are_told() {
        assert_eq!(tree("a: 1\nb: 2\na: 3\n").twice[0].place.line, 3);
        assert!(tree("a: {b: 1}\nc: {b: 1}\n").twice.is_empty());
    }

    #[test]
    fn bombs_are_told() {
        let mut text = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
        for n in 1..30 {
            let before = format!("*a{}", n - 1);
            writeln!(text, "a{n}: &a{n} [{}]", vec![before; 9].join(",")).unwrap();
        }
        assert!(tree(&text).problem.unwrap().message.contains("aliases"));
        assert!(tree(&"[".repeat(10_000)).problem.is_some());
        assert!(tree(&"- ".repeat(10_000)).problem.unwrap().message.contains("deep"));
        assert!(tree(&"? ".repeat(10_000)).problem.is_some());
        assert!(tree("a: &a [*a]\n").problem.is_none());
    }
}
