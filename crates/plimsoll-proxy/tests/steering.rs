//! Steering: tables and versions, the control socket, the stored table, metrics.

#![allow(clippy::unwrap_used, reason = "a test may end with a panic, and so may its helpers")]

mod support;

use std::collections::BTreeSet;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use plimsoll_model::traffic::Maintenance;
use plimsoll_proxy::{ControlClient, ControlError, Listen, Proxy, ProxyOptions, SetTableError, StartError};
use support::{CANARY, Client, Instance, STABLE, arm, counters, get, options, proxy, table};

fn steered(folder: &Path) -> ProxyOptions {
    ProxyOptions {
        control_socket: Some(folder.join("control")),
        state_file: Some(folder.join("routes.json")),
        ..options()
    }
}

#[test]
fn only_a_newer_table_is_taken() {
    let proxy = proxy();
    let second = table(2, vec![arm(STABLE, 100, &[])]);
    proxy.set_table(second.clone()).unwrap();
    assert_eq!(proxy.set_table(table(1, vec![])), Err(SetTableError::NotNewer { offered: 1, current: 2 }));
    assert_eq!(proxy.set_table(table(2, vec![])), Err(SetTableError::Conflict { version: 2 }));
    assert_eq!(proxy.set_table(second.clone()), Ok(()), "the same table again changes nothing");
    assert_eq!(proxy.report().table, second);
}

#[test]
fn other_bounds_begin_a_new_epoch() {
    let instance = Instance::saying("x");
    let proxy = proxy();
    let first = table(1, vec![arm(STABLE, 100, &[instance.address])]);
    proxy.set_table(first.clone()).unwrap();
    get(&proxy);
    let epoch = proxy.report().epoch;
    let mut next = first.clone();
    next.version = 2;
    proxy.set_table(next.clone()).unwrap();
    assert_eq!((proxy.report().epoch, counters(&proxy.report(), STABLE).by_class[1]), (epoch, 1));
    next.version = 3;
    next.latency_bounds = vec![0.3];
    proxy.set_table(next).unwrap();
    let report = proxy.report();
    assert_ne!(report.epoch, epoch);
    let stable = counters(&report, STABLE);
    assert_eq!((stable.by_class[1], stable.latency.counts.len()), (0, 2));
    get(&proxy);
    assert_eq!(counters(&proxy.report(), STABLE).by_class[1], 1);
}

#[test]
fn a_proxy_is_steered_over_its_socket() {
    let folder = tempfile::tempdir().unwrap();
    let instance = Instance::saying("hello");
    let running = Proxy::start(steered(folder.path())).unwrap();
    let socket = folder.path().join("control");
    let mut control = ControlClient::connect(&socket).unwrap();
    let wanted = table(5, vec![arm(STABLE, 100, &[instance.address])]);
    control.set_table(&wanted).unwrap();
    assert_eq!(get(&running).text(), "hello");
    let report = control.report().unwrap();
    assert_eq!((&report.table, counters(&report, STABLE).by_class[1]), (&wanted, 1));
    assert!(control.prometheus().unwrap().contains("plimsoll_requests_total"));
    let refused = control.set_table(&table(4, vec![])).unwrap_err();
    assert!(matches!(refused, ControlError::Table(SetTableError::NotNewer { offered: 4, current: 5 })));
    assert_eq!(refused.to_string(), "table 4 is refused: table 5 is in force, and a new one must be newer");
    control.shutdown(Duration::from_secs(5)).unwrap();
    running.wait();
    assert!(matches!(ControlClient::connect(&socket), Err(ControlError::Unreachable { .. })));
}

#[test]
fn nonsense_on_the_control_socket_is_answered_or_ends() {
    let folder = tempfile::tempdir().unwrap();
    let _running = Proxy::start(steered(folder.path())).unwrap();
    let path = folder.path().join("control");
    for bytes in
        [&b"\0\0\0\x02{}"[..], b"\xff\xff\xff\xff", b"GET / HTTP/1.1\r\n\r\n", b"\0\0\0\x03\xff\xfe\xfd"]
    {
        let mut stream = UnixStream::connect(&path).unwrap();
        stream.write_all(bytes).unwrap();
        let mut answer = [0; 4];
        std::io::Read::read_exact(&mut stream, &mut answer).unwrap();
        assert!(u32::from_be_bytes(answer) > 0);
    }
    ControlClient::connect(&path).unwrap().report().unwrap();
}

#[test]
fn a_restarted_proxy_serves_the_last_table_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let instance = Instance::saying("still here");
    let first = Proxy::start(steered(folder.path())).unwrap();
    let wanted = table(9, vec![arm(STABLE, 95, &[instance.address]), arm(CANARY, 5, &[])]);
    first.set_table(wanted.clone()).unwrap();
    let epoch = first.report().epoch;
    drop(first);
    let second = Proxy::start(steered(folder.path())).unwrap();
    assert!(second.state_problem().is_none());
    assert_eq!(get(&second).text(), "still here");
    assert_eq!(second.report().table, wanted);
    assert_ne!(second.report().epoch, epoch);
    assert!(second.set_table(table(8, vec![])).is_err(), "the version is remembered too");
}

#[test]
fn a_corrupt_stored_table_is_told_and_ignored() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("routes.json"), "{\"format\":1,\"table\":").unwrap();
    let proxy = Proxy::start(steered(folder.path())).unwrap();
    let problem = proxy.state_problem().unwrap().to_string();
    assert!(problem.contains("routes.json does not hold a route table"), "{problem}");
    assert_eq!(get(&proxy).status(), 503);
    proxy.set_table(table(1, vec![])).unwrap();
}

#[test]
fn a_table_that_cannot_be_stored_is_in_force_and_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let state_file = Some(folder.path().join("missing/routes.json"));
    let proxy = Proxy::start(ProxyOptions { state_file, ..options() }).unwrap();
    let wanted = table(1, vec![arm(STABLE, 100, &[])]);
    let error = proxy.set_table(wanted.clone()).unwrap_err();
    assert!(matches!(&error, SetTableError::NotStored { version: 1, .. }), "{error}");
    assert_eq!(proxy.report().table, wanted);
    std::fs::create_dir(folder.path().join("missing")).unwrap();
    proxy.set_table(wanted).unwrap();
    assert!(folder.path().join("missing/routes.json").exists(), "sent again, it is stored");
}

#[test]
fn what_is_taken_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let first = Proxy::start(steered(folder.path())).unwrap();
    let address = first.local_addr();
    let error = Proxy::start(ProxyOptions::listening(address)).unwrap_err();
    assert!(matches!(error, StartError::Listen(_)));
    assert!(
        error.to_string().starts_with(&format!("cannot listen on {address}: the address is in use")),
        "{error}"
    );
    let error = Proxy::start(steered(folder.path())).unwrap_err().to_string();
    assert!(error.starts_with("a proxy is already running"), "{error}");
    ControlClient::connect(&folder.path().join("control")).unwrap().report().unwrap();
}

#[test]
fn a_dead_proxys_socket_is_replaced_but_nothing_else_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("control");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    drop(Proxy::start(steered(folder.path())).unwrap());
    std::fs::write(&path, "precious").unwrap();
    assert!(Proxy::start(steered(folder.path())).is_err());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
}

#[test]
fn a_socket_that_is_handed_over_is_served() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let proxy = Proxy::start(ProxyOptions { listen: Listen::Bound(listener), ..options() }).unwrap();
    assert_eq!(proxy.local_addr(), address);
    assert_eq!(get(&proxy).status(), 503);
}

#[test]
fn metrics_are_served_apart_and_follow_the_format() {
    let instance = Instance::saying("x");
    let metrics_listen = Some(([127, 0, 0, 1], 0).into());
    let proxy = Proxy::start(ProxyOptions { metrics_listen, ..options() }).unwrap();
    proxy.set_table(table(1, vec![arm(STABLE, 100, &[instance.address])])).unwrap();
    get(&proxy);
    let mut scraper = Client::connect(proxy.metrics_addr().unwrap());
    assert_eq!(scraper.get("/", "").status(), 404);
    let answer = scraper.get("/metrics", "");
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let text = answer.text();
    let mut declared = BTreeSet::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            assert!(declared.insert(name.to_owned()), "{name} is declared twice");
        } else if !line.starts_with("# HELP ") {
            let (series, value) = line.rsplit_once(' ').unwrap();
            value.parse::<f64>().unwrap();
            let name = series.split('{').next().unwrap();
            let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
            assert!(declared.contains(name) || declared.contains(family.unwrap_or("")), "{line}");
        }
    }
    for family in
        ["requests_total", "failed_attempts_total", "proxy_errors_total", "in_flight", "route_weight"]
    {
        assert!(declared.contains(&format!("plimsoll_{family}")), "{family}");
    }
    assert!(
        text.contains(&format!("plimsoll_requests_total{{release=\"{STABLE}\",class=\"2xx\"}} 1\n")),
        "{text}"
    );
}

#[test]
fn maintenance_answers_all_but_what_is_let_through() {
    let instance = Instance::saying("served");
    let folder = tempfile::tempdir().unwrap();
    let proxy = Proxy::start(steered(folder.path())).unwrap();
    let mut next = table(1, vec![arm(STABLE, 100, &[instance.address])]);
    next.maintenance = Some(Maintenance {
        page: "<h1>Back at five</h1>".to_owned(),
        retry_after: plimsoll_model::Span::from_secs(120),
        except: vec!["/healthz".to_owned(), "/open/".to_owned()],
    });
    proxy.set_table(next.clone()).unwrap();
    let mut client = Client::connect(proxy.local_addr());
    for path in ["/", "/healthz/x", "/open"] {
        let answer = client.get(path, "");
        assert!(answer.first_line.contains("503"), "{path}: {}", answer.first_line);
        assert_eq!(answer.header("retry-after"), Some("120"));
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
        assert_eq!(answer.body, b"<h1>Back at five</h1>");
    }
    for path in ["/healthz", "/healthz?x=1", "/open/door"] {
        assert_eq!(client.get(path, "").body, b"served", "{path}");
    }
    assert_eq!(counters(&proxy.report(), STABLE).by_class[1], 3, "the page is nobody's answer");
    drop(proxy);
    let proxy = Proxy::start(steered(folder.path())).unwrap();
    assert!(get(&proxy).first_line.contains("503"), "it outlives the proxy");
    next.version = 2;
    next.maintenance = None;
    proxy.set_table(next).unwrap();
    assert_eq!(get(&proxy).body, b"served");
}
