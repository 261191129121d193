//! A service of a few lines: `/healthz`, `/`, `/slow`, `/crash`, and faults by its environment.
//!
//! `tiny_service --port N`. `TINY_HEALTH` is the probe's status, `TINY_EXIT` an exit code after a moment,
//! `TINY_EAT` a number of megabytes to take, `TINY_STUBBORN` 1 ignores SIGTERM, `TINY_WAIT` milliseconds until it listens, `TINY_LINES` lines to print at once.

#![allow(clippy::print_stdout, clippy::print_stderr, clippy::exit)] // it is a program

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::exit;
use std::thread;
use std::time::Duration;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if number("TINY_STUBBORN") == Some(1) {
        ignore_sigterm(&args[1..]);
    }
    let at = args.iter().position(|arg| arg == "--port").expect("--port");
    let port: u16 = args[at + 1].parse().expect("a port");
    let lines: u32 = number("TINY_LINES").unwrap_or(0);
    for line in 0..lines {
        println!("line {line}");
    }
    println!("starting on port {port}");
    eprintln!("release {}", std::env::var("PLIMSOLL_RELEASE").unwrap_or_default());
    if let Some(code) = number("TINY_EXIT") {
        thread::sleep(Duration::from_millis(20));
        exit(code);
    }
    if let Some(megabytes) = number::<usize>("TINY_EAT") {
        let eaten = vec![7_u8; megabytes << 20];
        println!("ate {}", eaten.iter().map(|byte| usize::from(*byte)).sum::<usize>());
    }
    thread::sleep(Duration::from_millis(number("TINY_WAIT").unwrap_or(0)));
    let listener = match TcpListener::bind(("127.0.0.1", port)) {
        Ok(listener) => listener,
        Err(error) => {
            eprintln!("cannot listen on port {port}: {error}");
            exit(1);
        }
    };
    for stream in listener.incoming().flatten() {
        thread::spawn(move || drop(answer(stream)));
    }
}

/// Only a shell can do it without `unsafe`; what is ignored stays so when the shell becomes this program again.
fn ignore_sigterm(args: &[String]) {
    let me = std::env::current_exe().expect("this program has a path");
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", "trap '' TERM; exec \"$0\" \"$@\""]).arg(me).args(args).env("TINY_STUBBORN", "2");
    panic!("no shell: {}", std::os::unix::process::CommandExt::exec(&mut shell));
}

fn number<T: std::str::FromStr>(name: &str) -> Option<T> {
    std::env::var(name).ok()?.parse().ok()
}

fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    let mut from = BufReader::new(stream.try_clone()?);
    loop {
        let mut request = String::new();
        if from.read_line(&mut request)? == 0 {
            return Ok(());
        }
        let (mut header, mut close) = (String::new(), false);
        while from.read_line(&mut header)? > 2 {
            close |= header.to_ascii_lowercase().starts_with("connection: close");
            header.clear();
        }
        let path = request.split(' ').nth(1).unwrap_or("/");
        let (status, body) = match path {
            "/healthz" => (number("TINY_HEALTH").unwrap_or(200), "health".to_owned()),
            "/slow" => {
                thread::sleep(Duration::from_millis(number("TINY_SLOW").unwrap_or(1000)));
                (200, "slow".to_owned())
            }
            "/crash" => exit(9),
            "/environment" => {
                let all = std::env::vars().map(|(name, value)| format!("{name}={value}\n"));
                (200, all.collect())
            }
            "/folder" => (200, std::env::current_dir()?.display().to_string()),
            _ => (200, std::env::var("PLIMSOLL_INSTANCE").unwrap_or_default()),
        };
        write!(stream, "HTTP/1.1 {status} Status\r\nContent-Length: {}\r\n\r\n{body}", body.len())?;
        if close {
            return Ok(());
        }
    }
}
