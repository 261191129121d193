//! A client that sends requests at a steady rate over kept connections, and counts what it loses.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What came of the requests.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    /// Requests sent.
    pub requests: u64,
    /// Requests lost: refused, reset, timed out, or answered by the proxy itself with 502, 503 or 504.
    pub lost: Vec<String>,
    /// Answers of the service with 5xx.
    pub bad: u64,
    /// Good answers by their text (the version).
    pub good: BTreeMap<String, u64>,
}

/// A running client.
pub struct Load {
    stop: Arc<AtomicBool>,
    counts: Arc<Mutex<Counts>>,
    threads: Vec<JoinHandle<()>>,
}

/// Connections; each sends its part of the rate.
const CONNECTIONS: u32 = 4;

impl Load {
    /// Sends `rate` requests a second to a port of this machine until it is stopped.
    pub fn start(port: u16, rate: u32) -> Self {
        let (stop, counts) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Counts::default())));
        let pause = Duration::from_secs(1) * CONNECTIONS / rate;
        let threads = (0..CONNECTIONS).map(|_| {
            let (stop, counts) = (Arc::clone(&stop), Arc::clone(&counts));
            std::thread::spawn(move || send(port, pause, &stop, &counts))
        });
        Self { threads: threads.collect(), stop, counts }
    }

    /// What has come of it so far.
    pub fn counts(&self) -> Counts {
        self.counts.lock().expect("no thread panics").clone()
    }

    /// Fails the test if a request was lost so far.
    #[track_caller]
    pub fn lost_nothing(&self, case: &str) {
        assert_eq!(self.counts().lost, Vec::<String>::new(), "{case}");
    }

    /// Stops, and says what came of it.
    pub fn stop(mut self) -> Counts {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            thread.join().expect("no thread panics");
        }
        self.counts()
    }
}

fn send(port: u16, pause: Duration, stop: &AtomicBool, counts: &Mutex<Counts>) {
    let mut connection = None;
    let mut due = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        let result = exchange(port, &mut connection);
        let mut counts = counts.lock().expect("no thread panics");
        counts.requests += 1;
        match result {
            Ok((200, _, body)) => *counts.good.entry(body).or_default() += 1,
            Ok((500.., true, _)) => counts.bad += 1,
            Ok((status, _, body)) => counts.lost.push(format!("{status} {body}")),
            Err(error) => counts.lost.push(error.to_string()),
        }
        drop(counts);
        due += pause;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
}

/// One request: status, whether an instance answered (and not the proxy itself), and the body.
fn exchange(
    port: u16,
    connection: &mut Option<BufReader<TcpStream>>,
) -> std::io::Result<(u16, bool, String)> {
    let result = (|| {
        if connection.is_none() {
            let stream = TcpStream::connect(("127.0.0.1", port))?;
            stream.set_read_timeout(Some(Duration::from_secs(10)))?;
            stream.set_nodelay(true)?;
            *connection = Some(BufReader::new(stream));
        }
        let reader = connection.as_mut().expect("just made");
        reader.get_mut().write_all(b"GET / HTTP/1.1\r\nhost: test\r\n\r\n")?;
        read_answer(reader)
    })();
    if result.is_err() {
        *connection = None;
    }
    result
}

fn read_answer(reader: &mut BufReader<TcpStream>) -> std::io::Result<(u16, bool, String)> {
    let broken = |why: &str| std::io::Error::other(why.to_owned());
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Err(broken("closed before an answer"));
    }
    let status = line.split(' ').nth(1).and_then(|s| s.parse().ok()).ok_or_else(|| broken("no status"))?;
    let (mut length, mut from_instance) = (0, false);
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let header = line.trim().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().map_err(|_| broken("bad length"))?;
        }
        from_instance |= header.starts_with("x-plimsoll-release:");
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok((status, from_instance, String::from_utf8_lossy(&body).into_owned()))
}
