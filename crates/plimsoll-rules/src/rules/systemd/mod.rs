//! The rules about units of systemd.

mod roots;
mod runtimes;
mod sysd001;
mod sysd002;
mod sysd003;
mod sysd004;
mod sysd005;
mod sysd006;
mod sysd007;
mod sysd008;
mod sysd009;
mod sysd010;
mod sysd011;
mod sysd012;
mod sysd013;
mod sysd014;
mod sysd015;
mod sysd016;
mod sysd017;
mod sysd018;

use crate::rule::Rule;

/// The rules of this family.
pub(crate) const RULES: &[Rule] = &[
    sysd001::RULE,
    sysd002::RULE,
    sysd003::RULE,
    sysd004::RULE,
    sysd005::RULE,
    sysd006::RULE,
    sysd007::RULE,
    sysd008::RULE,
    sysd009::RULE,
    sysd010::RULE,
    sysd011::RULE,
    sysd012::RULE,
    sysd013::RULE,
    sysd014::RULE,
    sysd015::RULE,
    sysd016::RULE,
    sysd017::RULE,
    sysd018::RULE,
];
