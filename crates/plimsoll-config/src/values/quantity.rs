//! A number of hosts, or a share of them: `3`, `"25%"`.

use plimsoll_model::{Quantity, Share};

use crate::document::Node;
use crate::settings::{Setting, is_word};
use crate::shape::Shape;
use crate::sink::Sink;

impl Setting for Quantity {
    fn shape() -> Shape {
        Shape::OneOf(vec![Share::shape(), Shape::Whole { min: 0, max: u32::MAX.into() }])
    }

    fn read(node: &Node<'_>, sink: &mut Sink<'_>) -> Option<Self> {
        read(node, 0, "a number or a share as \"25%\"", sink)
    }
}

/// A limit that is at least one: `0` would let nothing move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SomeOf(pub(crate) Quantity);

impl Setting for SomeOf {
    fn shape() -> Shape {
        Shape::OneOf(vec![Share::shape(), Shape::Whole { min: 1, max: u32::MAX.into() }])
    }

    fn read(node: &Node<'_>, sink: &mut Sink<'_>) -> Option<Self> {
        read(node, 1, "a number from 1 on or a share as \"25%\"", sink).map(Self)
    }
}

/// Hosts of a step: some of them, or `"all"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HostsOf(pub(crate) Quantity);

impl Setting for HostsOf {
    fn shape() -> Shape {
        Shape::OneOf(vec![Shape::Words(&[("all", "every host")]), SomeOf::shape()])
    }

    fn read(node: &Node<'_>, sink: &mut Sink<'_>) -> Option<Self> {
        if is_word(node.value, "all") {
            return Some(Self(Quantity::ALL));
        }
        read(node, 1, "\"all\", a number from 1 on or a share as \"25%\"", sink).map(Self)
    }
}

fn read(node: &Node<'_>, least: u32, expected: &str, sink: &mut Sink<'_>) -> Option<Quantity> {
    let count = node.whole().and_then(|whole| u32::try_from(whole).ok()).filter(|count| *count >= least);
    let share = || node.text().and_then(|text| text.parse().ok());
    let nothing = |share: &Share| least > 0 && *share == Share::NONE;
    if let Some(quantity) =
        count.map(Quantity::Count).or_else(|| share().filter(|s| !nothing(s)).map(Quantity::Share))
    {
        return Some(quantity);
    }
    let number = node.text().and_then(|text| text.parse::<u32>().ok());
    let problem = node.wrong(expected, sink);
    if let Some(number) = number {
        problem.help(format!("write {number} without quotes for so many, or \"{number}%\" for a share"));
    } else if let Some(number) = node.number() {
        problem.help(format!("`{number}` is no number of hosts; a share is written as \"25%\""));
    }
    None
}
