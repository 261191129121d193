//! A traffic report in Prometheus' text format, version 0.0.4. Label values are ids of a narrow alphabet, so none
//! needs escaping.

use std::fmt::Write;

use plimsoll_model::metrics::Histogram;
use plimsoll_model::traffic::{ArmTraffic, TrafficReport};

const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// The report as text for a Prometheus server to scrape.
pub fn prometheus_text(report: &TrafficReport) -> String {
    let mut text = Text(String::with_capacity(4096));
    text.by_release(
        report,
        "requests_assigned_total",
        "Requests that the split gave to the release.",
        |arm| arm.assigned,
    );
    text.head("requests_total", "counter", "Answers of the release's instances by class of status.");
    for arm in &report.arms {
        for (class, count) in CLASSES.iter().zip(arm.by_class) {
            text.line("requests_total", &format!("release=\"{}\",class=\"{class}\"", arm.release), count);
        }
    }
    text.by_release(report, "failed_attempts_total", "Attempts that failed before an answer.", |arm| {
        arm.failed_attempts
    });
    text.by_release(report, "proxy_errors_total", "Answers 502 and 504 that the proxy made itself.", |arm| {
        arm.proxy_errors
    });
    text.head(
        "unrouted_requests_total",
        "counter",
        "Requests answered with 503 because no instance was ready.",
    );
    text.line("unrouted_requests_total", "", report.unrouted);
    text.head("request_duration_seconds", "histogram", "Time from a request's head to its answer's head.");
    for arm in &report.arms {
        text.histogram(arm.release.as_str(), &arm.latency);
    }
    text.head("in_flight", "gauge", "Requests and tunnels that an instance has not finished.");
    for open in &report.in_flight {
        let labels = format!("release=\"{}\",instance=\"{}\"", open.instance.release, open.instance);
        text.line("in_flight", &labels, open.requests);
    }
    text.head("route_weight", "gauge", "The release's share of the requests, from 0 to 1.");
    for arm in &report.table.arms {
        text.line("route_weight", &format!("release=\"{}\"", arm.release), arm.weight.fraction());
    }
    text.head("route_table_version", "gauge", "Version of the table in force.");
    text.line("route_table_version", "", report.table.version);
    text.0
}

struct Text(String);

impl Text {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        writeln!(self.0, "# HELP plimsoll_{name} {help}\n# TYPE plimsoll_{name} {kind}")
            .expect("a string takes all text");
    }

    fn line(&mut self, name: &str, labels: &str, value: impl std::fmt::Display) {
        let (open, close) = if labels.is_empty() { ("", "") } else { ("{", "}") };
        writeln!(self.0, "plimsoll_{name}{open}{labels}{close} {value}").expect("a string takes all text");
    }

    fn by_release(&mut self, report: &TrafficReport, name: &str, help: &str, value: fn(&ArmTraffic) -> u64) {
        self.head(name, "counter", help);
        for arm in &report.arms {
            self.line(name, &format!("release=\"{}\"", arm.release), value(arm));
        }
    }

    fn histogram(&mut self, release: &str, latency: &Histogram) {
        let mut total = 0;
        let bounds = latency.bounds.iter().map(ToString::to_string).chain(["+Inf".to_owned()]);
        for (bound, count) in bounds.zip(&latency.counts) {
            total += count;
            let labels = format!("release=\"{release}\",le=\"{bound}\"");
            self.line("request_duration_seconds_bucket", &labels, total);
        }
        let labels = format!("release=\"{release}\"");
        self.line("request_duration_seconds_sum", &labels, latency.sum);
        self.line("request_duration_seconds_count", &labels, total);
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::traffic::{RouteTable, Stickiness};

    use super::*;

    #[test]
    fn buckets_are_cumulative() {
        let table = RouteTable {
            version: 3,
            arms: vec![],
            stickiness: Stickiness::None,
            latency_bounds: vec![0.1, 0.5],
            maintenance: None,
        };
        let latency = Histogram { bounds: vec![0.1, 0.5], counts: vec![3, 2, 1], sum: 1.75 };
        let arm = ArmTraffic {
            release: "aaaaaaaaaaaa".parse().unwrap(),
            assigned: 7,
            by_class: [0, 5, 0, 0, 1],
            failed_attempts: 1,
            proxy_errors: 1,
            latency,
        };
        let report = TrafficReport { epoch: 1, table, arms: vec![arm], in_flight: vec![], unrouted: 2 };
        let text = prometheus_text(&report);
        for line in [
            "plimsoll_requests_total{release=\"aaaaaaaaaaaa\",class=\"5xx\"} 1",
            "plimsoll_request_duration_seconds_bucket{release=\"aaaaaaaaaaaa\",le=\"0.5\"} 5",
            "plimsoll_request_duration_seconds_bucket{release=\"aaaaaaaaaaaa\",le=\"+Inf\"} 6",
            "plimsoll_request_duration_seconds_sum{release=\"aaaaaaaaaaaa\"} 1.75",
            "plimsoll_unrouted_requests_total 2",
            "plimsoll_route_table_version 3",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
        }
    }
}
