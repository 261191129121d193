//! Header hygiene: what belongs to one connection does not travel to the next (RFC 9110, 7.6.1), and requests
//! whose end or target could be read in two ways are refused.

use http::header::{
    CONNECTION, CONTENT_LENGTH, COOKIE, EXPECT, HOST, HeaderName, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION,
    TE, TRANSFER_ENCODING, UPGRADE,
};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, Version};

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");

/// A request that is not passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) reason: &'static str,
}

const fn refusal(status: StatusCode, reason: &'static str) -> Refusal {
    Refusal { status, reason }
}

/// Refuses what must not reach an instance.
pub(crate) fn admit(parts: &Parts) -> Result<(), Refusal> {
    if parts.method == Method::CONNECT {
        return Err(refusal(StatusCode::NOT_IMPLEMENTED, "this proxy does not tunnel CONNECT\n"));
    }
    let mut hosts = parts.headers.get_all(HOST).iter();
    let host = hosts.next();
    if hosts.next().is_some() {
        return Err(refusal(StatusCode::BAD_REQUEST, "more than one Host header\n"));
    }
    if host.is_none() && parts.version == Version::HTTP_11 && parts.uri.authority().is_none() {
        return Err(refusal(StatusCode::BAD_REQUEST, "no Host header\n"));
    }
    let mut codings = parts.headers.get_all(TRANSFER_ENCODING).iter();
    if let Some(coding) = codings.next() {
        if parts.headers.contains_key(CONTENT_LENGTH) {
            return Err(refusal(StatusCode::BAD_REQUEST, "Content-Length and Transfer-Encoding\n"));
        }
        if codings.next().is_some() || !coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked") {
            return Err(refusal(StatusCode::NOT_IMPLEMENTED, "only the transfer coding chunked is known\n"));
        }
    }
    Ok(())
}

/// The protocol that a request wants to change to, if it wants to.
pub(crate) fn wanted_upgrade(parts: &Parts) -> Option<HeaderValue> {
    let asked = parts.version == Version::HTTP_11 && has_token(&parts.headers, b"upgrade");
    if asked { parts.headers.get(UPGRADE).cloned() } else { None }
}

/// Makes a client's request one for an instance: origin form, HTTP/1.1, a host, no connection headers.
pub(crate) fn prepare_request(parts: &mut Parts, has_body: bool, instance: std::net::SocketAddr) {
    let trailers = accepts_trailers(&parts.headers);
    remove_connection_headers(&mut parts.headers);
    // The proxy answers 100 itself as soon as the instance's connection takes the body.
    parts.headers.remove(EXPECT);
    if trailers {
        parts.headers.insert(TE, HeaderValue::from_static("trailers"));
    }
    if parts.version == Version::HTTP_2 {
        join_cookies(&mut parts.headers);
    }
    to_origin_form(parts, instance);
    parts.version = Version::HTTP_11;
    if has_body && !parts.headers.contains_key(CONTENT_LENGTH) {
        // Said outright, since hyper would take the body of a GET for empty otherwise.
        parts.headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    }
}

/// Makes an instance's answer one for the client.
pub(crate) fn prepare_response(headers: &mut HeaderMap) {
    remove_connection_headers(headers);
}

/// Says in the headers that the connection changes to `protocol`.
pub(crate) fn announce_upgrade(headers: &mut HeaderMap, protocol: HeaderValue) {
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, protocol);
}

/// The authority of an absolute target wins over `Host` (RFC 9112, 3.2.2).
fn to_origin_form(parts: &mut Parts, instance: std::net::SocketAddr) {
    if let Some(authority) = parts.uri.authority() {
        if let Ok(host) = HeaderValue::from_str(authority.as_str()) {
            parts.headers.insert(HOST, host);
        }
        let path = parts.uri.path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/"));
        parts.uri = Uri::from(path);
    } else if !parts.headers.contains_key(HOST) {
        // HTTP/1.0 knows no Host, and HTTP/1.1 demands one.
        let host = HeaderValue::try_from(instance.to_string()).expect("an address is visible ASCII");
        parts.headers.insert(HOST, host);
    }
}

/// HTTP/2 may split the cookies into several fields; HTTP/1.1 may not (RFC 9113, 8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    if headers.get_all(COOKIE).iter().nth(1).is_none() {
        return;
    }
    let lines: Vec<&[u8]> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if let Ok(joined) = HeaderValue::from_bytes(&lines.join(&b"; "[..])) {
        headers.insert(COOKIE, joined);
    }
}

fn remove_connection_headers(headers: &mut HeaderMap) {
    remove_listed(headers);
    for name in [CONNECTION, KEEP_ALIVE, PROXY_CONNECTION, TE, TRANSFER_ENCODING, UPGRADE] {
        headers.remove(name);
    }
    headers.remove(PROXY_AUTHENTICATE);
    headers.remove(PROXY_AUTHORIZATION);
}

/// Removes what `Connection` lists, but not what a message cannot do without.
fn remove_listed(headers: &mut HeaderMap) {
    let plain = |value: &HeaderValue| {
        value.as_bytes().eq_ignore_ascii_case(b"keep-alive")
            || value.as_bytes().eq_ignore_ascii_case(b"close")
    };
    if headers.get_all(CONNECTION).iter().all(plain) {
        return;
    }
    let listed: Vec<HeaderName> = tokens(headers)
        .filter_map(|token| HeaderName::from_bytes(token).ok())
        .filter(|name| *name != HOST && *name != CONTENT_LENGTH)
        .collect();
    for name in listed {
        headers.remove(name);
    }
}

fn has_token(headers: &HeaderMap, wanted: &[u8]) -> bool {
    tokens(headers).any(|token| token.eq_ignore_ascii_case(wanted))
}

fn tokens(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    let lines = headers.get_all(CONNECTION).iter();
    lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b',')).map(<[u8]>::trim_ascii)
}

fn accepts_trailers(headers: &HeaderMap) -> bool {
    let mut lines = headers.get_all(TE).iter().flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
    lines.any(|coding| coding.trim_ascii().eq_ignore_ascii_case(b"trailers"))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn parts(build: http::request::Builder) -> Parts {
        build.body(()).unwrap().into_parts().0
    }

    #[test]
    fn what_connection_lists_goes_too_but_not_the_host() {
        let mut parts = parts(
            Request::get("/x")
                .header("host", "a")
                .header("connection", "x-private, Host")
                .header("x-private", "1")
                .header("keep-alive", "timeout=5")
                .header("te", "gzip, trailers"),
        );
        prepare_request(&mut parts, false, ([127, 0, 0, 1], 80).into());
        let names: Vec<_> = parts.headers.keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["host", "te"]);
        assert_eq!(parts.headers["te"], "trailers");
    }

    #[test]
    fn an_absolute_target_names_the_host() {
        let mut parts = parts(Request::get("http://b.example:1?q").header("host", "a"));
        prepare_request(&mut parts, false, ([127, 0, 0, 1], 80).into());
        assert_eq!(parts.uri.to_string(), "/?q");
        assert_eq!(parts.headers[HOST], "b.example:1");
    }

    #[test]
    fn cookies_of_http_2_become_one_line() {
        let mut parts = parts(
            Request::get("http://a/")
                .version(Version::HTTP_2)
                .header("cookie", "a=1")
                .header("cookie", "b=2"),
        );
        prepare_request(&mut parts, false, ([127, 0, 0, 1], 80).into());
        assert_eq!(parts.headers[COOKIE], "a=1; b=2");
    }

    #[test]
    fn a_body_of_unknown_length_is_chunked_even_for_get() {
        let mut parts = parts(Request::get("/").header("host", "a").header("transfer-encoding", "chunked"));
        prepare_request(&mut parts, true, ([127, 0, 0, 1], 80).into());
        assert_eq!(parts.headers[TRANSFER_ENCODING], "chunked");
    }

    #[test]
    fn ambiguous_requests_are_refused() {
        let host = || Request::post("/").header("host", "a");
        assert!(admit(&parts(host())).is_ok());
        assert!(admit(&parts(host().header("host", "b"))).is_err());
        assert!(admit(&parts(Request::post("/"))).is_err());
        assert!(admit(&parts(host().header("transfer-encoding", "gzip, chunked"))).is_err());
        let both = host().header("transfer-encoding", "chunked").header("content-length", "1");
        assert!(admit(&parts(both)).is_err());
        assert!(admit(&parts(Request::connect("a:1"))).is_err());
    }
}
