//! What is tried again, row by row of `forward`'s table, and what is not.

#![allow(clippy::unwrap_used, reason = "a test may end with a panic, and so may its helpers")]

mod support;

use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::{Duration, Instant};

use plimsoll_proxy::{Proxy, ProxyOptions};
use support::{
    CANARY, Client, Instance, Message, STABLE, arm, counters, get, nobody, ok, options, proxy, read_body,
    read_head, table,
};

/// An instance that closes each connection after reading a request, without an answer.
fn closing(requests: Arc<AtomicU64>) -> Instance {
    Instance::raw(move |mut reader| {
        if read_head(&mut reader).is_some() {
            requests.fetch_add(1, SeqCst);
        }
    })
}

/// Answers the first request of each connection and closes at the second.
fn closing_later(requests: Arc<AtomicU64>) -> Instance {
    Instance::raw(move |mut reader| {
        for answered in [true, false] {
            let Some(mut request) = read_head(&mut reader) else { return };
            read_body(&mut reader, &mut request);
            requests.fetch_add(1, SeqCst);
            if answered {
                reader.get_mut().write_all(ok("once").as_bytes()).unwrap();
            }
        }
    })
}

fn post(proxy: &Proxy) -> Message {
    let mut client = Client::connect(proxy.local_addr());
    client.send("POST / HTTP/1.1\r\nhost: shop\r\ncontent-length: 5\r\n\r\nhello").answer()
}

#[test]
fn no_connection_means_another_instance_for_any_method() {
    let alive = Instance::saying("alive");
    let proxy = proxy();
    proxy.set_table(table(1, vec![arm(STABLE, 100, &[nobody(), alive.address])])).unwrap();
    for _ in 0..20 {
        assert_eq!(post(&proxy).text(), "alive");
    }
    let stable = counters(&proxy.report(), STABLE);
    assert!(stable.failed_attempts > 0);
    assert_eq!((stable.by_class[1], stable.proxy_errors, stable.assigned), (20, 0, 20));
}

#[test]
fn no_connection_in_an_arm_means_the_other_arm() {
    let alive = Instance::saying("alive");
    let proxy = proxy();
    proxy.set_table(table(1, vec![arm(STABLE, 50, &[alive.address]), arm(CANARY, 50, &[nobody()])])).unwrap();
    for _ in 0..30 {
        assert_eq!(post(&proxy).release(), STABLE);
    }
    let report = proxy.report();
    let canary = counters(&report, CANARY);
    assert!(canary.assigned > 0);
    assert_eq!(canary.failed_attempts, canary.assigned);
    assert_eq!(counters(&report, STABLE).by_class[1], 30);
}

#[test]
fn three_attempts_and_then_502() {
    let proxy = proxy();
    let dead = [nobody(), nobody(), nobody(), nobody(), nobody()];
    proxy.set_table(table(1, vec![arm(STABLE, 100, &dead)])).unwrap();
    assert_eq!(get(&proxy).status(), 502);
    let stable = counters(&proxy.report(), STABLE);
    assert_eq!((stable.failed_attempts, stable.proxy_errors, stable.assigned), (3, 1, 1));
    assert_eq!(stable.attempts(), 3);
}

#[test]
fn a_new_connection_that_breaks_is_retried_once_if_idempotent() {
    let requests = Arc::new(AtomicU64::new(0));
    let broken: Vec<_> = (0..4).map(|_| closing(Arc::clone(&requests)).address).collect();
    let proxy = proxy();
    proxy.set_table(table(1, vec![arm(STABLE, 100, &broken)])).unwrap();
    assert_eq!(get(&proxy).status(), 502);
    assert_eq!(requests.swap(0, SeqCst), 2, "GET is tried on one more instance");
    assert_eq!(post(&proxy).status(), 502);
    assert_eq!(requests.swap(0, SeqCst), 1, "POST may have had an effect");
    assert_eq!(counters(&proxy.report(), STABLE).failed_attempts, 3);
}

#[test]
fn a_pooled_connection_that_breaks_is_retried_if_idempotent() {
    let requests = Arc::new(AtomicU64::new(0));
    let instance = closing_later(Arc::clone(&requests));
    let proxy = Proxy::start(ProxyOptions { workers: 1, ..options() }).unwrap();
    proxy.set_table(table(1, vec![arm(STABLE, 100, &[instance.address])])).unwrap();
    assert_eq!(get(&proxy).status(), 200);
    assert_eq!(get(&proxy).text(), "once", "a new connection to the same instance answers");
    assert_eq!(requests.swap(0, SeqCst), 3);
    // The second connection of the two has served one request and is pooled now.
    assert_eq!(post(&proxy).status(), 502);
    assert_eq!(requests.swap(0, SeqCst), 1);
}

#[test]
fn a_pooled_connection_that_was_closed_meanwhile_costs_nothing() {
    let instance = Instance::raw(|mut reader| {
        if let Some(mut request) = read_head(&mut reader) {
            read_body(&mut reader, &mut request);
            reader.get_mut().write_all(ok("bye").as_bytes()).unwrap();
        }
    });
    let proxy = proxy();
    proxy.set_table(table(1, vec![arm(STABLE, 100, &[instance.address])])).unwrap();
    let mut client = Client::connect(proxy.local_addr());
    for _ in 0..10 {
        let answer = client.send("POST / HTTP/1.1\r\nhost: shop\r\ncontent-length: 2\r\n\r\nhi").answer();
        assert_eq!(answer.status(), 200);
        // The instance's FIN is on its way; the proxy's side of the loopback sees it within this time.
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(counters(&proxy.report(), STABLE).failed_attempts, 0);
}

#[test]
fn a_broken_answer_is_not_hidden() {
    let instance = Instance::raw(|mut reader| {
        read_head(&mut reader);
        let _ = reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort");
    });
    let proxy = proxy();
    proxy.set_table(table(1, vec![arm(STABLE, 100, &[instance.address])])).unwrap();
    let mut client = Client::connect(proxy.local_addr());
    let answer = client.send("GET / HTTP/1.1\r\nhost: shop\r\n\r\n").head();
    assert_eq!(answer.status(), 200);
    let mut rest = Vec::new();
    let _ = client.reader.read_to_end(&mut rest);
    assert_eq!(rest, b"short");
    support::eventually("the end of the request", || support::in_flight(&proxy) == 0);
}

#[test]
fn an_answer_that_does_not_come_is_a_504() {
    let requests = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&requests);
    let instance = Instance::raw(move |mut reader| {
        while read_head(&mut reader).is_some() {
            seen.fetch_add(1, SeqCst);
        }
    });
    let limit = Some(Duration::from_millis(100));
    let proxy = Proxy::start(ProxyOptions { response_header_timeout: limit, ..options() }).unwrap();
    proxy.set_table(table(1, vec![arm(STABLE, 100, &[instance.address])])).unwrap();
    let started = Instant::now();
    assert_eq!(get(&proxy).status(), 504);
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(requests.load(SeqCst), 1, "it may still be at work: not tried again");
    let stable = counters(&proxy.report(), STABLE);
    assert_eq!((stable.failed_attempts, stable.proxy_errors), (1, 1));
}

#[test]
fn a_client_that_breaks_off_is_not_the_releases_fault() {
    let instance = Instance::saying("late");
    let proxy = proxy();
    proxy.set_table(table(1, vec![arm(STABLE, 100, &[instance.address])])).unwrap();
    let mut client = Client::connect(proxy.local_addr());
    client.send("POST / HTTP/1.1\r\nhost: shop\r\ncontent-length: 100\r\n\r\nonly this");
    support::eventually("the request's start", || support::in_flight(&proxy) == 1);
    drop(client);
    support::eventually("the request's end", || support::in_flight(&proxy) == 0);
    let stable = counters(&proxy.report(), STABLE);
    assert_eq!((stable.failed_attempts, stable.proxy_errors, stable.assigned), (0, 0, 1));
}
