// The service that the tests ship: HTTP/1.1 with keep-alive, a thread a connection, behaviour by its environment.
//
// VERSION is said in every answer, ERROR_PERCENT of the answers are 500, DELAY_MS is added to each. The probe is always
// healthy unless HEALTH says another status. TOKEN is printed. EXIT ends it at once, EXIT_LATE after it has printed; STRAY
// leaves a process behind that sleeps so long; LISTEN_ON has it take another port than its own. SIGTERM ends it at once: who
// calls it must have drained it first.
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};

static REQUESTS: AtomicU64 = AtomicU64::new(0);
static ERRORS: AtomicU64 = AtomicU64::new(0);

fn setting(name: &str) -> u64 {
    std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(0)
}

fn main() {
    let port: u16 = std::env::var("PORT").expect("PORT").parse().expect("a port");
    if let Ok(code) = std::env::var("EXIT") {
        eprintln!("cannot start: told to exit with {code}");
        std::process::exit(code.parse().expect("a code"));
    }
    let port = if std::env::var_os("LISTEN_ON").is_some() { 0 } else { port };
    let listener = TcpListener::bind(("127.0.0.1", port)).expect("listen");
    let port = listener.local_addr().expect("an address").port();
    if let Ok(seconds) = std::env::var("STRAY") {
        // As a daemon: in a session of its own, its parent gone.
        let started = std::process::Command::new("setsid").args(["--fork", "sleep", &seconds]).status();
        started.expect("setsid runs");
    }
    println!("listening on {port}");
    if let Ok(token) = std::env::var("TOKEN") {
        println!("the token is {token}, in JSON {token:?}");
    }
    if let Ok(code) = std::env::var("EXIT_LATE") {
        std::process::exit(code.parse().expect("a code"));
    }
    for stream in listener.incoming().flatten() {
        let _ = stream.set_nodelay(true);
        std::thread::spawn(move || drop(serve(stream)));
    }
}

fn serve(mut stream: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let mut request = String::new();
        if reader.read_line(&mut request)? == 0 {
            return Ok(());
        }
        let mut header = String::new();
        while reader.read_line(&mut header)? > 2 {
            header.clear();
        }
        let path = request.split(' ').nth(1).unwrap_or("/").to_owned();
        let (status, body) = answer(&path);
        let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n", body.len());
        stream.write_all(format!("{head}{body}").as_bytes())?;
    }
}

fn answer(path: &str) -> (u64, String) {
    if path == "/healthz" {
        let status = setting("HEALTH");
        return (if status == 0 { 200 } else { status }, "health".to_owned());
    }
    if path == "/metrics" {
        let (all, bad) = (REQUESTS.load(Ordering::Relaxed), ERRORS.load(Ordering::Relaxed));
        let release = std::env::var("PLIMSOLL_RELEASE").unwrap_or_default();
        return (
            200,
            format!(
                "# TYPE http_requests_total counter\nhttp_requests_total{{release=\"{release}\",code=\"200\"}} {}\nhttp_requests_total{{release=\"{release}\",code=\"500\"}} {bad}\n",
                all - bad
            ),
        );
    }
    let number = REQUESTS.fetch_add(1, Ordering::Relaxed);
    std::thread::sleep(std::time::Duration::from_millis(setting("DELAY_MS")));
    let every = setting("ERROR_PERCENT");
    // Spread evenly: of every hundred answers, this many are bad.
    if every > 0 && (number * every) % 100 < every {
        ERRORS.fetch_add(1, Ordering::Relaxed);
        return (500, "told to fail".to_owned());
    }
    (200, std::env::var("VERSION").unwrap_or_default())
}
