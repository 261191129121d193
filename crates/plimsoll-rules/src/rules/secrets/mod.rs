//! The rules about secrets.

mod sec001;
mod sec002;
mod sec003;
mod sec004;
mod sec005;

use crate::rule::Rule;

/// Every rule of the family; one line each.
pub(crate) const RULES: &[Rule] = &[sec001::RULE, sec002::RULE, sec003::RULE, sec004::RULE, sec005::RULE];
