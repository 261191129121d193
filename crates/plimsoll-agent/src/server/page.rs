//! One page of an instance, for a coordinator that cannot reach it: `GET` on 127.0.0.1, in HTTP/1.0, so that the
//! answer is neither in chunks nor kept open.

use std::io::{self, ErrorKind, Read, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use plimsoll_model::agent::{Refusal, RefusalReason, Response};

/// The longest time for the whole page.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest head of an answer.
const LONGEST_HEAD: usize = 16 * 1024;

/// Fetches a page of at most `limit` bytes.
pub(super) fn fetch(port: u16, path: &str, limit: u32) -> Result<Response, Refusal> {
    // The path comes from another machine: it must not become a second header.
    if !path.starts_with('/') || !path.bytes().all(|byte| byte.is_ascii_graphic()) {
        let message = format!("the page `{}` cannot be asked for", path.escape_debug());
        return Err(Refusal::new(RefusalReason::Invalid, message));
    }
    let failed = |why: String| Refusal::new(RefusalReason::Failed, format!("port {port}{path}: {why}"));
    let answer = ask(port, path, LONGEST_HEAD + limit as usize).map_err(|error| match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => failed("no answer within 5 s".to_owned()),
        _ => failed(error.to_string()),
    })?;
    let (status, body) = split(&answer).ok_or_else(|| failed("the answer is not HTTP/1".to_owned()))?;
    if body.len() > limit as usize {
        return Err(failed(format!("the page is longer than {limit} bytes")));
    }
    Ok(Response::Page { status, body: String::from_utf8_lossy(body).into_owned() })
}

/// The whole answer, and one byte more than `limit` where there is more.
fn ask(port: u16, path: &str, limit: usize) -> io::Result<Vec<u8>> {
    let deadline = Instant::now() + PATIENCE;
    let mut stream = TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), PATIENCE)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let request = format!(
        "GET {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: plimsoll\r\n\
         Accept: text/plain;version=0.0.4,*/*;q=0.1\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    let (mut answer, mut buffer) = (Vec::new(), [0; 16 * 1024]);
    while answer.len() <= limit && !is_whole(&answer) {
        let left = deadline.saturating_duration_since(Instant::now());
        stream.set_read_timeout(Some(left.max(Duration::from_millis(1))))?;
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(_) if left.is_zero() => return Err(ErrorKind::TimedOut.into()),
            Ok(count) => answer.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(answer)
}

/// Whether as much has come as was announced. Some servers keep the connection open whatever they are asked.
fn is_whole(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let length =
        head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    length.is_some_and(|length| answer.len() - (end + 4) >= length)
}

/// The status and the content of an answer.
fn split(answer: &[u8]) -> Option<(u16, &[u8])> {
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let mut words = head.lines().next()?.split_ascii_whitespace();
    words.next().filter(|version| version.starts_with("HTTP/1."))?;
    let status = words.next()?.parse().ok().filter(|status| (100..600).contains(status))?;
    Some((status, &answer[end + 4..]))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn answered(answer: &'static [u8], limit: u32) -> Result<Response, Refusal> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            let count = stream.read(&mut request).unwrap();
            assert!(request[..count].starts_with(b"GET /metrics HTTP/1.0\r\n"));
            let _ = stream.write_all(answer);
            // Some keep the connection open, and only what was announced tells the end.
            if answer.starts_with(b"HTTP/1.1 203") {
                let _ = stream.read(&mut request);
            }
        });
        let page = fetch(port, "/metrics", limit);
        server.join().unwrap();
        page
    }

    #[test]
    fn a_page_is_its_status_and_content() {
        let page = answered(b"HTTP/1.1 200 OK\r\nA: b\r\n\r\nup 1\n", 100).unwrap();
        assert_eq!(page, Response::Page { status: 200, body: "up 1\n".to_owned() });
        assert!(answered(b"HTTP/1.1 200 OK\r\n\r\nup 1\n", 4).unwrap_err().message.contains("longer than 4"));
        let open = answered(b"HTTP/1.1 203 OK\r\nContent-Length: 5\r\n\r\nup 1\n", 100).unwrap();
        assert_eq!(open, Response::Page { status: 203, body: "up 1\n".to_owned() });
        assert!(answered(b"SSH-2.0-x\r\n\r\n", 100).is_err());
    }

    #[test]
    fn a_path_is_no_second_header() {
        for path in ["metrics", "/ HTTP/1.1\r\nX: y", "/\u{e9}"] {
            assert_eq!(fetch(1, path, 1).unwrap_err().reason, RefusalReason::Invalid, "{path}");
        }
    }
}
