//! Where on the line from 0 to 10,000 a request stands. The canary takes what lies below its weight, so a growing
//! weight moves points only towards the canary and a shrinking one only away from it.
//!
//! A client's point is a hash that every proxy computes alike: hosts agree without talking to each other.

use http::header::{COOKIE, HeaderName};
use http::{HeaderMap, HeaderValue};
use plimsoll_model::traffic::Stickiness;

/// The whole, in hundredths of a percent.
const WHOLE: u32 = 10_000;

/// How a request's point is found.
#[derive(Debug)]
pub(crate) enum Rule {
    Random,
    Cookie(String),
    Header(HeaderName),
}

/// A request's place on the line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Decision {
    /// 0 to 9,999.
    pub(crate) point: u32,
    /// The cookie to give to a client that has none.
    pub(crate) set_cookie: Option<HeaderValue>,
}

impl Rule {
    pub(crate) fn new(stickiness: &Stickiness) -> Self {
        match stickiness {
            Stickiness::None => Self::Random,
            Stickiness::Cookie { name } => Self::Cookie(name.clone()),
            Stickiness::Header { name } => match HeaderName::from_bytes(name.as_bytes()) {
                Ok(name) => Self::Header(name),
                Err(_) => Self::Random,
            },
        }
    }

    pub(crate) fn decide(&self, headers: &HeaderMap) -> Decision {
        let known = |value: &[u8]| Decision { point: point_of(value), set_cookie: None };
        match self {
            Self::Random => random(),
            Self::Header(name) => headers.get(name).map_or_else(random, |value| known(value.as_bytes())),
            Self::Cookie(name) => cookie(headers, name).map_or_else(|| new_client(name), known),
        }
    }
}

fn random() -> Decision {
    Decision { point: fastrand::u32(0..WHOLE), set_cookie: None }
}

fn new_client(name: &str) -> Decision {
    let value = format!("{:016x}", fastrand::u64(..));
    let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax");
    Decision { point: point_of(value.as_bytes()), set_cookie: HeaderValue::try_from(cookie).ok() }
}

/// The value of the first cookie with this name, if it is not empty.
fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a [u8]> {
    headers
        .get_all(COOKIE)
        .iter()
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b';'))
        .filter_map(|pair| pair.trim_ascii().strip_prefix(name.as_bytes())?.strip_prefix(b"="))
        .find(|value| !value.is_empty())
}

/// FNV-1a, then the finisher of `SplitMix64`, since FNV's high bits are weak for short values. Part of the
/// contract: changing it moves clients.
fn point_of(value: &[u8]) -> u32 {
    let fnv = value.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mut hash = fnv;
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^= hash >> 31;
    let point = (u128::from(hash) * u128::from(WHOLE)) >> 64;
    u32::try_from(point).expect("a product shifted by 64 bits is below the whole")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_cookie(line: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(COOKIE, HeaderValue::from_static(line))])
    }

    #[test]
    fn a_new_client_gets_a_cookie_that_leads_back_to_its_point() {
        let rule = Rule::Cookie("side".into());
        let first = rule.decide(&HeaderMap::new());
        let set = first.set_cookie.unwrap();
        let text = set.to_str().unwrap();
        assert!(text.ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{text}");
        let pair = format!("a=b; {}", text.split(';').next().unwrap());
        let headers = HeaderMap::from_iter([(COOKIE, HeaderValue::try_from(pair).unwrap())]);
        assert_eq!(rule.decide(&headers), Decision { point: first.point, set_cookie: None });
    }

    #[test]
    fn only_the_cookie_of_that_name_counts() {
        assert_eq!(cookie(&with_cookie("xside=1; side=; side=2"), "side"), Some(&b"2"[..]));
        assert_eq!(cookie(&with_cookie("sides=1; side"), "side"), None);
    }

    #[test]
    fn points_are_part_of_the_contract() {
        assert_eq!([point_of(b""), point_of(b"a"), point_of(b"user-42")], [9576, 107, 4768]);
    }

    #[test]
    fn points_are_spread_evenly() {
        let below = (0..20_000).filter(|n: &u32| point_of(n.to_string().as_bytes()) < 500).count();
        // 5 % of 20,000 is 1,000 with a deviation of 31.
        assert!((850..1150).contains(&below), "{below}");
    }
}
