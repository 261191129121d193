//! Lengths of time with a least value.

use plimsoll_model::Span;

use crate::document::Node;
use crate::settings::Setting;
use crate::shape::Shape;
use crate::sink::Sink;

/// Longest time that can be meant, a year. A bound keeps sums of instants far from their end.
const LONGEST: Span = Span::from_secs(366 * 86_400);

/// A length of time of at least `LEAST` milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Time<const LEAST: u64>(pub(crate) Span);

/// A time that may be none at all.
pub(crate) type AnyTime = Time<0>;
/// A time that passes.
pub(crate) type SomeTime = Time<1>;

impl<const LEAST: u64> Setting for Time<LEAST> {
    fn shape() -> Shape {
        Shape::Text { what: "time", pattern: Some("^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$") }
    }

    fn read(node: &Node<'_>, sink: &mut Sink<'_>) -> Option<Self> {
        let Some(span) = node.text().and_then(|text| text.parse::<Span>().ok()) else {
            let help = match node.whole() {
                Some(number) if number >= 0 => format!("give a unit: \"{number}s\" or \"{number}ms\""),
                _ => "write whole numbers with units, as \"250ms\", \"10s\", \"1m30s\" or \"2h\"".to_owned(),
            };
            node.wrong("a length of time", sink).help(help);
            return None;
        };
        let least = Span::from_millis(LEAST);
        if span < least {
            let expected = if LEAST == 1 {
                "longer than no time at all".to_owned()
            } else {
                format!("at least {least}")
            };
            node.wrong(&expected, sink);
            return None;
        }
        if span > LONGEST {
            node.wrong("at most a year (366d)", sink);
            return None;
        }
        Some(Self(span))
    }
}
