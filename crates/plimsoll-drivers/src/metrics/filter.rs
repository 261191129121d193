//! Selectors that are asked about many series, with their expressions compiled.
//!
//! `regex-lite` knows Prometheus' syntax (both descend from RE2) but for Unicode classes as `\p{Greek}`, runs in time
//! proportional to the text, and bounds what an expression may compile to. A dot matches a line break, as it does
//! since Prometheus 3.

use regex_lite::Regex;

use super::selector::{Comparison, Labels, Matcher, Selector, SelectorError};
use super::text::quoted;

/// A selector with its expressions compiled.
#[derive(Debug, Clone)]
pub struct Filter {
    name: String,
    conditions: Vec<Condition>,
}

#[derive(Debug, Clone)]
struct Condition {
    label: String,
    test: Test,
    wanted: bool,
}

#[derive(Debug, Clone)]
enum Test {
    Is(String),
    Matches(Box<Regex>),
}

impl Filter {
    /// The metric's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether a series with this name and these labels is meant.
    pub fn accepts(&self, name: &str, labels: &Labels) -> bool {
        name == self.name && self.conditions.iter().all(|condition| condition.holds(labels))
    }
}

impl Condition {
    fn holds(&self, labels: &Labels) -> bool {
        let value = labels.get(&self.label).map_or("", String::as_str);
        let found = match &self.test {
            Test::Is(text) => text == value,
            Test::Matches(regex) => regex.is_match(value),
        };
        found == self.wanted
    }
}

impl Selector {
    /// Makes it ready for being asked about many series.
    pub fn compile(&self) -> Result<Filter, SelectorError> {
        let conditions = self.matchers.iter().map(|m| self.condition(m)).collect::<Result<_, _>>()?;
        Ok(Filter { name: self.name.clone(), conditions })
    }

    fn condition(&self, matcher: &Matcher) -> Result<Condition, SelectorError> {
        let value = &matcher.value;
        let regex = || {
            Regex::new(&format!("^(?s:{value})$"))
                .map(Box::new)
                .map_err(|e| SelectorError { text: self.to_string(), why: format!("{}: {e}", quoted(value)) })
        };
        let (test, wanted) = match matcher.comparison {
            Comparison::Equal => (Test::Is(value.clone()), true),
            Comparison::NotEqual => (Test::Is(value.clone()), false),
            Comparison::Matches => (Test::Matches(regex()?), true),
            Comparison::MatchesNot => (Test::Matches(regex()?), false),
        };
        Ok(Condition { label: matcher.label.clone(), test, wanted })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn matchers_follow_prometheus() {
        let series = labels(&[("code", "503"), ("path", "/a\n/b")]);
        for (matchers, expected) in [
            (r#"code="503""#, true),
            (r#"code=~"5..""#, true),
            (r#"code=~"5""#, false),
            (r#"code=~"4..|5..""#, true),
            (r#"code!~"5..""#, false),
            (r#"code!="200",path=~"/a.*b""#, true),
            (r#"absent="""#, true),
            (r#"absent!="x""#, true),
            (r#"absent=~".+""#, false),
        ] {
            let filter = format!("m{{{matchers}}}").parse::<Selector>().unwrap().compile().unwrap();
            assert_eq!(filter.accepts("m", &series), expected, "{matchers}");
            assert!(!filter.accepts("n", &series));
        }
        assert!("m{a=~\"(\"}".parse::<Selector>().unwrap().compile().is_err());
    }
}
