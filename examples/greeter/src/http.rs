//! As much of HTTP/1.1 as a service behind a proxy needs: requests without a body, answers with a length.

use std::fmt::Write as _;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;

/// Longest line of a request's head, and most lines of it.
const LONGEST_LINE: u64 = 8 * 1024;
const MOST_LINES: usize = 100;

/// A client's connection.
pub struct Connection {
    reader: BufReader<TcpStream>,
    writer: TcpStream,
}

/// A request's head.
pub struct Request {
    pub method: String,
    pub path: String,
    /// Whether the client wants no further answer on this connection.
    pub close: bool,
}

/// An answer.
pub struct Response {
    pub status: u16,
    pub content_type: &'static str,
    pub body: String,
    pub close: bool,
}

impl Connection {
    pub fn new(stream: TcpStream) -> io::Result<Self> {
        Ok(Self { reader: BufReader::new(stream.try_clone()?), writer: stream })
    }

    /// The next request; `None` when the client is gone or is not understood.
    pub fn next(&mut self) -> Option<Request> {
        let first = self.line()?;
        let mut words = first.split(' ');
        let (method, target, protocol) = (words.next()?, words.next()?, words.next()?);
        let path = target.split('?').next().unwrap_or_default();
        let mut request =
            Request { method: method.to_owned(), path: path.to_owned(), close: protocol != "HTTP/1.1" };
        for _ in 0..MOST_LINES {
            let line = self.line()?;
            if line.is_empty() {
                return Some(request);
            }
            let (name, value) = line.split_once(':')?;
            match name.to_ascii_lowercase().as_str() {
                "connection" => request.close = value.trim().eq_ignore_ascii_case("close"),
                // Nobody needs to send a body here; the rest of the connection would not be understood.
                "content-length" if value.trim() != "0" => request.close = true,
                "transfer-encoding" => request.close = true,
                _ => {}
            }
        }
        None
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        self.reader.by_ref().take(LONGEST_LINE).read_line(&mut line).ok()?;
        line.strip_suffix('\n').map(|line| line.trim_end_matches('\r').to_owned())
    }

    pub fn send(&mut self, response: &Response) -> io::Result<()> {
        let Response { status, content_type, body, close } = response;
        let mut text = format!("HTTP/1.1 {status} {}\r\n", reason(*status));
        let connection = if *close { "close" } else { "keep-alive" };
        // One write, so that head and body leave in one packet.
        write!(
            text,
            "content-type: {content_type}\r\ncontent-length: {}\r\nconnection: {connection}\r\n\r\n{body}",
            body.len()
        )
        .map_err(io::Error::other)?;
        self.writer.write_all(text.as_bytes())
    }
}

impl Response {
    pub fn text(status: u16, body: &str) -> Self {
        Self { status, content_type: "text/plain; version=0.0.4", body: body.to_owned(), close: false }
    }

    pub fn json(status: u16, body: &str) -> Self {
        Self { status, content_type: "application/json", body: body.to_owned(), close: false }
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        404 => "Not Found",
        405 => "Method Not Allowed",
        _ => "Internal Server Error",
    }
}
