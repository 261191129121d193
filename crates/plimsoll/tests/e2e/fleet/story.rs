//! Ten hosts, two services, the whole story, and a client that counts what it loses.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use plimsoll_testkit::fleet::{Fleet, FleetOptions};
use plimsoll_testkit::load::{Client, ClientOptions};

use super::service::{Language, Service};
use super::{fleet, get, instances};
use crate::support::{Run, skip};

const ROLLOUT: &str = r#"steps = [{ set-weight = "10%" }, { pause = "3s" }, { set-weight = "50%" }, { pause = "2s" }]
max-parallel = "50%"
dead-man-switch = "30s""#;
/// Requests a second to each service on each host, the most first. There are two services: 150 are 300 to each host.
const RATES: [u32; 6] = [150, 100, 60, 30, 15, 5];
/// How long a rate is tried.
const TRIED: Duration = Duration::from_secs(2);

#[test]
fn ten_hosts_go_through_the_whole_story() {
    let test = "ten_hosts_go_through_the_whole_story";
    if !(Language::Go.is_here() && Language::Rust.is_here()) {
        return skip(test, "go and cargo are needed");
    }
    let began = Instant::now();
    let Some(fleet) = fleet(test, FleetOptions { hosts: 10, ..FleetOptions::default() }) else { return };
    println!("ten hosts are up after {:.1} s", began.elapsed().as_secs_f64());
    let services = [
        Service::new(Language::Go, 80, &fleet, ROLLOUT),
        Service::new(Language::Rust, 8080, &fleet, ROLLOUT),
    ];
    all(&services, "v1", |service| ship(service, 1, 0).expect(0).says(&["r1 serves everywhere"]));
    let rate = carried(&fleet, &services);
    let load = client(&fleet, &services, rate);
    all(&services, "v2", |service| ship(service, 2, 0).expect(0).says(&["r2 serves everywhere"]));
    all(&services, "v3, which is bad", |service| {
        ship(service, 3, 200).expect(11).says(&["r2 serves everywhere", "r3 will not be tried again"])
    });
    all(&services, "rollback", |service| {
        service.run(&["rollback"]).expect(0).says(&["r1 serves everywhere"])
    });
    let elapsed = load.elapsed().as_secs_f64();
    let counts = load.stop();
    println!(
        "{} requests in {elapsed:.0} s ({:.0}/s), {} bad, {} lost",
        counts.requests,
        counts.requests as f64 / elapsed,
        counts.bad,
        counts.lost.len()
    );
    let mut why: BTreeMap<&str, usize> = BTreeMap::new();
    counts.lost.iter().for_each(|loss| *why.entry(&loss.why).or_default() += 1);
    assert!(why.is_empty(), "{why:?}; the first: {:?}", counts.lost.first());
    assert!(counts.bad > 0, "the bad release had requests");
    for service in &services {
        service.run(&["status"]).expect(0).says(&["10 hosts", "r1", "20/20"]);
        service.run(&["history"]).expect(0).says(&["rolled back", "rollback of r2"]);
        for host in fleet.hosts() {
            assert!(get(host, service.port, "/").body.contains("\"version\":\"1\""));
            assert_eq!(instances(host, service.name).len(), 2, "{} on {}", service.name, host.name());
        }
        service.run(&["down"]).expect(0);
    }
    println!("the whole story took {:.0} s", began.elapsed().as_secs_f64());
}

/// Does something with all services at the same time, and says how long it took.
fn all(services: &[Service], what: &str, act: impl Fn(&Service) -> Run + Sync) {
    let began = Instant::now();
    thread::scope(|scope| {
        let acts: Vec<_> = services.iter().map(|service| scope.spawn(|| act(service))).collect();
        for (service, act) in services.iter().zip(acts) {
            let run = act.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            let last = run.text().lines().filter(|line| line.contains("after the start")).collect::<String>();
            println!("{what}: {}: {last}", service.name);
        }
    });
    println!("{what}: {:.1} s", began.elapsed().as_secs_f64());
}

fn ship(service: &Service, version: u32, errors: u32) -> Run {
    service.commit(version, errors);
    service.run(&["ship"])
}

fn client(fleet: &Fleet, services: &[Service], rate: u32) -> Client {
    let of = |service: &Service| {
        let port = service.port;
        fleet.hosts().iter().map(move |host| SocketAddr::from((host.address(), port))).collect::<Vec<_>>()
    };
    let addresses = services.iter().flat_map(of).collect();
    Client::start(ClientOptions { addresses, rate, workers: 8, ..ClientOptions::default() })
}

/// The rate that this machine carries beside a rollout: it does so with twice of it while nothing else happens. The rest is
/// for the hosts' own work, all of which is done by the same processors.
fn carried(fleet: &Fleet, services: &[Service]) -> u32 {
    let hosts = fleet.hosts().len();
    for rate in RATES {
        let load = client(fleet, services, rate * 2);
        thread::sleep(TRIED);
        let elapsed = load.elapsed().as_secs_f64();
        let counts = load.stop();
        let wanted = f64::from(rate * 2) * elapsed * (hosts * services.len()) as f64;
        let part = counts.requests as f64 / wanted;
        println!("{} requests/s to each host: {:.0} % of them were sent", rate * 4, part * 100.0);
        assert_eq!(counts.lost, [], "nothing is rolled yet");
        if part > 0.97 {
            println!(
                "the load is {} requests/s to each host, {} together",
                rate * 2,
                rate as usize * 2 * hosts
            );
            return rate;
        }
    }
    println!("this machine carries hardly anything; the load is {} requests/s to each host", RATES[5] * 2);
    RATES[5]
}
