//! The load: requests at a fixed rate, whatever the service does (an open loop), over connections that are kept.
//!
//! Each request has its time on one schedule. Workers take the next time, wait for it, send, and read. There are far
//! more workers than requests under way, so that a slow answer delays no other request.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::client::{Connection, Lost};

/// Requests a second.
pub(super) const RATE: u32 = 600;
/// Slower answers are bad; the examples' plimsoll.toml declares the same limit.
pub(super) const SLOW: Duration = Duration::from_millis(250);
const WORKERS: usize = 96;

/// A running load.
pub(super) struct Load {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

struct Shared {
    address: SocketAddr,
    started: Instant,
    next: AtomicU64,
    stop: AtomicBool,
    windows: Mutex<Vec<Window>>,
}

/// What was counted while one version was the newest.
#[derive(Debug, Clone, Default)]
pub(super) struct Window {
    pub(super) version: u32,
    pub(super) requests: u64,
    /// Requests without an answer of an instance.
    pub(super) failed: u64,
    /// Why, and how often.
    pub(super) why_failed: BTreeMap<String, u64>,
    errors: Bad,
    /// Slow answers, of each release.
    slow: BTreeMap<String, Bad>,
}

/// Bad answers, and when the first one came, in seconds since the Unix epoch.
#[derive(Debug, Clone, Copy, Default)]
struct Bad {
    count: u64,
    first: Option<f64>,
}

impl Bad {
    fn add(&mut self) {
        self.count += 1;
        self.first.get_or_insert_with(now);
    }
}

impl Window {
    /// Answers with 5xx that came from an instance, and when the first one came.
    pub(super) fn errors(&self) -> (u64, Option<f64>) {
        (self.errors.count, self.errors.first)
    }

    /// Slow answers of a release, and when the first one came.
    pub(super) fn slow_of(&self, release: Option<&str>) -> (u64, Option<f64>) {
        let bad = release.and_then(|release| self.slow.get(release)).copied().unwrap_or_default();
        (bad.count, bad.first)
    }

    fn fail(&mut self, why: &str) {
        self.failed += 1;
        *self.why_failed.entry(why.to_owned()).or_default() += 1;
    }
}

impl Load {
    /// Begins, with a window for a version.
    pub(super) fn start(address: SocketAddr, version: u32) -> Self {
        let shared = Arc::new(Shared {
            address,
            started: Instant::now(),
            next: AtomicU64::new(0),
            stop: AtomicBool::new(false),
            windows: Mutex::new(vec![Window { version, ..Window::default() }]),
        });
        let worker = |_| {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || shared.work())
        };
        let workers = (0..WORKERS).map(worker).collect();
        Self { shared, workers }
    }

    /// Begins the window of another version.
    pub(super) fn window(&self, version: u32) {
        self.shared.windows().push(Window { version, ..Window::default() });
    }

    /// What was counted for a version so far.
    pub(super) fn read(&self, version: u32) -> Window {
        let windows = self.shared.windows();
        windows.iter().find(|window| window.version == version).cloned().unwrap_or_default()
    }

    /// Ends, and returns how many requests a second were answered or lost, and every window.
    pub(super) fn stop(self) -> (f64, Vec<Window>) {
        self.shared.stop.store(true, Ordering::SeqCst);
        let seconds = self.shared.started.elapsed().as_secs_f64();
        for worker in self.workers {
            // A worker that panicked has reported it, and its request is missing in the rate.
            let _ = worker.join();
        }
        let windows = self.shared.windows().clone();
        let requests: u64 = windows.iter().map(|window| window.requests).sum();
        (requests as f64 / seconds, windows)
    }
}

impl Shared {
    fn work(&self) {
        let mut connection = None;
        while !self.stop.load(Ordering::SeqCst) {
            let number = self.next.fetch_add(1, Ordering::SeqCst);
            let at = self.started + Duration::from_secs_f64(number as f64 / f64::from(RATE));
            std::thread::sleep(at.saturating_duration_since(Instant::now()));
            if self.stop.load(Ordering::SeqCst) {
                return;
            }
            let window = self.windows().len() - 1;
            self.request(&mut connection, window);
        }
    }

    /// One request, counted in the window in which it was sent.
    fn request(&self, connection: &mut Option<Connection>, window: usize) {
        let started = Instant::now();
        let open = connection.take().map_or_else(|| Connection::open(self.address), Ok);
        let result = match open {
            Ok(mut open) => open.get("/").map(|answer| (open, answer)),
            Err(_) => Err(Lost::Refused),
        };
        let took = started.elapsed();
        let mut windows = self.windows();
        let window = &mut windows[window];
        window.requests += 1;
        match result {
            Err(lost) => window.fail(&format!("{lost:?}").to_lowercase()),
            Ok((open, answer)) => {
                if !answer.close {
                    *connection = Some(open);
                }
                let Some(release) = answer.release else {
                    window.fail(&format!("{} by the proxy", answer.status));
                    return;
                };
                if answer.status >= 500 {
                    window.errors.add();
                }
                if took > SLOW {
                    window.slow.entry(release).or_default().add();
                }
            }
        }
    }

    fn windows(&self) -> MutexGuard<'_, Vec<Window>> {
        self.windows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    /// Answers the first request of every connection and the second with an answer that no instance gave; then
    /// closes without a word.
    fn serve(listener: TcpListener) {
        for mut stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || {
                let mut buffer = [0; 1024];
                for head in ["500 X\r\nx-plimsoll-release: r1", "503 X\r\nX: y"] {
                    if !matches!(stream.read(&mut buffer), Ok(1..)) {
                        return;
                    }
                    let _ = write!(stream, "HTTP/1.1 {head}\r\ncontent-length: 2\r\n\r\nno");
                }
                let _ = stream.read(&mut buffer);
            });
        }
    }

    #[test]
    fn every_request_is_counted_as_what_it_was() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || serve(listener));
        let load = Load::start(address, 7);
        let enough = |window: &Window| {
            window.errors.count > 0
                && window.why_failed.contains_key("503 by the proxy")
                && window.why_failed.contains_key("reset")
        };
        while !enough(&load.read(7)) {
            std::thread::yield_now();
        }
        let (rate, windows) = load.stop();
        assert!(rate > 0.0);
        let window = &windows[0];
        assert_eq!(window.failed, window.why_failed.values().sum::<u64>());
        assert_eq!(window.requests, window.failed + window.errors.count);
    }
}
