//! What `/api/v1/query` answers.
//!
//! Of a range only the newest sample is kept while the text is read, so an answer of 16 MB does not become ten times
//! that. Values are texts there: `"NaN"` and `"+Inf"` are values, and JSON has no number for them.

use std::collections::BTreeMap;
use std::fmt;

use plimsoll_model::Timestamp;
use plimsoll_model::metrics::Unusable;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, SeqAccess, Visitor};

use crate::http::{Page, without_password};
use crate::metrics::selector::Labels;
use crate::metrics::{Answer, Unread};

/// The longest piece of a page that is shown when it is not what it should be.
const EXCERPT: usize = 200;

/// The outer shape.
#[derive(Debug, Deserialize)]
struct Body {
    status: Status,
    data: Option<Value>,
    error: Option<String>,
    #[serde(default)]
    warnings: Vec<String>,
    #[serde(default)]
    infos: Vec<String>,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Success,
    Error,
}

/// The value of an expression.
#[derive(Debug, Deserialize)]
#[serde(tag = "resultType", content = "result", rename_all = "lowercase")]
pub(super) enum Value {
    Scalar(Point),
    Vector(Vec<Instant>),
    Matrix(Vec<Matrix>),
    String(IgnoredAny),
}

/// One series of an instant query.
#[derive(Debug, Deserialize)]
pub(super) struct Instant {
    /// Absent for a native histogram.
    value: Option<Point>,
}

impl Instant {
    pub(super) fn value(&self) -> Option<f64> {
        self.value.map(|point| point.value)
    }
}

/// One series of a range query.
#[derive(Debug, Deserialize)]
pub(super) struct Matrix {
    metric: BTreeMap<String, String>,
    /// Absent for a native histogram.
    #[serde(default)]
    values: Newest,
}

impl Matrix {
    pub(super) fn newest(&self) -> Option<(Timestamp, f64)> {
        self.values.0.map(|point| (point.at, point.value))
    }

    pub(super) fn name(&self) -> Option<&String> {
        self.metric.get("__name__")
    }

    pub(super) fn labels(mut self) -> Labels {
        self.metric.remove("__name__");
        self.metric
    }
}

/// A time and a value: `[1435781451.781, "1"]`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    pub(super) at: Timestamp,
    pub(super) value: f64,
}

impl<'de> Deserialize<'de> for Point {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (seconds, value) = <(f64, String)>::deserialize(deserializer)?;
        let value = value.parse().map_err(|_| D::Error::custom(format!("`{value}` is not a value")))?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a cast of floats saturates"
        )]
        let at = Timestamp::from_millis((seconds * 1000.0).round() as u64);
        Ok(Self { at, value })
    }
}

/// The newest of many points.
#[derive(Debug, Default)]
struct Newest(Option<Point>);

impl<'de> Deserialize<'de> for Newest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Points;
        impl<'de> Visitor<'de> for Points {
            type Value = Newest;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of samples")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut points: A) -> Result<Newest, A::Error> {
                let mut newest: Option<Point> = None;
                while let Some(point) = points.next_element::<Point>()? {
                    if newest.is_none_or(|seen| seen.at <= point.at) {
                        newest = Some(point);
                    }
                }
                Ok(Newest(newest))
            }
        }
        deserializer.deserialize_seq(Points)
    }
}

/// Reads an answer. Prometheus explains its refusals in JSON; what stands before it (a proxy, a log-in page) does not.
pub(super) fn read(url: &str, page: &Page) -> Result<Answer<Value>, Unread> {
    let body: Result<Body, _> = serde_json::from_slice(&page.body);
    let status = page.status;
    let url = without_password(url);
    match body {
        Ok(Body { status: Status::Success, data: Some(value), warnings, infos, .. }) if status == 200 => {
            Ok(Answer { value, notes: warnings.into_iter().chain(infos).collect() })
        }
        Ok(Body { status: Status::Error, error: Some(error), .. }) => {
            Err(Unread::new(reason(status), format!("Prometheus says: {error}")))
        }
        Err(error) if status == 200 => Err(Unread::new(
            Unusable::Invalid,
            format!("{url} did not answer as Prometheus does ({error}): {}", excerpt(&page.body)),
        )),
        _ => Err(Unread::new(reason(status), format!("{url} answered {}", status_text(page)))),
    }
}

/// Whether a status means "ask again later" or "ask otherwise".
fn reason(status: u16) -> Unusable {
    if status == 429 || status >= 500 { Unusable::Unreachable } else { Unusable::Invalid }
}

fn status_text(page: &Page) -> String {
    let status = page.status;
    match (status, &page.location) {
        (300..=399, Some(location)) => {
            format!("{status} and points to {location}: write the address that it is to be asked at")
        }
        (401 | 403, _) => format!("{status}: it wants other credentials than it was given"),
        (404, _) => format!("404: is this the address of a Prometheus server? {}", excerpt(&page.body)),
        _ => format!("{status}: {}", excerpt(&page.body)),
    }
}

fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(EXCERPT)]);
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.is_empty() { "(nothing)".to_owned() } else { format!("{:?}", words.join(" ")) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn answer(status: u16, body: &str) -> Result<Answer<Value>, Unread> {
        read("http://u:secret@h/q", &Page { status, location: None, body: body.into() })
    }

    #[test]
    fn the_newest_sample_of_each_series_is_kept() {
        let body = r#"{"status":"success","data":{"resultType":"matrix","result":[
            {"metric":{"__name__":"r","code":"200"},"values":[[10.5,"3"],[1435781451.781,"+Inf"],[11,"4"]]},
            {"metric":{},"histograms":[[1,{"count":"1"}]]}]},"warnings":["w"],"infos":["i"]}"#;
        let answer = answer(200, body).unwrap();
        assert_eq!(answer.notes, ["w", "i"]);
        let Value::Matrix(series) = answer.value else { panic!("a matrix") };
        assert_eq!(series[0].newest(), Some((Timestamp::from_millis(1_435_781_451_781), f64::INFINITY)));
        assert_eq!(series[1].newest(), None);
    }

    #[test]
    fn refusals_keep_the_servers_words() {
        let unread =
            answer(400, r#"{"status":"error","errorType":"bad_data","error":"parse error"}"#).unwrap_err();
        assert_eq!(unread, Unread::new(Unusable::Invalid, "Prometheus says: parse error"));
        let unread =
            answer(503, r#"{"status":"error","errorType":"timeout","error":"too slow"}"#).unwrap_err();
        assert_eq!(unread, Unread::new(Unusable::Unreachable, "Prometheus says: too slow"));
    }

    #[test]
    fn what_is_not_prometheus_is_shown_without_the_password() {
        for (status, body, reason, part) in [
            (200, "<html>\n  <b>Log in</b>", Unusable::Invalid, "\"<html> <b>Log in</b>\""),
            (200, "{}", Unusable::Invalid, "missing field `status`"),
            (502, "Bad Gateway", Unusable::Unreachable, "answered 502: \"Bad Gateway\""),
            (401, "", Unusable::Invalid, "other credentials"),
            (404, "not found", Unusable::Invalid, "is this the address"),
            (200, r#"{"status":"success"}"#, Unusable::Invalid, "http://h/q answered 200"),
            (
                200,
                r#"{"status":"success","data":{"resultType":"scalar","result":[1,"x"]}}"#,
                Unusable::Invalid,
                "`x`",
            ),
        ] {
            let unread = answer(status, body).unwrap_err();
            assert_eq!(unread.reason, reason, "{unread}");
            assert!(unread.detail.contains(part) && !unread.detail.contains("secret"), "{unread}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(body in proptest::collection::vec(any::<u8>(), 0..200), status in 100_u16..600) {
            let _ = read("http://h", &Page { status, location: None, body });
        }
    }
}
