// The service that the tests ship: HTTP/1.1 with keep-alive, a thread a connection, behaviour by its environment.
//
// VERSION is said in every answer, ERROR_PERCENT of the answers are 500, DELAY_MS is added to each. The probe is always
// healthy unless HEALTH says another status. TOKEN is printed. EXIT ends it at once, EXIT_LATE after it has printed; STRAY
// leaves a process behind that sleeps so long; LISTEN_ON has it take another port than its own; BECOME has it turn into
// another program. SIGTERM ends it at once: who calls it must have drained it first.
// What it may do is tried with `/eat/MEGABYTES` (takes memory and keeps it), `/burn/MILLISECONDS` (keeps two processors busy and
// says how many milliseconds of them it got) and `/write/PATH` (writes a file).
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

static REQUESTS: AtomicU64 = AtomicU64::new(0);
static ERRORS: AtomicU64 = AtomicU64::new(0);

fn setting(name: &str) -> u64 {
    std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(0)
}

fn main() {
    if let Ok(other) = std::env::var("BECOME") {
        use std::os::unix::process::CommandExt as _;
        let error = std::process::Command::new(&other).env_remove("BECOME").exec();
        panic!("{other}: {error}");
    }
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
    let tried = path[1..].split_once('/').and_then(|(what, how)| attempt(what, how));
    if let Some(said) = tried {
        return (200, said);
    }
    let number = REQUESTS.fetch_add(1, Ordering::Relaxed);
    std::thread::sleep(Duration::from_millis(setting("DELAY_MS")));
    let every = setting("ERROR_PERCENT");
    // Spread evenly: of every hundred answers, this many are bad.
    if every > 0 && (number * every) % 100 < every {
        ERRORS.fetch_add(1, Ordering::Relaxed);
        return (500, "told to fail".to_owned());
    }
    (200, std::env::var("VERSION").unwrap_or_default())
}

fn attempt(what: &str, how: &str) -> Option<String> {
    Some(match what {
        "eat" => {
            let eaten = vec![1u8; how.parse::<usize>().ok()? << 20];
            format!("has {} bytes", std::mem::ManuallyDrop::new(eaten).len())
        }
        "burn" => {
            let (end, before) = (Instant::now() + Duration::from_millis(how.parse().ok()?), used());
            let burn = move || while Instant::now() < end {};
            let other = std::thread::spawn(burn);
            burn();
            let _ = other.join();
            format!("{}", used() - before)
        }
        "write" => match std::fs::write(format!("/{how}"), "x") {
            Ok(()) => "written".to_owned(),
            Err(error) => error.to_string(),
        },
        _ => return None,
    })
}

/// Milliseconds of processor time that this process had: the 14th and 15th field, in hundredths of a second.
fn used() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default().to_owned();
    after.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<u64>().ok()).sum::<u64>() * 10
}
