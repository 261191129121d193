//! The rules about pipelines.

mod ci001;
mod ci002;
mod ci003;
mod ci004;
mod ci005;
mod ci006;
mod ci007;
mod ci008;
mod ci009;
mod ci010;
mod ci020;
mod ci021;
mod ci022;
mod ci023;
mod yml001;
mod yml002;

mod jobs;

use crate::rule::Rule;

/// Every rule of the family; one line each.
pub(crate) const RULES: &[Rule] = &[
    ci001::RULE,
    ci002::RULE,
    ci003::RULE,
    ci004::RULE,
    ci005::RULE,
    ci006::RULE,
    ci007::RULE,
    ci008::RULE,
    ci009::RULE,
    ci010::RULE,
    ci020::RULE,
    ci021::RULE,
    ci022::RULE,
    ci023::RULE,
    yml001::RULE,
    yml002::RULE,
];
