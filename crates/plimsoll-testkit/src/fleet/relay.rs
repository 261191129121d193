//! A slow link: every packet of a host waits its time, in both directions.
//!
//! The kernel's own way (`tc netem`) is a module that many small kernels lack. So a program carries the packets: the outer
//! end of the host's link leaves the fleet's bridge for a bridge of its own, and two taps join these two bridges
//! through here. Whole Ethernet frames pass, so connections that are open already become slow as well, and nothing has
//! to be configured in the host. The threads end when the taps are deleted, by `stop` or with the fleet.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tappers::{Interface, Tap};

use super::tools::ip;
use super::{FleetError, network};

/// Frames under way in one direction; more are lost, as in any queue (netem's own limit is the same).
const QUEUE: usize = 1000;
/// The largest frame: 1500 bytes and its headers.
const FRAME: usize = 1600;

/// A slow link that is in place.
#[derive(Debug)]
pub(super) struct SlowLink {
    slot: u8,
    host: u8,
    threads: Vec<JoinHandle<()>>,
}

/// How slow.
#[derive(Debug, Clone, Copy)]
struct Pace {
    delay: Duration,
    bytes_per_second: Option<u64>,
}

/// A frame, and when it leaves.
struct Frame {
    due: Instant,
    bytes: Vec<u8>,
}

impl SlowLink {
    /// Puts it into a host's link.
    pub(super) fn start(
        slot: u8,
        host: u8,
        delay: Duration,
        bytes_per_second: Option<u64>,
    ) -> Result<Self, FleetError> {
        let side = side_bridge(slot, host);
        ip(&format!("link add {side} type bridge"))?;
        ip(&format!("link set {side} up"))?;
        let towards_host = tap(&format!("{side}t"), &side)?;
        let towards_us = tap(&format!("{side}u"), &network::bridge(slot))?;
        let pace = Pace { delay, bytes_per_second };
        let mut threads = carry(&towards_host, &towards_us, pace);
        threads.extend(carry(&towards_us, &towards_host, pace));
        let this = Self { slot, host, threads };
        this.take_link()?;
        Ok(this)
    }

    /// Takes the outer end of the host's link into the slow bridge.
    pub(super) fn take_link(&self) -> Result<(), FleetError> {
        let (link, side) = (network::link(self.slot, self.host), side_bridge(self.slot, self.host));
        ip(&format!("link set {link} master {side}"))
    }

    /// Takes it out; what is under way is lost.
    pub(super) fn stop(self) -> Result<(), FleetError> {
        let side = side_bridge(self.slot, self.host);
        for link in [format!("{side}t"), format!("{side}u"), side] {
            ip(&format!("link delete {link}"))?;
        }
        for thread in self.threads {
            // A panic was reported where it happened.
            let _ = thread.join();
        }
        Ok(())
    }
}

fn side_bridge(slot: u8, host: u8) -> String {
    format!("pf{slot}s{host}")
}

fn tap(name: &str, bridge: &str) -> Result<Arc<Tap>, FleetError> {
    let made = Interface::new(name).and_then(Tap::new_named);
    let tap = made.map_err(|source| FleetError::Start { command: format!("tap {name}"), source })?;
    ip(&format!("link set {name} master {bridge} up"))?;
    Ok(Arc::new(tap))
}

/// Carries frames in one direction: one thread takes them in and says when they leave, one lets them go.
fn carry(from: &Arc<Tap>, to: &Arc<Tap>, pace: Pace) -> Vec<JoinHandle<()>> {
    let (from, to) = (Arc::clone(from), Arc::clone(to));
    let (sender, receiver) = sync_channel(QUEUE);
    vec![
        std::thread::spawn(move || take(&from, &sender, pace)),
        std::thread::spawn(move || give(&to, &receiver)),
    ]
}

fn take(from: &Tap, sender: &SyncSender<Frame>, pace: Pace) {
    let mut buffer = vec![0; FRAME];
    // When the wire is free again, at its rate.
    let mut free = Instant::now();
    // A tap that is deleted gives an error.
    while let Ok(length) = from.recv(&mut buffer) {
        let bits_take = pace
            .bytes_per_second
            .map_or(Duration::ZERO, |rate| Duration::from_secs_f64(length as f64 / rate.max(1) as f64));
        let sent = free.max(Instant::now()) + bits_take;
        if sender.try_send(Frame { due: sent + pace.delay, bytes: buffer[..length].to_vec() }).is_ok() {
            free = sent;
        }
    }
}

fn give(to: &Tap, receiver: &Receiver<Frame>) {
    for frame in receiver {
        std::thread::sleep(frame.due.saturating_duration_since(Instant::now()));
        // A port that is down loses it, as a wire does.
        let _ = to.send(&frame.bytes);
    }
}
