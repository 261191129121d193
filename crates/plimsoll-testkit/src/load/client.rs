//! Requests at a fixed rate, whatever the services do (an open loop).
//!
//! Each request has its time on one schedule for each address. Workers take the next time, wait for it, send, and read.
//! There should be more workers than requests under way, so that a slow answer delays no other request.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use super::{Answer, Connection, Counts, Lost};

/// What is sent.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// Where to.
    pub addresses: Vec<SocketAddr>,
    /// Requests a second to each address.
    pub rate: u32,
    /// The page that is asked for.
    pub path: String,
    /// Whether connections serve many requests, or one.
    pub keep_alive: bool,
    /// Workers for each address; the most requests that are under way there at once.
    pub workers: u32,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self { addresses: Vec::new(), rate: 100, path: "/".to_owned(), keep_alive: true, workers: 24 }
    }
}

/// A request and what came of it.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// Where it was sent.
    pub address: SocketAddr,
    /// When, by the calendar.
    pub at: SystemTime,
    /// When, on the clock that only goes forward.
    pub started: Instant,
    /// How long it took.
    pub took: Duration,
    /// The answer, or why there is none.
    pub result: Result<Answer, Lost>,
}

impl Exchange {
    /// Whether no instance answered: no answer at all, or a proxy's own 502, 503 or 504. What says that the request was
    /// wrong counts as well, since it was not.
    pub fn is_lost(&self) -> bool {
        self.result.as_ref().map_or(true, |answer| match answer.status {
            502..=504 => answer.release.is_none(),
            status => (400..500).contains(&status),
        })
    }
}

/// A running load.
#[derive(Debug)]
pub struct Client {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    options: ClientOptions,
    started: Instant,
    stop: AtomicBool,
    counts: Mutex<Counts>,
}

impl Client {
    /// Begins.
    pub fn start(options: ClientOptions) -> Self {
        Self::start_with(options, |_| {})
    }

    /// Begins, and shows each request and its end to somebody.
    pub fn start_with(options: ClientOptions, seen: impl Fn(&Exchange) + Send + Sync + 'static) -> Self {
        let shared = Arc::new(Shared {
            options,
            started: Instant::now(),
            stop: AtomicBool::new(false),
            counts: Mutex::default(),
        });
        let seen: Arc<dyn Fn(&Exchange) + Send + Sync> = Arc::new(seen);
        let mut workers = Vec::new();
        for address in &shared.options.addresses {
            let next = Arc::new(AtomicU64::new(0));
            for _ in 0..shared.options.workers {
                let (address, shared, next, seen) =
                    (*address, Arc::clone(&shared), Arc::clone(&next), Arc::clone(&seen));
                workers.push(std::thread::spawn(move || shared.work(address, &next, &*seen)));
            }
        }
        Self { shared, workers }
    }

    /// What has come of it so far.
    pub fn counts(&self) -> Counts {
        self.shared.counts().clone()
    }

    /// How long it has been going on.
    pub fn elapsed(&self) -> Duration {
        self.shared.started.elapsed()
    }

    /// Fails the test if a request was lost so far.
    #[track_caller]
    pub fn lost_nothing(&self, case: &str) {
        assert_eq!(self.counts().lost, [], "{case}");
    }

    /// Ends when what is under way is answered, and says what came of it.
    pub fn stop(mut self) -> Counts {
        self.shared.stop.store(true, Ordering::SeqCst);
        for worker in self.workers.drain(..) {
            // A worker that panicked has reported it, and its request is missing in the counts.
            let _ = worker.join();
        }
        self.counts()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
    }
}

impl Shared {
    fn work(&self, address: SocketAddr, next: &AtomicU64, seen: &dyn Fn(&Exchange)) {
        let mut connection = None;
        while !self.stop.load(Ordering::SeqCst) {
            let number = next.fetch_add(1, Ordering::SeqCst);
            let due = self.started + Duration::from_secs_f64(number as f64 / f64::from(self.options.rate));
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            if self.stop.load(Ordering::SeqCst) {
                return;
            }
            let (at, started) = (SystemTime::now(), Instant::now());
            let result = self.request(address, &mut connection);
            let exchange = Exchange { address, at, started, took: started.elapsed(), result };
            seen(&exchange);
            self.counts().add(&exchange);
        }
    }

    fn request(&self, address: SocketAddr, kept: &mut Option<Connection>) -> Result<Answer, Lost> {
        let mut connection = kept.take().map_or_else(|| Connection::open(address), Ok)?;
        let answer = connection.get(&self.options.path, !self.options.keep_alive)?;
        if !answer.close {
            *kept = Some(connection);
        }
        Ok(answer)
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    /// Answers three times on each connection: well, badly, and as a proxy without an instance; then closes without a
    /// word. Where it is asked to close, it does so after the first.
    fn serve(listener: TcpListener) {
        for mut stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || {
                let mut buffer = [0; 1024];
                let release = "x-plimsoll-release: r1";
                for head in
                    [format!("200 X\r\n{release}"), format!("503 X\r\n{release}"), "503 X\r\nX: y".to_owned()]
                {
                    let Ok(length @ 1..) = stream.read(&mut buffer) else { return };
                    let _ = write!(stream, "HTTP/1.1 {head}\r\ncontent-length: 2\r\n\r\nhi");
                    if buffer[..length].windows(5).any(|word| word == b"close") {
                        return;
                    }
                }
                let _ = stream.read(&mut buffer);
            });
        }
    }

    fn client(keep_alive: bool) -> Client {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addresses = vec![listener.local_addr().unwrap()];
        std::thread::spawn(move || serve(listener));
        Client::start(ClientOptions {
            addresses,
            rate: 500,
            keep_alive,
            workers: 2,
            ..ClientOptions::default()
        })
    }

    #[test]
    fn every_request_is_counted_as_what_it_was() {
        let client = client(true);
        let has = |counts: &Counts, why: &str| counts.lost.iter().any(|loss| loss.why == why);
        while !has(&client.counts(), "reset") || !has(&client.counts(), "503 hi") {
            std::thread::yield_now();
        }
        let counts = client.stop();
        assert!(counts.ok > 0 && counts.bad > 0);
        assert_eq!(counts.requests, counts.ok + counts.bad + counts.lost.len() as u64);
        assert_eq!(counts.releases["r1"], counts.ok + counts.bad);
        assert_eq!(counts.good["hi"], counts.ok);
    }

    #[test]
    fn without_keep_alive_each_request_has_a_connection() {
        let client = client(false);
        while client.counts().ok < 20 {
            std::thread::yield_now();
        }
        // Any second request on a connection would have been answered badly.
        let counts = client.stop();
        assert_eq!((counts.requests, counts.lost), (counts.ok, Vec::new()));
    }

    #[test]
    fn what_is_not_there_refuses() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addresses = vec![listener.local_addr().unwrap()];
        drop(listener);
        let client = Client::start(ClientOptions { addresses, workers: 1, ..ClientOptions::default() });
        while client.counts().lost.is_empty() {
            std::thread::yield_now();
        }
        assert_eq!(client.stop().lost[0].why, "refused");
    }
}
