//! Instances and clients for the proxy's tests: raw sockets and threads, so that a test can break any rule of HTTP
//! that it wants to see handled.
#![allow(
    missing_docs,
    missing_debug_implementations,
    dead_code,
    unreachable_pub,
    reason = "each test file uses another part"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use plimsoll_model::traffic::{Arm, ArmTraffic, Backend, RouteTable, Stickiness, TrafficReport};
use plimsoll_model::{InstanceId, ReleaseId, Share};
use plimsoll_proxy::{Proxy, ProxyOptions};

pub const STABLE: &str = "aaaaaaaaaaaa";
pub const CANARY: &str = "bbbbbbbbbbbb";

/// A message's head, and its body if it was read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Message {
    pub first_line: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Message {
    pub fn status(&self) -> u16 {
        self.first_line.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The release that answered.
    pub fn release(&self) -> &str {
        self.header("x-plimsoll-release").unwrap_or("")
    }
}

/// Reads a head; `None` at the end of the connection.
pub fn read_head(reader: &mut impl BufRead) -> Option<Message> {
    let mut message = Message::default();
    let mut line = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let text = line.trim_end();
        if text.is_empty() {
            return Some(message);
        }
        if message.first_line.is_empty() {
            text.clone_into(&mut message.first_line);
        } else if let Some((name, value)) = text.split_once(':') {
            message.headers.push((name.to_lowercase(), value.trim().to_owned()));
        }
    }
}

/// Reads a body by `Content-Length` or chunks; trailers are added to the headers.
pub fn read_body(reader: &mut impl BufRead, message: &mut Message) -> Option<()> {
    if message.header("transfer-encoding") == Some("chunked") {
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let size = usize::from_str_radix(line.trim().split(';').next()?, 16).ok()?;
            if size == 0 {
                let trailers = read_trailers(reader)?;
                message.headers.extend(trailers);
                return Some(());
            }
            let start = message.body.len();
            message.body.resize(start + size, 0);
            reader.read_exact(&mut message.body[start..]).ok()?;
            reader.read_exact(&mut [0; 2]).ok()?;
        }
    }
    let length = message.header("content-length").map_or(0, |text| text.parse().unwrap_or(0));
    message.body.resize(length, 0);
    reader.read_exact(&mut message.body).ok()
}

fn read_trailers(reader: &mut impl BufRead) -> Option<Vec<(String, String)>> {
    let mut trailers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => trailers.push((name.to_lowercase(), value.trim().to_owned())),
            None => return Some(trailers),
        }
    }
}

/// An instance: a listener whose connections are served by `serve`, each on a thread.
#[derive(Debug)]
pub struct Instance {
    pub address: SocketAddr,
    pub connections: Arc<AtomicU64>,
}

impl Instance {
    /// Every connection is given to `serve`, which may do with it what it likes.
    pub fn raw(serve: impl Fn(BufReader<TcpStream>) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicU64::new(0));
        let (counter, serve) = (Arc::clone(&connections), Arc::new(serve));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                counter.fetch_add(1, SeqCst);
                stream.set_nodelay(true).unwrap();
                let serve = Arc::clone(&serve);
                thread::spawn(move || serve(BufReader::new(stream)));
            }
        });
        Self { address, connections }
    }

    /// Every request is read whole and answered with what `answer` writes; connections are kept.
    pub fn answering(answer: impl Fn(&Message) -> String + Send + Sync + 'static) -> Self {
        Self::raw(move |mut reader| {
            while let Some(mut request) = read_head(&mut reader) {
                if read_body(&mut reader, &mut request).is_none() {
                    return;
                }
                let answer = answer(&request);
                if reader.get_mut().write_all(answer.as_bytes()).is_err() {
                    return;
                }
            }
        })
    }

    /// Answers 200 with `text`.
    pub fn saying(text: &'static str) -> Self {
        Self::answering(move |_| ok(text))
    }
}

/// An address where nobody listens.
pub fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

pub fn ok(text: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{text}", text.len())
}

/// A client's connection.
#[derive(Debug)]
pub struct Client {
    pub reader: BufReader<TcpStream>,
}

impl Client {
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        Self { reader: BufReader::new(stream) }
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.reader.get_mut().write_all(bytes.as_ref()).unwrap();
        self
    }

    pub fn head(&mut self) -> Message {
        self.try_head().expect("an answer")
    }

    pub fn try_head(&mut self) -> Option<Message> {
        read_head(&mut self.reader)
    }

    /// Reads an answer with its body.
    pub fn answer(&mut self) -> Message {
        self.try_answer().expect("a whole answer")
    }

    pub fn try_answer(&mut self) -> Option<Message> {
        let mut message = self.try_head()?;
        read_body(&mut self.reader, &mut message)?;
        Some(message)
    }

    /// `GET path` with further header lines.
    pub fn get(&mut self, path: &str, lines: &str) -> Message {
        self.send(format!("GET {path} HTTP/1.1\r\nhost: shop\r\n{lines}\r\n")).answer()
    }

    /// Whether the other side has closed.
    pub fn is_closed(&mut self) -> bool {
        let mut rest = Vec::new();
        self.reader.read_to_end(&mut rest).is_ok() && rest.is_empty()
    }
}

/// One `GET /` on a new connection.
pub fn get(proxy: &Proxy) -> Message {
    Client::connect(proxy.local_addr()).get("/", "")
}

pub fn proxy() -> Proxy {
    Proxy::start(options()).unwrap()
}

pub fn options() -> ProxyOptions {
    ProxyOptions { workers: 2, ..ProxyOptions::default() }
}

/// An arm whose instances are all ready.
pub fn arm(release: &str, percent: u32, addresses: &[SocketAddr]) -> Arm {
    let release: ReleaseId = release.parse().unwrap();
    let backends = (0..)
        .zip(addresses)
        .map(|(n, address)| Backend {
            instance: InstanceId::new(release.clone(), n),
            address: *address,
            ready: true,
        })
        .collect();
    Arm { release, weight: Share::percent(percent), backends }
}

pub fn table(version: u64, arms: Vec<Arm>) -> RouteTable {
    RouteTable {
        version,
        arms,
        stickiness: Stickiness::None,
        latency_bounds: vec![0.1, 1.0],
        maintenance: None,
    }
}

/// The counters of one release.
pub fn counters(report: &TrafficReport, release: &str) -> ArmTraffic {
    report.arms.iter().find(|arm| arm.release.as_str() == release).cloned().expect("the release is counted")
}

pub fn in_flight(proxy: &Proxy) -> u64 {
    proxy.report().in_flight.iter().map(|open| open.requests).sum()
}

/// Waits until `reached`, and fails loudly where it never is.
pub fn eventually(what: &str, mut reached: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !reached() {
        assert!(Instant::now() < deadline, "{what} did not come about");
        thread::sleep(Duration::from_millis(2));
    }
}
