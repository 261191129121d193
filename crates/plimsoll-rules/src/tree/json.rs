//! JSON with lines. `serde_json` gives none, and the reader of YAML is ten times slower on lock files of many megabytes.

use std::collections::BTreeSet;
use std::rc::Rc;

use plimsoll_model::finding::Place;

use super::node::{Key, Node, Scalar, Value};
use super::{DEEPEST, Parsed, Problem};
use crate::source::{Source, number};

struct Reader<'t> {
    bytes: &'t [u8],
    text: &'t str,
    at: usize,
    line: u32,
    /// Where the line begins.
    start: usize,
    twice: Vec<Key>,
}

pub(super) fn parse(source: &Source) -> Parsed {
    let text = source.text.strip_prefix('\u{feff}').unwrap_or(&source.text);
    let mut reader = Reader { bytes: text.as_bytes(), text, at: 0, line: 1, start: 0, twice: Vec::new() };
    match reader.whole() {
        Ok(node) => (vec![Rc::new(node)], None, reader.twice),
        Err(message) => {
            let place = reader.place_from(reader.at);
            (Vec::new(), Some(Problem { place, message: message.to_owned() }), reader.twice)
        }
    }
}

impl Reader<'_> {
    fn whole(&mut self) -> Result<Node, &'static str> {
        let node = self.value(0)?;
        self.blanks();
        if self.at < self.bytes.len() { Err("something follows the end of the JSON") } else { Ok(node) }
    }

    fn value(&mut self, depth: usize) -> Result<Node, &'static str> {
        if depth > DEEPEST {
            return Err("this is more than 100 levels deep");
        }
        self.blanks();
        let begin = self.place_from(self.at);
        let value = match self.bytes.get(self.at) {
            Some(b'{') => self.map(depth)?,
            Some(b'[') => self.list(depth)?,
            Some(b'"') => Value::Scalar(Scalar { text: self.string()?, quoted: true }),
            Some(_) => self.word()?,
            None => return Err("the file ends before the JSON does"),
        };
        let end = self.place_from(self.at);
        let place = if end.line == begin.line { Place { end_column: end.column, ..begin } } else { begin };
        Ok(Node::new(place, value))
    }

    fn map(&mut self, depth: usize) -> Result<Value, &'static str> {
        let (mut entries, mut seen) = (Vec::new(), BTreeSet::new());
        self.at += 1;
        if self.ends(b'}') {
            return Ok(Value::Map(entries));
        }
        loop {
            self.blanks();
            let place = self.place_from(self.at);
            if self.bytes.get(self.at) != Some(&b'"') {
                return Err("a key in quotes is missing here");
            }
            let key = Key { text: self.string()?, place };
            if !seen.insert(key.text.clone()) {
                self.twice.push(key.clone());
            }
            if !self.ends(b':') {
                return Err("a `:` is missing here");
            }
            entries.push((key, Rc::new(self.value(depth + 1)?)));
            if self.ends(b'}') {
                return Ok(Value::Map(entries));
            }
            if !self.ends(b',') {
                return Err("a `,` or `}` is missing here");
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value, &'static str> {
        let mut items = Vec::new();
        self.at += 1;
        if self.ends(b']') {
            return Ok(Value::List(items));
        }
        loop {
            items.push(Rc::new(self.value(depth + 1)?));
            if self.ends(b']') {
                return Ok(Value::List(items));
            }
            if !self.ends(b',') {
                return Err("a `,` or `]` is missing here");
            }
        }
    }

    fn string(&mut self) -> Result<String, &'static str> {
        let begin = self.at;
        self.at += 1;
        let mut escaped = false;
        loop {
            match self.bytes.get(self.at) {
                None | Some(b'\n') => return Err("a text in quotes has no end"),
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.at += 2;
                }
                Some(_) => self.at += 1,
            }
        }
        self.at += 1;
        let raw = self.text.get(begin..self.at).ok_or("a text in quotes is broken")?;
        if escaped {
            return serde_json::from_str(raw).map_err(|_| "a text in quotes is broken");
        }
        Ok(raw[1..raw.len() - 1].to_owned())
    }

    /// A number, a truth, or null.
    fn word(&mut self) -> Result<Value, &'static str> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || b"+-.".contains(b)).count();
        let text = self.text.get(self.at..self.at + length).unwrap_or_default();
        let fits = ["true", "false", "null"].contains(&text) || text.parse::<f64>().is_ok();
        if !fits {
            return Err("this is not JSON");
        }
        self.at += length;
        Ok(Value::Scalar(Scalar { text: text.to_owned(), quoted: false }))
    }

    /// Passes a sign, if it is the next one.
    fn ends(&mut self, sign: u8) -> bool {
        self.blanks();
        let is_next = self.bytes.get(self.at) == Some(&sign);
        self.at += usize::from(is_next);
        is_next
    }

    fn blanks(&mut self) {
        while let Some(byte) = self.bytes.get(self.at).filter(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
            if *byte == b'\n' {
                self.line = self.line.saturating_add(1);
                self.start = self.at;
            }
        }
    }

    /// Columns are counted in bytes: files that tools write are indented with blanks.
    fn place_from(&self, at: usize) -> Place {
        let column = number(at.saturating_sub(self.start) + 1);
        Place { line: self.line, column, end_line: self.line, end_column: column }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Tree;
    use super::*;

    #[test]
    fn values_have_their_lines() {
        let text = "{\n  \"a\": [1, true,\n    {\"b\": \"x\\ny\"}],\n  \"c\": null, \"a\": 2\n}\n";
        let tree = Tree::json(Source::new("x", text));
        let root = tree.root().unwrap();
        let items: Vec<_> = root.get("a").unwrap().items().collect();
        assert_eq!((items[0].number(), items[1].truth()), (Some(1), Some(true)));
        let b = items[2].get("b").unwrap();
        assert_eq!((b.text(), b.place.line), (Some("x\ny"), 3));
        assert!(root.get("c").unwrap().is_null());
        assert_eq!(tree.twice[0].place.line, 4);
    }

    #[test]
    fn what_is_broken_is_told() {
        for text in ["", "{", "[1,", "{\"a\"}", "\"a", "{a: 1}", "[1] 2", "\"\\", "[1 2]", "\"é\\"] {
            assert!(Tree::json(Source::new("x", text)).problem.is_some(), "{text}");
        }
        assert!(Tree::json(Source::new("x", "[".repeat(100_000))).problem.is_some());
    }
}
