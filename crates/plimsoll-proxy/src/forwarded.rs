//! Who asked, for the instance: `X-Forwarded-For` (appended), `X-Forwarded-Proto` and `X-Forwarded-Host`.
//!
//! These three are what frameworks read by default. `Forwarded` (RFC 7239) says the same, is read by few and would
//! be a second truth; a client's own is removed unless it is trusted. `Via` is not added.

use http::header::{FORWARDED, HOST, HeaderName};
use http::{HeaderMap, HeaderValue};

const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Adds what the instance should know about the client at `ip`. Called when `Host` is final.
pub(crate) fn add(headers: &mut HeaderMap, ip: &HeaderValue, trust: bool) {
    append_ip(headers, ip);
    if !trust {
        headers.remove(FORWARDED);
    }
    if !(trust && headers.contains_key(PROTO)) {
        headers.insert(PROTO, HeaderValue::from_static("http"));
    }
    if let Some(host) = headers.get(HOST).cloned()
        && !(trust && headers.contains_key(FORWARDED_HOST))
    {
        headers.insert(FORWARDED_HOST, host);
    }
}

/// Appended even where the client is not trusted: readers count from the right.
fn append_ip(headers: &mut HeaderMap, ip: &HeaderValue) {
    let mut lines: Vec<&[u8]> = headers.get_all(FOR).iter().map(HeaderValue::as_bytes).collect();
    let value = if lines.is_empty() {
        ip.clone()
    } else {
        lines.push(ip.as_bytes());
        HeaderValue::from_bytes(&lines.join(&b", "[..])).unwrap_or_else(|_| ip.clone())
    };
    headers.insert(FOR, value);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn a_client_cannot_claim_another_scheme_or_host() {
        let mut map = headers(&[
            ("host", "shop"),
            ("x-forwarded-for", "10.0.0.1"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "evil"),
            ("forwarded", "for=1.1.1.1"),
        ]);
        add(&mut map, &HeaderValue::from_static("192.0.2.9"), false);
        assert_eq!(map[FOR], "10.0.0.1, 192.0.2.9");
        assert_eq!(map[PROTO], "http");
        assert_eq!(map[FORWARDED_HOST], "shop");
        assert!(!map.contains_key(FORWARDED));
    }

    #[test]
    fn a_trusted_proxy_in_front_is_believed() {
        let mut map = headers(&[("host", "shop"), ("x-forwarded-proto", "https")]);
        add(&mut map, &HeaderValue::from_static("192.0.2.9"), true);
        assert_eq!(map[PROTO], "https");
        assert_eq!(map[FORWARDED_HOST], "shop");
    }
}
