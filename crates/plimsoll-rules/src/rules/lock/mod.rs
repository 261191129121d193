//! The rules about lock.

mod lock001;
mod lock002;
mod lock003;
mod lock004;
mod lock005;
mod lock006;
mod lock007;
mod lock012;
mod lock014;
mod lock015;

mod manifests;

use crate::rule::Rule;

/// Every rule of the family; one line each.
pub(crate) const RULES: &[Rule] = &[
    lock001::RULE,
    lock002::RULE,
    lock003::RULE,
    lock004::RULE,
    lock005::RULE,
    lock006::RULE,
    lock007::RULE,
    lock012::RULE,
    lock014::RULE,
    lock015::RULE,
];
