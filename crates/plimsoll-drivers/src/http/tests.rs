//! The client against a server that answers with exactly the bytes of each test.

use std::io::{Read, Write};
use std::net::TcpListener;

use super::*;

const LIMITS: Limits = Limits { timeout: Duration::from_millis(500), body: 100, redirects: 3 };

/// Answers each connection with the next of these; gives the address and what was asked.
fn serve(answers: Vec<String>) -> (String, std::thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = std::thread::spawn(move || {
        let mut asked = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            asked.push(request(&mut stream));
            stream.write_all(answer.as_bytes()).unwrap();
        }
        asked
    });
    (url, asked)
}

/// One whole request: its head, and the content that the head announces.
fn request(stream: &mut impl Read) -> String {
    let mut text = String::new();
    loop {
        let announced = text.split_once("content-length: ").and_then(|(_, rest)| rest.split_once("\r\n"));
        let length = announced.map_or(0, |(number, _)| number.parse::<usize>().unwrap());
        if text.split_once("\r\n\r\n").is_some_and(|(_, content)| content.len() >= length) {
            return text;
        }
        let mut buffer = [0; 4096];
        let n = stream.read(&mut buffer).unwrap();
        assert!(n > 0, "the request ended early: {text}");
        text.push_str(std::str::from_utf8(&buffer[..n]).unwrap());
    }
}

fn page(status: &str, extra: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n{extra}\r\n{body}", body.len())
}

fn get(url: &str) -> Result<Page, HttpError> {
    Client::new(url, LIMITS).get(url, "text/plain")
}

#[test]
fn a_page_of_the_longest_allowed_length_is_read_and_a_longer_one_is_not() {
    let (url, _) = serve(vec![page("200 OK", "", &"x".repeat(100)), page("200 OK", "", &"x".repeat(101))]);
    assert_eq!(get(&url).unwrap().body.len(), 100);
    let error = get(&url).unwrap_err().to_string();
    assert_eq!(error, format!("the answer of {url} is not understood: it is longer than 100 bytes"));
}

#[test]
fn a_status_is_an_answer() {
    let (url, _) = serve(vec![page("422 Unprocessable", "", "no")]);
    assert_eq!(get(&url), Ok(Page { status: 422, location: None, body: b"no".to_vec() }));
}

#[test]
fn redirects_are_followed_three_times() {
    let hop = || page("302 Found", "location: /next\r\n", "");
    let (url, _) = serve(vec![hop(), hop(), hop(), page("200 OK", "", "here")]);
    assert_eq!(get(&url).unwrap().body, b"here");
    let (url, _) = serve(vec![hop(), hop(), hop(), hop()]);
    assert_eq!(get(&url).unwrap().status, 302);
}

#[test]
fn a_form_is_sent_with_its_token_and_not_redirected() {
    let (url, asked) = serve(vec![page("308 Moved", "location: https://u:p@elsewhere/\r\n", "")]);
    let token = Secret::new("hunter2");
    let answer = Client::new(&url, LIMITS).post_form(&url, &[("query", "a b&c")], Some(&token)).unwrap();
    assert_eq!((answer.status, answer.location.as_deref()), (308, Some("https://elsewhere/")));
    let asked = asked.join().unwrap().remove(0);
    assert!(asked.to_lowercase().contains("authorization: bearer hunter2\r\n"), "{asked}");
    assert!(asked.ends_with("query=a+b%26c") || asked.ends_with("query=a%20b%26c"), "{asked}");
}

#[test]
fn silence_and_refusal_are_told_apart_from_nonsense() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://user:secret@{}", silent.local_addr().unwrap());
    let error = get(&url).unwrap_err();
    assert!(
        matches!(&error, HttpError::Unreachable { why, .. } if why == "no answer within 0.5 s"),
        "{error:?}"
    );
    assert!(!error.to_string().contains("secret"));
    drop(silent);
    let error = get(&url).unwrap_err().to_string();
    assert!(error.contains("onnection refused"), "{error}");
    let (url, _) = serve(vec!["SSH-2.0-OpenSSH\r\n\r\n".to_owned()]);
    assert!(matches!(get(&url), Err(HttpError::NotUnderstood { .. })));
    for bad in ["", "nonsense", "ftp://a/", "http://"] {
        assert!(matches!(get(bad), Err(HttpError::Address { .. })), "{bad} {:?}", get(bad));
    }
    let error = get("http://a..b/").unwrap_err().to_string();
    assert_eq!(error, "http://a..b/ does not answer: `a..b` is not a host name");
}
