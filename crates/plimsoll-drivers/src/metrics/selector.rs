//! Which series are meant: a metric name with label matchers, as PromQL's instant selectors have them.
//!
//! `name`, `name{a="b",c!="d",e=~"..",f!~".."}` and, for names with other characters, `{"name",a="b"}`. Matchers see
//! a label that a series does not have as empty. Regular expressions are anchored at both ends.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::text::{Cursor, Quoting, is_plain_name, quoted};

/// The labels of one series, by name. The metric's name is not among them.
pub type Labels = BTreeMap<String, String>;

/// A text that is not a selector.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not a selector: {why}; expected a metric name with optional matchers, as `http_requests_total{{code=~\"5..\"}}`"
)]
pub struct SelectorError {
    pub(super) text: String,
    pub(super) why: String,
}

/// A metric name and conditions on labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    /// The metric's name.
    pub name: String,
    /// The conditions; all must hold.
    pub matchers: Vec<Matcher>,
}

/// A condition on one label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matcher {
    /// The label's name.
    pub label: String,
    /// How it is compared.
    pub comparison: Comparison,
    /// With what.
    pub value: String,
}

/// How a label is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`
    Matches,
    /// `!~`
    MatchesNot,
}

impl Comparison {
    /// The longer ones first, so that `=` does not take the start of `=~`.
    const ALL: [(&'static str, Self); 4] =
        [("=~", Self::Matches), ("!~", Self::MatchesNot), ("!=", Self::NotEqual), ("=", Self::Equal)];

    fn symbol(self) -> &'static str {
        Self::ALL.iter().find(|(_, c)| *c == self).map_or("=", |(symbol, _)| symbol)
    }
}

impl FromStr for Selector {
    type Err = SelectorError;

    fn from_str(text: &str) -> Result<Self, SelectorError> {
        let fail = |why: &str| SelectorError { text: text.to_owned(), why: why.to_owned() };
        let mut cursor = Cursor::new(text.trim());
        let mut name = cursor.name(true).map(str::to_owned);
        let mut matchers = Vec::new();
        cursor.skip_blanks();
        if cursor.take("{") {
            matchers = inside_braces(&mut cursor, &mut name).map_err(|why| fail(&why))?;
        }
        if !cursor.rest().is_empty() {
            return Err(fail(&format!("`{}` follows its end", cursor.rest())));
        }
        let name = name.ok_or_else(|| fail("it has no metric name"))?;
        Ok(Self { name, matchers })
    }
}

/// Reads up to the closing brace.
fn inside_braces(cursor: &mut Cursor<'_>, name: &mut Option<String>) -> Result<Vec<Matcher>, String> {
    let mut matchers = Vec::new();
    loop {
        cursor.skip_blanks();
        if cursor.take("}") {
            return Ok(matchers);
        }
        let label = match cursor.peek() {
            Some('"' | '\'' | '`') => cursor.string(Quoting::Query).ok_or("a string in it has no end")?,
            _ => {
                cursor.name(false).ok_or_else(|| format!("no label name at `{}`", cursor.rest()))?.to_owned()
            }
        };
        cursor.skip_blanks();
        if matches!(cursor.peek(), Some(',' | '}')) {
            if name.replace(label).is_some() {
                return Err("it has two metric names, or a label without a value".to_owned());
            }
        } else {
            matchers.push(matcher(cursor, label)?);
            cursor.skip_blanks();
        }
        if !cursor.take(",") && cursor.peek() != Some('}') {
            return Err(format!("expected `,` or `}}` at `{}`", cursor.rest()));
        }
    }
}

fn matcher(cursor: &mut Cursor<'_>, label: String) -> Result<Matcher, String> {
    let found = Comparison::ALL.iter().find(|(symbol, _)| cursor.take(symbol));
    let (_, comparison) = found.ok_or_else(|| format!("expected `=`, `!=`, `=~` or `!~` after `{label}`"))?;
    cursor.skip_blanks();
    let value = cursor.string(Quoting::Query);
    let value = value.ok_or_else(|| format!("expected a quoted string as the value of `{label}`"))?;
    Ok(Matcher { label, comparison: *comparison, value })
}

impl fmt::Display for Selector {
    /// As PromQL.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut inside: Vec<String> = self.matchers.iter().map(ToString::to_string).collect();
        if is_plain_name(&self.name, true) {
            f.write_str(&self.name)?;
        } else {
            inside.insert(0, quoted(&self.name));
        }
        if inside.is_empty() { Ok(()) } else { write!(f, "{{{}}}", inside.join(",")) }
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let label = if is_plain_name(&self.label, false) { self.label.clone() } else { quoted(&self.label) };
        write!(f, "{label}{}{}", self.comparison.symbol(), quoted(&self.value))
    }
}

impl Selector {
    /// The same conditions on a metric whose name has this ending.
    #[must_use]
    pub fn with_suffix(&self, suffix: &str) -> Self {
        Self { name: format!("{}{suffix}", self.name), matchers: self.matchers.clone() }
    }
}

/// The name of a series: its labels in order, as PromQL writes them.
pub(super) fn series_name(labels: &Labels) -> String {
    let inside: Vec<String> =
        labels.iter().map(|(name, value)| format!("{name}={}", quoted(value))).collect();
    format!("{{{}}}", inside.join(","))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn selectors_are_read_and_written_as_promql() {
        for (text, written) in [
            ("up", "up"),
            (" job:rate5m { } ", "job:rate5m"),
            ("a{b=\"c\", d != 'e' ,f=~`g\\d`,h!~\"i\",}", r#"a{b="c",d!="e",f=~"g\\d",h!~"i"}"#),
            (r#"{"http.requests","code.x"="a\"b\n"}"#, r#"{"http.requests","code.x"="a\"b\n"}"#),
        ] {
            let selector: Selector = text.parse().unwrap();
            assert_eq!(selector.to_string(), written);
            assert_eq!(written.parse::<Selector>().unwrap(), selector);
        }
    }

    #[test]
    fn what_is_not_a_selector_is_refused() {
        for bad in [
            "",
            "1a",
            "sum(up)",
            "up[5m]",
            "up{",
            "up{a}",
            "up{a=}",
            "up{a=b}",
            "up{a=\"b\"",
            "up{a=\"b\" c=\"d\"}",
            "up{a==\"b\"}",
            "{a=\"b\"}",
            "up{\"x\"}",
            "up{a=\"\\q\"}",
            "up offset 5m",
            "up{,}",
        ] {
            assert!(bad.parse::<Selector>().is_err(), "{bad}");
        }
        let error = "up{a=b}".parse::<Selector>().unwrap_err().to_string();
        assert!(
            error.starts_with("`up{a=b}` is not a selector: expected a quoted string as the value of `a`"),
            "{error}"
        );
    }

    proptest! {
        #[test]
        fn any_selector_round_trips(name in "\\PC{1,8}", label in "\\PC{1,8}", value in any::<String>()) {
            let matcher = Matcher { label, comparison: Comparison::NotEqual, value };
            let selector = Selector { name, matchers: vec![matcher] };
            prop_assert_eq!(selector.to_string().parse::<Selector>(), Ok(selector));
        }

        #[test]
        fn any_text_is_survived(text in "[a{}\"'`\\\\,=~!\n ]{0,40}") {
            if let Ok(selector) = text.parse::<Selector>() {
                let _ = selector.compile();
            }
        }
    }
}
