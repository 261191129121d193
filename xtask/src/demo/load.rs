//! The load of the demo, counted for each version on its own.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use plimsoll_testkit::load::{Client, ClientOptions, Exchange};

/// Requests a second.
pub(super) const RATE: u32 = 600;
/// Slower answers are bad; the examples' plimsoll.toml declares the same limit.
pub(super) const SLOW: Duration = Duration::from_millis(250);
const WORKERS: u32 = 96;

/// A running load.
pub(super) struct Load {
    client: Client,
    windows: Arc<Windows>,
}

/// One for each version, from when it became the newest.
struct Windows(Mutex<Vec<(Instant, Window)>>);

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

    /// Counts one request.
    fn add(&mut self, exchange: &Exchange) {
        self.requests += 1;
        let answer = match &exchange.result {
            Err(lost) => return self.fail(&lost.to_string()),
            Ok(answer) => answer,
        };
        let Some(release) = &answer.release else {
            return self.fail(&format!("{} by the proxy", answer.status));
        };
        if answer.status >= 500 {
            self.errors.add();
        }
        if exchange.took > SLOW {
            self.slow.entry(release.clone()).or_default().add();
        }
    }

    fn fail(&mut self, why: &str) {
        self.failed += 1;
        *self.why_failed.entry(why.to_owned()).or_default() += 1;
    }
}

impl Load {
    /// Begins, with a window for a version.
    pub(super) fn start(address: SocketAddr, version: u32) -> Self {
        let windows = Arc::new(Windows(Mutex::default()));
        windows.begin(version);
        let options = ClientOptions {
            addresses: vec![address],
            rate: RATE,
            workers: WORKERS,
            ..ClientOptions::default()
        };
        let of_client = Arc::clone(&windows);
        Self { client: Client::start_with(options, move |exchange| of_client.add(exchange)), windows }
    }

    /// Begins the window of another version.
    pub(super) fn window(&self, version: u32) {
        self.windows.begin(version);
    }

    /// What was counted for a version so far.
    pub(super) fn read(&self, version: u32) -> Window {
        let windows = self.windows.all();
        let found = windows.iter().find(|(_, window)| window.version == version);
        found.map(|(_, window)| window.clone()).unwrap_or_default()
    }

    /// Ends, and returns how many requests a second were answered or lost, and every window.
    pub(super) fn stop(self) -> (f64, Vec<Window>) {
        let seconds = self.client.elapsed().as_secs_f64();
        let requests = self.client.stop().requests;
        let windows = self.windows.all().iter().map(|(_, window)| window.clone()).collect();
        (requests as f64 / seconds, windows)
    }
}

impl Windows {
    fn begin(&self, version: u32) {
        self.all().push((Instant::now(), Window { version, ..Window::default() }));
    }

    /// Counts a request in the window in which it was sent.
    fn add(&self, exchange: &Exchange) {
        let mut windows = self.all();
        let window = windows.iter_mut().rev().find(|(begun, _)| *begun <= exchange.started);
        if let Some((_, window)) = window {
            window.add(exchange);
        }
    }

    fn all(&self) -> MutexGuard<'_, Vec<(Instant, Window)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
