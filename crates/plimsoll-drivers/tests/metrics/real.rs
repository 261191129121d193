//! The suite over a real Prometheus server, which scrapes the test's own instance every second.

use std::collections::BTreeSet;
use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use plimsoll_drivers::metrics::{
    DirectPages, MetricsReader, Prometheus, PrometheusOptions, Scrape, Side, Target,
};
use plimsoll_model::metrics::Unusable;
use plimsoll_model::rollout::SeriesSelectors;
use plimsoll_model::{ReleaseId, Span};

use crate::bench::{Bench, Shown, eventually, now, trouble};
use crate::pages::PageServer;
use crate::suite;

const PROGRAM: &str = "/usr/bin/prometheus";

struct Real {
    release: ReleaseId,
    instance: Option<PageServer>,
    reader: Prometheus,
    server: Child,
    address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Real {
    /// Starts a server and waits until it answers; `None` where it is not installed.
    fn start(release: &str) -> Option<Self> {
        if !Path::new(PROGRAM).exists() {
            println!("skipped: prometheus is not installed");
            return None;
        }
        let instance = PageServer::start();
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("prometheus.yml");
        std::fs::write(&config, configuration(&instance)).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let log = File::create(folder.path().join("log")).unwrap();
        let server = Command::new(PROGRAM)
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let options = PrometheusOptions {
            url: format!("http://localhost:{port}/"),
            max_age: Span::from_secs(5),
            token: None,
        };
        let release = release.parse().unwrap();
        let reader = Prometheus::new(options);
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let mut real = Self { release, instance: Some(instance), reader, server, address, _folder: folder };
        eventually("an answer", || real.ask("vector(1)"), |seen| seen.is_ok().then_some(()));
        Some(real)
    }

    fn shows(&mut self, shown: &Shown) {
        self.instance.as_ref().unwrap().show(shown.page(&self.release));
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn configuration(instance: &PageServer) -> String {
    format!(
        "global:\n  scrape_interval: 1s\n  scrape_timeout: 1s\nscrape_configs:\n- job_name: greeter\n  \
         static_configs:\n  - targets: ['{}']\n",
        instance.address()
    )
}

impl Bench for Real {
    fn reader(&mut self) -> &mut dyn MetricsReader {
        &mut self.reader
    }

    fn side(&self) -> Side {
        Side { release: self.release.clone(), instances: Vec::new() }
    }

    fn show(&mut self, shown: &Shown) {
        self.shows(shown);
    }

    fn stop_instance(&mut self) -> Unusable {
        self.instance = None;
        Unusable::Stale
    }

    fn stop_source(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }
}

#[test]
fn a_real_server_conforms() {
    if let Some(mut real) = Real::start("cccccccccccc") {
        suite::run(&mut real);
    }
}

#[test]
fn queries_of_a_real_server_are_told_apart() {
    let Some(mut real) = Real::start("dddddddddddd") else { return };
    real.shows(&Shown { bad: Some(2), queue: Some(1.0), ..Shown::requests(20) });
    let total = "sum(http_requests_total{release=\"{{release}}\"})";
    let value = eventually("a sum", || real.ask(total), |seen| Some(seen.as_ref().ok()?.value));
    assert!((value - 22.0).abs() < f64::EPSILON);
    assert!((real.ask("scalar(vector(7))").unwrap().value - 7.0).abs() < f64::EPSILON);

    // No request has come for as long as the instance is known: the ratio of two rates is 0/0.
    let ratio = "sum(rate(http_requests_total{code=\"503\"}[1m])) / sum(rate(http_requests_total[1m]))";
    let detail = trouble(Unusable::NotANumber, || real.ask(ratio));
    assert!(detail.contains("NaN"), "{detail}");
    trouble(Unusable::NotANumber, || real.ask("vector(0) / vector(0)"));
    trouble(Unusable::NotANumber, || real.ask("\"text\""));
    trouble(Unusable::Empty, || real.ask("http_requests_total{release=\"none\"}"));

    let detail = trouble(Unusable::Invalid, || real.ask("sum(http_requests_total"));
    assert!(detail.starts_with("Prometheus says: ") && detail.contains("parse error"), "{detail}");
    let detail = trouble(Unusable::Invalid, || real.ask("http_requests_total"));
    assert!(detail.contains("gives 2 series where one is needed"), "{detail}");
    trouble(Unusable::Invalid, || real.ask("http_requests_total[1m]"));
    // 422: understood, and cannot be carried out.
    let detail = trouble(Unusable::Invalid, || real.ask("label_replace(up, \"a\", \"b\", \"c\", \"(\")"));
    assert!(detail.starts_with("Prometheus says: "), "{detail}");

    // Prometheus noticed the death and ended the series at once; a range still has its samples.
    real.look().unwrap();
    real.stop_instance();
    trouble(Unusable::Empty, || real.ask("queue_length"));
    let detail = trouble(Unusable::Stale, || real.look());
    assert!(detail.contains("is it still scraped?"), "{detail}");
}

/// Series whose labels are hard to write, each with a value of its own.
const AWKWARD: &str = r#"# HELP m \ and
# TYPE m counter
m 1
m{a="b"} 2
m{a="b",c="d e"} 3
m{a="",c="x"} 4
m{ a = "x\\y" , } 5 
l{a="line\nbreak"} 6
m{a="say \"hi\", {you}"} 7
m{a="grüße",instance="own"} 8
m{a="503"} 9
m{a="(503)"}	1e1
m{a="\q"} 11
n{a="b"} 12
m:rate{a="b"} 13
"#;

/// Selectors over them. None asks whether a dot matches a line break: in Prometheus 2 it did not, since 3 it does, as
/// it does here.
const SELECTORS: [&str; 20] = [
    "m",
    "n",
    "m:rate",
    "m{}",
    "m{a=\"b\"}",
    "m{a!=\"b\"}",
    "m{a=\"\"}",
    "m{a=~\".*\"}",
    "m{a=~\".+\"}",
    "m{a=~\"5..\"}",
    "m{a=~\"5|b\"}",
    "m{a!~\"b|5..\"}",
    "l{a=\"line\\nbreak\"}",
    "m{a=\"x\\\\y\"}",
    "m{a=~\"x\\\\\\\\y\"}",
    "m{a='say \"hi\", {you}'}",
    "m{a=~`\\(\\d+\\)`}",
    "m{a=\"grüße\", c!=\"d\",}",
    "m{exported_instance=\"own\"}",
    "m{a=`\\q`}",
];

#[test]
fn pages_and_selectors_mean_what_they_mean_to_prometheus() {
    let Some(mut real) = Real::start("ffffffffffff") else { return };
    let instance = real.instance.as_ref().unwrap();
    instance.show(AWKWARD.to_owned());
    let target = Target { name: instance.address().to_string(), address: instance.address(), place: None };
    let side = Side { release: real.release.clone(), instances: vec![target] };
    let mut scrape = Scrape::new("/metrics", Arc::new(DirectPages::new()));
    eventually("the page", || real.ask("count(n)"), |seen| seen.is_ok().then_some(()));
    for selector in SELECTORS {
        let series = SeriesSelectors { requests: selector.into(), errors: "none".into(), latency: None };
        let counts = |reader: &mut dyn MetricsReader| -> BTreeSet<u64> {
            let answer = reader.snapshot(&side, &series, now());
            answer
                .unwrap_or_else(|e| panic!("{selector}: {e}"))
                .value
                .series
                .values()
                .map(|c| c.requests)
                .collect()
        };
        assert_eq!(counts(&mut scrape), counts(&mut real.reader), "{selector}");
    }
}

#[test]
fn a_page_as_long_as_prometheus_own_is_read() {
    let Some(mut real) = Real::start("abababababab") else { return };
    let target = Target { name: "prometheus".to_owned(), address: real.address, place: None };
    let side = Side { release: real.release.clone(), instances: vec![target] };
    let handler = "{handler=\"/api/v1/query\"}";
    let series = SeriesSelectors {
        requests: format!("prometheus_http_requests_total{handler}"),
        errors: "prometheus_http_requests_total{code=~\"5..\"}".to_owned(),
        latency: Some(format!("prometheus_http_request_duration_seconds{handler}")),
    };
    for _ in 0..5 {
        real.ask("vector(1)").unwrap();
    }
    let answer =
        Scrape::new("/metrics", Arc::new(DirectPages::new())).snapshot(&side, &series, now()).unwrap();
    assert!(answer.notes.is_empty(), "{:?}", answer.notes);
    let requests: u64 = answer.value.series.values().map(|c| c.requests).sum();
    let timed: u64 = answer.value.series.values().map(|c| c.latency.count()).sum();
    assert!(requests >= 5 && timed == requests, "{answer:?}");
}
