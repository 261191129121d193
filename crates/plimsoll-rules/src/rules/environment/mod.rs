//! The rules about environment.

mod env001;
mod env002;
mod env003;
mod env004;
mod env005;
mod env006;
mod env007;
mod env008;

use crate::rule::Rule;

/// Every rule of the family; one line each.
pub(crate) const RULES: &[Rule] = &[
    env001::RULE,
    env002::RULE,
    env003::RULE,
    env004::RULE,
    env005::RULE,
    env006::RULE,
    env007::RULE,
    env008::RULE,
];
