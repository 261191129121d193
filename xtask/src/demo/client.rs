//! A client's connection: as much of HTTP/1.1 as the load needs, one request after the other, kept open.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// The longest wait for anything.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Names the release that answered; the proxy sets it on answers of instances and on no answer of its own.
const RELEASE: &str = "x-plimsoll-release";

/// A connection to the service.
pub(super) struct Connection {
    reader: BufReader<TcpStream>,
    writer: TcpStream,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// The release that gave it; none where the proxy had to.
    pub(super) release: Option<String>,
    pub(super) body: String,
    /// Whether the connection ends with it.
    pub(super) close: bool,
}

/// Why there was no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lost {
    Refused,
    Reset,
    TimedOut,
    Garbled,
}

impl Connection {
    pub(super) fn open(address: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        Ok(Self { reader: BufReader::new(stream.try_clone()?), writer: stream })
    }

    /// Asks for a page and reads the whole answer.
    pub(super) fn get(&mut self, path: &str) -> Result<Answer, Lost> {
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        self.writer.write_all(request.as_bytes()).map_err(lost)?;
        let status = self.line()?.split(' ').nth(1).and_then(|s| s.parse().ok()).ok_or(Lost::Garbled)?;
        let mut answer = Answer { status, release: None, body: String::new(), close: false };
        let mut length = None;
        loop {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').ok_or(Lost::Garbled)?;
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse::<usize>().ok(),
                "connection" => answer.close = value.eq_ignore_ascii_case("close"),
                RELEASE => answer.release = Some(value.to_owned()),
                _ => {}
            }
        }
        let mut body = vec![0; length.filter(|length| *length < 1 << 20).ok_or(Lost::Garbled)?];
        self.reader.read_exact(&mut body).map_err(lost)?;
        answer.body = String::from_utf8_lossy(&body).into_owned();
        Ok(answer)
    }

    fn line(&mut self) -> Result<String, Lost> {
        let mut line = String::new();
        let read = self.reader.read_line(&mut line).map_err(lost)?;
        // The connection ended where an answer should stand.
        if read == 0 { Err(Lost::Reset) } else { Ok(line.trim_end().to_owned()) }
    }
}

fn lost(error: std::io::Error) -> Lost {
    match error.kind() {
        std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut => Lost::TimedOut,
        std::io::ErrorKind::InvalidData => Lost::Garbled,
        _ => Lost::Reset,
    }
}
