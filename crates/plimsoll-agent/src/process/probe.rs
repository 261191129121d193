//! One HTTP probe: `GET path` on 127.0.0.1, and the answer's status. Nothing more of HTTP is needed, so no library.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::runtime::ProbeOutcome;

/// The longest answer head that is looked at.
const LONGEST_HEAD: usize = 16 * 1024;

/// Asks once. The time limit is on the whole, from connecting to the status line.
pub(super) fn probe(port: u16, path: &str, timeout: Duration) -> ProbeOutcome {
    match attempt(port, path, timeout) {
        Ok(status) => ProbeOutcome::Status(status),
        Err(why) => ProbeOutcome::Failed { why },
    }
}

fn attempt(port: u16, path: &str, timeout: Duration) -> Result<u16, String> {
    // The path comes from a release: it must not become a second header.
    if !path.starts_with('/') || !path.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(format!("the probe's path `{}` cannot be asked for", path.escape_debug()));
    }
    let deadline = Instant::now() + timeout;
    let late = || format!("no answer within {} ms", timeout.as_millis());
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => late(),
        ErrorKind::ConnectionRefused => format!("connection to port {port} refused"),
        _ => error.to_string(),
    };
    let left = || Some(deadline.saturating_duration_since(Instant::now())).filter(|left| !left.is_zero());
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, left().ok_or_else(late)?).map_err(failed)?;
    stream.set_write_timeout(left()).map_err(failed)?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: plimsoll-health\r\nAccept: */*\r\n\
         Connection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).map_err(failed)?;
    let (mut head, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        stream.set_read_timeout(Some(left().ok_or_else(late)?)).map_err(failed)?;
        let count = match stream.read(&mut buffer) {
            Ok(0) => return Err("the connection was closed before an answer".to_owned()),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            other => other.map_err(failed)?,
        };
        head.extend_from_slice(&buffer[..count]);
        if let Some(status) = status(&head)? {
            return Ok(status);
        }
        if head.len() > LONGEST_HEAD {
            return Err("the answer's head is too long".to_owned());
        }
    }
}

/// The status of the answer that `head` begins with; interim answers (1xx) are skipped, `None` needs more.
fn status(mut head: &[u8]) -> Result<Option<u16>, String> {
    loop {
        let Some(end) = head.iter().position(|byte| *byte == b'\n') else { return Ok(None) };
        let line = std::str::from_utf8(&head[..end]).unwrap_or_default();
        let mut words = line.split_ascii_whitespace();
        let version = words.next().filter(|word| word.starts_with("HTTP/1."));
        let code = words.next().filter(|word| word.len() == 3).and_then(|word| word.parse::<u16>().ok());
        let Some(code) = version.and(code).filter(|code| (100..600).contains(code)) else {
            return Err("the answer is not HTTP/1".to_owned());
        };
        if code >= 200 {
            return Ok(Some(code));
        }
        let Some(blank) = head.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { return Ok(None) };
        head = &head[blank + 4..];
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn answered(answer: &'static [u8]) -> ProbeOutcome {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            let count = stream.read(&mut request).unwrap();
            stream.write_all(answer).unwrap();
            String::from_utf8_lossy(&request[..count]).into_owned()
        });
        let outcome = probe(port, "/healthz", Duration::from_secs(5));
        assert!(server.join().unwrap().starts_with("GET /healthz HTTP/1.1\r\n"));
        outcome
    }

    #[test]
    fn the_status_counts() {
        assert_eq!(answered(b"HTTP/1.1 204 No Content\r\n\r\n"), ProbeOutcome::Status(204));
        assert_eq!(answered(b"HTTP/1.0 503 Sorry\r\n"), ProbeOutcome::Status(503));
        assert_eq!(
            answered(b"HTTP/1.1 103 Early\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\n"),
            ProbeOutcome::Status(200)
        );
    }

    #[test]
    fn what_is_not_http_fails() {
        for answer in
            [&b"SSH-2.0-x\r\n"[..], b"", b"HTTP/1.1 20\r\n", b"HTTP/1.1 999 x\r\n", b"HTTP/2 200\r\n"]
        {
            assert!(matches!(answered(answer), ProbeOutcome::Failed { .. }));
        }
    }

    #[test]
    fn silence_and_refusal_have_words() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let silent = probe(port, "/", Duration::from_millis(50));
        assert_eq!(silent, ProbeOutcome::Failed { why: "no answer within 50 ms".to_owned() });
        drop(listener);
        let refused = probe(port, "/", Duration::from_millis(500));
        assert_eq!(refused, ProbeOutcome::Failed { why: format!("connection to port {port} refused") });
        let smuggled = probe(port, "/ HTTP/1.1\r\nX: y", Duration::from_millis(50));
        assert!(matches!(smuggled, ProbeOutcome::Failed { why } if why.contains("cannot be asked for")));
    }
}
