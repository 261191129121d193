//! The rules about compose.

mod cmp001;
mod cmp002;
mod cmp003;
mod cmp004;
mod cmp005;
mod cmp006;
mod cmp007;
mod cmp008;
mod cmp009;
mod cmp010;
mod cmp011;
mod cmp012;
mod cmp013;
mod cmp014;
mod cmp015;
mod cmp016;
mod cmp017;
mod img013;
mod img014;

mod services;

use crate::rule::Rule;

/// Every rule of the family; one line each.
pub(crate) const RULES: &[Rule] = &[
    cmp001::RULE,
    cmp002::RULE,
    cmp003::RULE,
    cmp004::RULE,
    cmp005::RULE,
    cmp006::RULE,
    cmp007::RULE,
    cmp008::RULE,
    cmp009::RULE,
    cmp010::RULE,
    cmp011::RULE,
    cmp012::RULE,
    cmp013::RULE,
    cmp014::RULE,
    cmp015::RULE,
    cmp016::RULE,
    cmp017::RULE,
    img013::RULE,
    img014::RULE,
];
