//! The rules about kubernetes.

mod k8s001;
mod k8s002;
mod k8s003;
mod k8s004;
mod k8s005;
mod k8s006;
mod k8s007;
mod k8s008;
mod k8s009;
mod k8s010;
mod k8s011;
mod k8s012;
mod k8s013;
mod k8s014;
mod k8s015;
mod k8s016;
mod k8s017;
mod k8s018;
mod k8s020;
mod k8s021;

mod objects;

use crate::rule::Rule;

/// Every rule of the family; one line each.
pub(crate) const RULES: &[Rule] = &[
    k8s001::RULE,
    k8s002::RULE,
    k8s003::RULE,
    k8s004::RULE,
    k8s005::RULE,
    k8s006::RULE,
    k8s007::RULE,
    k8s008::RULE,
    k8s009::RULE,
    k8s010::RULE,
    k8s011::RULE,
    k8s012::RULE,
    k8s013::RULE,
    k8s014::RULE,
    k8s015::RULE,
    k8s016::RULE,
    k8s017::RULE,
    k8s018::RULE,
    k8s020::RULE,
    k8s021::RULE,
];
