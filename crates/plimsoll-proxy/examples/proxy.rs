//! A proxy in front of fixed addresses, for benchmarks and for trying things out:
//! `proxy LISTEN BACKEND...`, with `PLIMSOLL_WORKERS` for the number of threads.

use std::error::Error;
use std::net::SocketAddr;

use plimsoll_model::metrics::DEFAULT_LATENCY_BOUNDS;
use plimsoll_model::traffic::{Arm, Backend, RouteTable, Stickiness};
use plimsoll_model::{InstanceId, ReleaseId, Share};
use plimsoll_proxy::{Proxy, ProxyOptions};

fn main() -> Result<(), Box<dyn Error>> {
    let mut addresses = Vec::new();
    for argument in std::env::args().skip(1) {
        addresses.push(argument.parse::<SocketAddr>()?);
    }
    let [listen, backends @ ..] = &addresses[..] else { return Err("usage: proxy LISTEN BACKEND...".into()) };
    let workers = std::env::var("PLIMSOLL_WORKERS").ok().map(|count| count.parse()).transpose()?;
    let options = ProxyOptions { workers: workers.unwrap_or(0), ..ProxyOptions::listening(*listen) };
    let proxy = Proxy::start(options)?;
    proxy.set_table(table(backends)?)?;
    proxy.wait();
    Ok(())
}

fn table(addresses: &[SocketAddr]) -> Result<RouteTable, Box<dyn Error>> {
    let release: ReleaseId = "000000000001".parse()?;
    let backend = |(n, address): (u32, &SocketAddr)| Backend {
        instance: InstanceId::new(release.clone(), n),
        address: *address,
        ready: true,
    };
    let backends = (0..).zip(addresses).map(backend).collect();
    Ok(RouteTable {
        version: 1,
        arms: vec![Arm { release: release.clone(), weight: Share::ALL, backends }],
        stickiness: Stickiness::None,
        latency_bounds: DEFAULT_LATENCY_BOUNDS.to_vec(),
        maintenance: None,
    })
}
