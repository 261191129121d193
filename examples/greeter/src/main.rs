//! A greeter: small, but with what a service needs to be shipped without losing a request.
//!
//! It listens on the port in `PORT`, keeps connections open, answers `/`, `/healthz` and `/metrics`, writes
//! structured log lines, and on SIGTERM finishes the requests that it has and leaves. One thread a connection.

mod connections;
mod http;
mod log;
mod metrics;
mod version;

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use connections::Connections;
use http::{Connection, Request, Response};
use metrics::Metrics;
use signal_hook::consts::{SIGINT, SIGTERM};

/// How long running requests may take to finish after SIGTERM.
const GRACE: Duration = Duration::from_secs(10);
/// How long an idle connection is kept; longer than any proxy in front of it keeps its own.
const IDLE: Duration = Duration::from_secs(75);

#[derive(Default)]
struct Greeter {
    greetings: AtomicU64,
    metrics: Metrics,
    connections: Connections,
}

fn main() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log::line("error", "stopped", &[("error", &error)]);
            ExitCode::FAILURE
        }
    }
}

fn serve() -> Result<(), String> {
    let port = std::env::var("PORT").map_err(|_| "the variable PORT is not set".to_owned())?;
    let port: u16 = port.parse().map_err(|_| format!("PORT is `{port}`, which is no port"))?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|e| format!("port {port}: {e}"))?;
    let greeter = Arc::new(Greeter::default());
    leave_on_signal(Arc::clone(&greeter), port)?;
    log::line("info", "listening", &[("port", &port.to_string())]);
    for stream in listener.incoming() {
        if greeter.connections.are_closing() {
            break;
        }
        let Ok(stream) = stream else { continue };
        let greeter = Arc::clone(&greeter);
        std::thread::spawn(move || greeter.talk(stream));
    }
    let left = greeter.connections.wait(GRACE);
    log::line("info", "stopped", &[("unfinished", &left.to_string())]);
    Ok(())
}

/// Lets a thread wait for SIGTERM, which then closes what is idle and wakes the listener up.
fn leave_on_signal(greeter: Arc<Greeter>, port: u16) -> Result<(), String> {
    let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGINT]).map_err(|e| e.to_string())?;
    std::thread::spawn(move || {
        if signals.forever().next().is_some() {
            log::line("info", "stopping", &[]);
            greeter.connections.close();
            // A listener cannot be interrupted; a connection lets it look around.
            let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, port));
        }
    });
    Ok(())
}

impl Greeter {
    /// Answers the requests of one connection, one after the other.
    fn talk(&self, stream: TcpStream) {
        let ready = stream.set_nodelay(true).and_then(|()| stream.set_read_timeout(Some(IDLE)));
        let Some(place) = ready.ok().and_then(|()| self.connections.enter(&stream)) else { return };
        let Ok(mut connection) = Connection::new(stream) else { return };
        while let Some(request) = connection.next() {
            let _busy = place.busy();
            let started = Instant::now();
            let mut response = self.answer(&request);
            response.close = request.close || self.connections.are_closing();
            if request.path == "/" {
                self.metrics.record(response.status, started.elapsed());
            }
            let sent = connection.send(&response);
            if sent.is_err() || response.close {
                return;
            }
        }
    }

    fn answer(&self, request: &Request) -> Response {
        match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/healthz") => Response::text(200, "ok\n"),
            ("GET", "/metrics") => Response::text(200, &self.metrics.page()),
            ("GET", "/") => self.greet(),
            ("GET", _) => Response::text(404, "there is nothing here\n"),
            _ => Response::text(405, "only GET is understood\n"),
        }
    }

    fn greet(&self) -> Response {
        std::thread::sleep(Duration::from_millis(version::EXTRA_LATENCY_MS));
        let number = self.greetings.fetch_add(1, Ordering::Relaxed);
        if fails(number) {
            log::line("error", "the greeting was lost", &[("number", &number.to_string())]);
            return Response::json(500, "{\"error\":\"the greeting was lost\"}\n");
        }
        Response::json(
            200,
            &format!(
                "{{\"greeting\":\"hello\",\"version\":\"{}\",\"pid\":{}}}\n",
                version::VERSION,
                std::process::id()
            ),
        )
    }
}

/// Spreads the failures evenly and begins with successes: a short test does not see them, traffic does.
fn fails(number: u64) -> bool {
    let (before, now) = (number * version::ERRORS_PER_THOUSAND, (number + 1) * version::ERRORS_PER_THOUSAND);
    now / 1000 > before / 1000
}
