//! The suite over a real Prometheus server, which scrapes the test's own instance every second.

use std::fs::File;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use plimsoll_drivers::metrics::{MetricsReader, Prometheus, PrometheusOptions, Side};
use plimsoll_model::metrics::Unusable;
use plimsoll_model::{ReleaseId, Span};

use crate::bench::{Bench, Shown, eventually, trouble};
use crate::pages::PageServer;
use crate::suite;

const PROGRAM: &str = "/usr/bin/prometheus";

struct Real {
    release: ReleaseId,
    instance: Option<PageServer>,
    reader: Prometheus,
    server: Child,
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
        let mut real = Self { release, instance: Some(instance), reader, server, _folder: folder };
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
