//! Which release answers: weights, spilling, clients that stay.

#![allow(clippy::unwrap_used, reason = "a test may end with a panic, and so may its helpers")]

mod support;

use plimsoll_model::Share;
use plimsoll_model::traffic::{RouteTable, Stickiness};
use support::{CANARY, Client, Instance, STABLE, arm, counters, get, proxy, table};

#[test]
fn requests_follow_the_weights() {
    let (stable, canary) = (Instance::saying("a"), Instance::saying("b"));
    let proxy = proxy();
    proxy
        .set_table(table(1, vec![arm(STABLE, 90, &[stable.address]), arm(CANARY, 10, &[canary.address])]))
        .unwrap();
    let mut client = Client::connect(proxy.local_addr());
    let total = 4000;
    let hits = (0..total).filter(|_| client.get("/", "").release() == CANARY).count();
    // 400 expected, a deviation of 19: five of them are passed once in two million runs.
    assert!((305..=495).contains(&hits), "{hits} of {total} went to the canary");
    let report = proxy.report();
    assert_eq!(counters(&report, CANARY).by_class[1], hits as u64);
    assert_eq!(counters(&report, CANARY).assigned + counters(&report, STABLE).assigned, total);
    assert_eq!(counters(&report, STABLE).latency.count() + hits as u64, total);
}

#[test]
fn an_arm_without_a_ready_instance_spills_to_the_other() {
    let (stable, canary) = (Instance::saying("a"), Instance::saying("b"));
    let proxy = proxy();
    let mut down = arm(STABLE, 95, &[stable.address]);
    down.backends[0].ready = false;
    proxy.set_table(table(1, vec![down, arm(CANARY, 5, &[canary.address])])).unwrap();
    for _ in 0..50 {
        assert_eq!(get(&proxy).release(), CANARY);
    }
    let report = proxy.report();
    assert!(counters(&report, STABLE).assigned > 20, "the split is counted as it was made");
    assert_eq!(counters(&report, CANARY).by_class[1], 50);
    assert_eq!(report.unrouted, 0);
}

#[test]
fn an_arm_without_weight_takes_nothing_even_when_the_other_is_down() {
    let canary = Instance::saying("b");
    let proxy = proxy();
    proxy.set_table(table(1, vec![arm(STABLE, 100, &[]), arm(CANARY, 0, &[canary.address])])).unwrap();
    assert_eq!(get(&proxy).status(), 503);
    assert_eq!(proxy.report().unrouted, 1);
}

#[test]
fn without_arms_every_request_is_unrouted() {
    let proxy = proxy();
    let answer = get(&proxy);
    assert_eq!((answer.status(), answer.text().as_str()), (503, "no instance is ready\n"));
    assert_eq!(proxy.report().unrouted, 1);
}

#[test]
fn the_less_busy_instance_is_preferred() {
    let slow = Instance::raw(|_held| std::thread::park());
    let fast = Instance::saying("fast");
    let proxy = proxy();
    proxy.set_table(table(1, vec![arm(STABLE, 100, &[slow.address, fast.address])])).unwrap();
    // Whoever meets the slow instance stays there; from then on it is the busier one.
    let mut held = Vec::new();
    while support::in_flight(&proxy) == 0 {
        let mut client = Client::connect(proxy.local_addr());
        client.send("GET / HTTP/1.1\r\nhost: shop\r\n\r\n");
        client.reader.get_ref().set_read_timeout(Some(std::time::Duration::from_millis(100))).unwrap();
        if client.try_answer().is_none() {
            held.push(client);
        }
    }
    for _ in 0..50 {
        assert_eq!(get(&proxy).text(), "fast");
    }
}

fn sticky(version: u64, canary_points: u32, kind: Stickiness, at: [&Instance; 2]) -> RouteTable {
    let mut arms = vec![arm(STABLE, 0, &[at[0].address]), arm(CANARY, 0, &[at[1].address])];
    arms[1].weight = Share::basis_points(canary_points);
    arms[0].weight = arms[1].weight.rest();
    RouteTable { stickiness: kind, ..table(version, arms) }
}

#[test]
fn a_growing_weight_moves_clients_only_towards_the_canary() {
    let at = [&Instance::saying("a"), &Instance::saying("b")];
    let proxy = proxy();
    let mut client = Client::connect(proxy.local_addr());
    let mut before = [false; 200];
    for (version, points) in (1..).zip([0, 100, 500, 2500, 5000, 9900, 10_000]) {
        proxy.set_table(sticky(version, points, Stickiness::Header { name: "x-user".into() }, at)).unwrap();
        for (user, was) in before.iter_mut().enumerate() {
            let is = client.get("/", &format!("x-user: user-{user}\r\n")).release() == CANARY;
            assert!(is || !*was, "user {user} went back to stable at {points}");
            *was = is;
        }
    }
    assert!(before.iter().all(|on_canary| *on_canary));
}

#[test]
fn a_cookie_keeps_a_client_on_its_side() {
    let at = [&Instance::saying("a"), &Instance::saying("b")];
    let proxy = proxy();
    proxy.set_table(sticky(1, 5000, Stickiness::Cookie { name: "side".into() }, at)).unwrap();
    let mut client = Client::connect(proxy.local_addr());
    for _ in 0..20 {
        let first = client.get("/", "");
        let cookie = first.header("set-cookie").expect("a new client gets a cookie").to_owned();
        let pair = cookie.split(';').next().unwrap();
        for _ in 0..5 {
            let next = client.get("/", &format!("cookie: {pair}\r\n"));
            assert_eq!(next.release(), first.release());
            assert_eq!(next.header("set-cookie"), None, "the cookie is set once");
        }
    }
}
