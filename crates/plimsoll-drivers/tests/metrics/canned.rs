//! What a real server does too rarely to be waited for: answers made up for each question.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;

use plimsoll_drivers::metrics::{MetricsReader, Prometheus, PrometheusOptions, Side};
use plimsoll_model::metrics::Unusable;
use plimsoll_model::{Secret, Span, Timestamp};

use crate::bench::selectors;

const NOTHING: &str = r#"{"status":"success","data":{"resultType":"matrix","result":[]}}"#;

/// Answers one question after the other; gives a reader, and what was asked.
fn canned(answers: &'static [(&'static str, &'static str)]) -> (Prometheus, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/prefix", listener.local_addr().unwrap());
    let asked = std::thread::spawn(move || {
        answers
            .iter()
            .map(|(status, body)| {
                let (mut stream, _) = listener.accept().unwrap();
                let asked = request(&mut stream);
                let length = body.len();
                write!(
                    stream,
                    "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
                )
                .unwrap();
                asked
            })
            .collect()
    });
    let options =
        PrometheusOptions { url, max_age: Span::from_secs(30), token: Some(Secret::new("hunter2")) };
    (Prometheus::new(options), asked)
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

fn side() -> Side {
    Side { release: "eeeeeeeeeeee".parse().unwrap(), instances: Vec::new() }
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

#[test]
fn a_series_that_ended_is_stale_and_one_that_never_was_is_empty() {
    let some =
        r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[9,"2"]}]}}"#;
    let none = r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#;
    let answers: &'static [_] =
        Box::leak(Box::new([("200 OK", NOTHING), ("200 OK", some), ("200 OK", NOTHING), ("200 OK", none)]));
    let (mut reader, asked) = canned(answers);
    assert_eq!(reader.snapshot(&side(), &selectors(), at(9)).unwrap_err().reason, Unusable::Stale);
    assert_eq!(reader.snapshot(&side(), &selectors(), at(9)).unwrap_err().reason, Unusable::Empty);
    let asked = asked.join().unwrap();
    assert!(asked[0].starts_with("POST /prefix/api/v1/query HTTP/1.1\r\n"), "{}", asked[0]);
    assert!(asked[0].contains("eeeeeeeeeeee") && asked[0].contains("60000ms"), "{}", asked[0]);
    assert!(asked[1].contains("last_over_time"), "{}", asked[1]);
}

#[test]
fn later_questions_are_of_the_newest_sample_and_warnings_are_passed_on() {
    let requests = r#"{"status":"success","warnings":["partial"],"data":{"resultType":"matrix","result":[
        {"metric":{"__name__":"http_requests_total","code":"200"},"values":[[99.5,"3"],[100.25,"5"]]},
        {"metric":{"__name__":"http_requests_total","code":"503"},"values":[[98,"1"]]}]}}"#;
    let answers: &'static [_] =
        Box::leak(Box::new([("200 OK", requests), ("200 OK", NOTHING), ("200 OK", NOTHING)]));
    let (mut reader, asked) = canned(answers);
    let answer = reader.snapshot(&side(), &selectors(), at(110)).unwrap();
    assert_eq!(answer.value.at.as_millis(), 100_250);
    assert_eq!(answer.notes[0], "partial");
    assert!(answer.notes[1].contains("latencies are not known"), "{:?}", answer.notes);
    let asked = asked.join().unwrap();
    assert!(
        !asked[0].contains("time=1")
            && asked[1].contains("time=100.250")
            && asked[2].contains("time=100.250")
    );
}

#[test]
fn a_token_is_sent_and_never_shown() {
    let (mut reader, asked) =
        canned(&[("403 Forbidden", "{\"status\":\"error\",\"error\":\"bad token hunter2\"}")]);
    let unread = reader.value(&side(), "up", at(9)).unwrap_err();
    assert_eq!(
        (unread.reason, unread.detail.as_str()),
        (Unusable::Invalid, "Prometheus says: bad token ***")
    );
    assert!(asked.join().unwrap()[0].contains("Bearer hunter2"));
}
