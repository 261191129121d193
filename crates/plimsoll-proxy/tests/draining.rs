//! Changes under load: no request is lost, nothing new reaches what was taken out, what runs may end.

#![allow(clippy::unwrap_used, reason = "a test may end with a panic, and so may its helpers")]

mod support;

use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use support::{
    CANARY, Client, Instance, STABLE, arm, counters, eventually, get, in_flight, ok, proxy, read_head, table,
};

#[test]
fn nothing_is_lost_while_instances_are_replaced_under_load() {
    let proxy = proxy();
    let pool: Vec<Instance> = (0..6).map(|_| Instance::saying("hello")).collect();
    let at = |n: u64| pool[usize::try_from(n).unwrap() % pool.len()].address;
    let tables = |version: u64| {
        let canary = u32::try_from(version % 11).unwrap() * 10;
        table(
            version,
            vec![
                arm(STABLE, 100 - canary, &[at(version), at(version + 1)]),
                arm(CANARY, canary, &[at(version + 2)]),
            ],
        )
    };
    proxy.set_table(tables(1)).unwrap();
    let (stop, lost) = (AtomicBool::new(false), AtomicU64::new(0));
    let done = AtomicU64::new(0);
    thread::scope(|scope| {
        for client in 0..4 {
            let (stop, lost, done, address) = (&stop, &lost, &done, proxy.local_addr());
            scope.spawn(move || {
                let mut connection = Client::connect(address);
                for n in 0.. {
                    if stop.load(SeqCst) {
                        return;
                    }
                    if n % 50 == 0 {
                        connection = Client::connect(address);
                    }
                    // Half of the requests cannot be repeated, so that no retry hides a loss.
                    let request = if (n + client) % 2 == 0 {
                        "GET / HTTP/1.1\r\nhost: shop\r\n\r\n"
                    } else {
                        "POST / HTTP/1.1\r\nhost: shop\r\ncontent-length: 3\r\n\r\nabc"
                    };
                    let answer = connection.send(request).try_answer();
                    done.fetch_add(1, SeqCst);
                    if answer.is_none_or(|answer| answer.status() != 200) {
                        lost.fetch_add(1, SeqCst);
                        connection = Client::connect(address);
                    }
                }
            });
        }
        for version in 2..300 {
            proxy.set_table(tables(version)).unwrap();
            thread::sleep(Duration::from_millis(5));
        }
        stop.store(true, SeqCst);
    });
    assert!(done.load(SeqCst) > 3000, "only {} requests", done.load(SeqCst));
    assert_eq!(lost.load(SeqCst), 0, "of {}", done.load(SeqCst));
    let report = proxy.report();
    let failed = counters(&report, STABLE).failed_attempts + counters(&report, CANARY).failed_attempts;
    assert_eq!((failed, in_flight(&proxy)), (0, 0));
}

/// An instance whose answers wait for a word.
fn held() -> (Instance, mpsc::Sender<()>) {
    let (word, wait) = mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let instance = Instance::answering(move |_| {
        let _ = wait.lock().unwrap().recv();
        ok("at last")
    });
    (instance, word)
}

#[test]
fn a_removed_instance_ends_its_requests_and_gets_no_more() {
    let ((old, word), new) = (held(), Instance::saying("new"));
    let proxy = proxy();
    proxy.set_table(table(1, vec![arm(STABLE, 100, &[old.address])])).unwrap();
    let mut waiting = Client::connect(proxy.local_addr());
    waiting.send("GET / HTTP/1.1\r\nhost: shop\r\n\r\n");
    eventually("a request at the old instance", || in_flight(&proxy) == 1);
    proxy.set_table(table(2, vec![arm(CANARY, 100, &[new.address])])).unwrap();
    for _ in 0..20 {
        assert_eq!(get(&proxy).text(), "new");
    }
    let open: Vec<_> =
        proxy.report().in_flight.iter().map(|o| (o.instance.to_string(), o.requests)).collect();
    assert_eq!(open, [(format!("{STABLE}.0"), 1), (format!("{CANARY}.0"), 0)]);
    word.send(()).unwrap();
    assert_eq!(waiting.answer().text(), "at last");
    // The same client connection goes elsewhere with its next request.
    assert_eq!(waiting.get("/", "").text(), "new");
    let open = proxy.report().in_flight.len();
    assert_eq!(open, 1, "a drained instance is forgotten");
    assert_eq!(counters(&proxy.report(), STABLE).by_class[1], 1, "and its release is still counted");
}

#[test]
fn idle_connections_to_a_removed_instance_are_closed_at_once() {
    let closed = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&closed);
    let old = Instance::raw(move |mut reader| {
        while read_head(&mut reader).is_some() {
            reader.get_mut().write_all(ok("old").as_bytes()).unwrap();
        }
        seen.fetch_add(1, SeqCst);
    });
    let proxy = proxy();
    proxy.set_table(table(1, vec![arm(STABLE, 100, &[old.address])])).unwrap();
    assert_eq!(get(&proxy).text(), "old");
    assert_eq!(closed.load(SeqCst), 0);
    let started = Instant::now();
    proxy.set_table(table(2, vec![])).unwrap();
    eventually("the end of the idle connection", || closed.load(SeqCst) == 1);
    // Sooner than any idle limit would have done it.
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[test]
fn shutdown_lets_running_requests_end() {
    let (instance, word) = held();
    let proxy = proxy();
    proxy.set_table(table(1, vec![arm(STABLE, 100, &[instance.address])])).unwrap();
    let address = proxy.local_addr();
    let mut idle = Client::connect(address);
    let mut waiting = Client::connect(address);
    waiting.send("GET / HTTP/1.1\r\nhost: shop\r\n\r\n");
    eventually("a request", || in_flight(&proxy) == 1);
    proxy.shutdown(Duration::from_secs(20));
    assert!(idle.is_closed(), "an idle connection is closed");
    eventually("a closed port", || std::net::TcpStream::connect(address).is_err());
    word.send(()).unwrap();
    let answer = waiting.answer();
    assert_eq!((answer.text().as_str(), answer.header("connection")), ("at last", Some("close")));
    let started = Instant::now();
    proxy.wait();
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn shutdown_answers_what_an_idle_connection_asks_just_then() {
    let instance = Instance::saying("hello");
    let proxy = proxy();
    proxy.set_table(table(1, vec![arm(STABLE, 100, &[instance.address])])).unwrap();
    let address = proxy.local_addr();
    let mut client = Client::connect(address);
    assert_eq!(client.get("/", "").text(), "hello");
    proxy.shutdown(Duration::from_secs(20));
    eventually("a closed port", || std::net::TcpStream::connect(address).is_err());
    // The port closes a moment before connections are told.
    while client.get("/", "").header("connection") != Some("close") {}
    assert!(client.is_closed());
    proxy.wait();
}

#[test]
fn shutdown_cuts_what_is_not_done_in_time() {
    let (instance, _word) = held();
    let proxy = proxy();
    proxy.set_table(table(1, vec![arm(STABLE, 100, &[instance.address])])).unwrap();
    let mut waiting = Client::connect(proxy.local_addr());
    waiting.send("GET / HTTP/1.1\r\nhost: shop\r\n\r\n");
    eventually("a request", || in_flight(&proxy) == 1);
    proxy.shutdown(Duration::from_millis(50));
    let started = Instant::now();
    proxy.wait();
    assert!(started.elapsed() < Duration::from_secs(5));
    assert!(waiting.try_answer().is_none());
}
