//! The rules about Dockerfiles. `DF3006` is our `DL3006`: those identifiers keep hadolint's numbers. `IMG` and the other
//! families are checks of our own.

mod bin001;
mod df1000;
mod df1001;
mod df3000;
mod df3001;
mod df3002;
mod df3003;
mod df3004;
mod df3006;
mod df3007;
mod df3008;
mod df3009;
mod df3010;
mod df3011;
mod df3012;
mod df3013;
mod df3014;
mod df3015;
mod df3016;
mod df3018;
mod df3019;
mod df3020;
mod df3021;
mod df3022;
mod df3023;
mod df3024;
mod df3025;
mod df3026;
mod df3027;
mod df3028;
mod df3029;
mod df3030;
mod df3032;
mod df3033;
mod df3034;
mod df3035;
mod df3036;
mod df3037;
mod df3038;
mod df3040;
mod df3041;
mod df3042;
mod df3043;
mod df3044;
mod df3045;
mod df3046;
mod df3047;
mod df3048;
mod df3049;
mod df3050;
mod df3051;
mod df3052;
mod df3053;
mod df3054;
mod df3055;
mod df3056;
mod df3057;
mod df3058;
mod df3059;
mod df3060;
mod df3061;
mod df3062;
mod df3063;
mod df3065;
mod df3066;
mod df3067;
mod df4000;
mod df4001;
mod df4003;
mod df4004;
mod df4005;
mod df4006;
mod go006;
mod go007;
mod img001;
mod img002;
mod img004;
mod img005;
mod img015;
mod img019;
mod img021;
mod img023;
mod img024;

mod bases;
mod go_builds;
mod images;
mod labels;
mod packages;
mod paths;
mod pip;
mod runs;

pub(crate) use bases::shellless_base;

use crate::rule::Rule;

/// Every rule of the family; one line each.
pub(crate) const RULES: &[Rule] = &[
    bin001::RULE,
    df1000::RULE,
    df1001::RULE,
    df3000::RULE,
    df3001::RULE,
    df3002::RULE,
    df3003::RULE,
    df3004::RULE,
    df3006::RULE,
    df3007::RULE,
    df3008::RULE,
    df3009::RULE,
    df3010::RULE,
    df3011::RULE,
    df3012::RULE,
    df3013::RULE,
    df3014::RULE,
    df3015::RULE,
    df3016::RULE,
    df3018::RULE,
    df3019::RULE,
    df3020::RULE,
    df3021::RULE,
    df3022::RULE,
    df3023::RULE,
    df3024::RULE,
    df3025::RULE,
    df3026::RULE,
    df3027::RULE,
    df3028::RULE,
    df3029::RULE,
    df3030::RULE,
    df3032::RULE,
    df3033::RULE,
    df3034::RULE,
    df3035::RULE,
    df3036::RULE,
    df3037::RULE,
    df3038::RULE,
    df3040::RULE,
    df3041::RULE,
    df3042::RULE,
    df3043::RULE,
    df3044::RULE,
    df3045::RULE,
    df3046::RULE,
    df3047::RULE,
    df3048::RULE,
    df3049::RULE,
    df3050::RULE,
    df3051::RULE,
    df3052::RULE,
    df3053::RULE,
    df3054::RULE,
    df3055::RULE,
    df3056::RULE,
    df3057::RULE,
    df3058::RULE,
    df3059::RULE,
    df3060::RULE,
    df3061::RULE,
    df3062::RULE,
    df3063::RULE,
    df3065::RULE,
    df3066::RULE,
    df3067::RULE,
    df4000::RULE,
    df4001::RULE,
    df4003::RULE,
    df4004::RULE,
    df4005::RULE,
    df4006::RULE,
    go006::RULE,
    go007::RULE,
    img001::RULE,
    img002::RULE,
    img004::RULE,
    img005::RULE,
    img015::RULE,
    img019::RULE,
    img021::RULE,
    img023::RULE,
    img024::RULE,
];
