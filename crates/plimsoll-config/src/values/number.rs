//! Numbers in a range.

use crate::document::Node;
use crate::settings::Setting;
use crate::shape::Shape;
use crate::sink::Sink;

/// A whole number from `MIN` to `MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Whole<const MIN: u32, const MAX: u32>(pub(crate) u32);

/// A port that clients can know: 0 would be chosen at run time.
pub(crate) type Port = Whole<1, 65535>;

impl<const MIN: u32, const MAX: u32> Setting for Whole<MIN, MAX> {
    fn shape() -> Shape {
        Shape::Whole { min: MIN.into(), max: MAX.into() }
    }

    fn read(node: &Node<'_>, sink: &mut Sink<'_>) -> Option<Self> {
        let number = node.whole().and_then(|number| u32::try_from(number).ok());
        if let Some(number) = number.filter(|number| (MIN..=MAX).contains(number)) {
            return Some(Self(number));
        }
        let unquoted = node.text().and_then(|text| text.parse::<u32>().ok());
        let problem = node.wrong(&format!("a whole number from {MIN} to {MAX}"), sink);
        if let Some(number) = unquoted {
            problem.help(format!("write {number} without quotes"));
        }
        None
    }
}

impl Setting for bool {
    fn shape() -> Shape {
        Shape::Switch
    }

    fn read(node: &Node<'_>, sink: &mut Sink<'_>) -> Option<Self> {
        let value = node.value.as_bool();
        if value.is_none() {
            node.wrong("`true` or `false`", sink);
        }
        value
    }
}

/// Declares a kind of number by its bounds.
macro_rules! real {
    ($(#[doc = $doc:literal])+ $name:ident, $min:expr, $max:expr, $expected:literal) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub(crate) struct $name(pub(crate) f64);

        impl Setting for $name {
            fn shape() -> Shape {
                Shape::Number { min: $min, max: $max }
            }

            fn read(node: &Node<'_>, sink: &mut Sink<'_>) -> Option<Self> {
                let number = node.number().filter(|number| ($min..=$max).contains(number));
                if number.is_none() {
                    node.wrong($expected, sink);
                }
                number.map(Self)
            }
        }
    };
}

real!(
    /// A probability of a false alarm.
    Alpha,
    0.000_001,
    0.5,
    "a probability from 0.000001 to 0.5"
);
real!(
    /// A ratio of canary to stable.
    Ratio,
    1.01,
    100.0,
    "a ratio from 1.01 to 100"
);
real!(
    /// Any number.
    Real,
    -f64::MAX,
    f64::MAX,
    "a finite number"
);

/// Processor time in hundredths of a core.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cores(pub(crate) u32);

impl Setting for Cores {
    fn shape() -> Shape {
        Shape::Number { min: 0.01, max: 1024.0 }
    }

    fn read(node: &Node<'_>, sink: &mut Sink<'_>) -> Option<Self> {
        let hundredths = node.number().map(|cores| (cores * 100.0).round());
        if let Some(hundredths) = hundredths.filter(|h| (1.0..=102_400.0).contains(h)) {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "in range, checked above"
            )]
            return Some(Self(hundredths as u32));
        }
        node.wrong("a number of cores from 0.01 to 1024, as 0.5 or 2", sink);
        None
    }
}
