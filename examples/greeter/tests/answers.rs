//! The regression test that `plimsoll ship` runs against staging: it asks the deployed service at `PLIMSOLL_URL`.
//! Without that variable there is nothing to ask, and the tests say so.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Status and body of an answer; `None` where no service is named.
fn get(path: &str) -> Option<(u16, String)> {
    let Ok(url) = std::env::var("PLIMSOLL_URL") else {
        eprintln!("skipped: PLIMSOLL_URL does not say where the service answers");
        return None;
    };
    let address = url.strip_prefix("http://").unwrap().trim_end_matches('/').to_owned();
    let mut stream = TcpStream::connect(&address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let body = answer.split_once("\r\n\r\n").unwrap().1.to_owned();
    Some((status, body))
}

#[test]
fn it_is_healthy() {
    let Some(answer) = get("/healthz") else { return };
    assert_eq!(answer, (200, "ok\n".to_owned()));
}

#[test]
fn it_greets_with_its_version() {
    for _ in 0..3 {
        let Some((status, body)) = get("/") else { return };
        assert_eq!(status, 200, "{body}");
        assert!(body.contains("\"greeting\":\"hello\"") && body.contains("\"version\":"), "{body}");
    }
}

#[test]
fn it_counts_its_answers() {
    let Some((status, page)) = get("/metrics") else { return };
    assert_eq!(status, 200);
    assert!(page.contains("http_requests_total{code=\"200\"}"), "{page}");
    assert!(page.contains("http_request_duration_seconds_bucket{le=\"0.25\"}"), "{page}");
}

#[test]
fn what_is_not_there_is_not_found() {
    let Some((status, _)) = get("/no-such-page") else { return };
    assert_eq!(status, 404);
}
