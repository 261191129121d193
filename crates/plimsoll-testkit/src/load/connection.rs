//! A client's connection: as much of HTTP/1.1 as a load needs, one request after the other, kept open or not.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// The longest wait for anything.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Names the release that answered; the proxy sets it on answers of instances and on no answer of its own.
const RELEASE: &str = "x-plimsoll-release";

/// A connection to the service.
#[derive(Debug)]
pub struct Connection {
    reader: BufReader<TcpStream>,
    writer: TcpStream,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its status code.
    pub status: u16,
    /// The release that gave it; none where the proxy had to.
    pub release: Option<String>,
    /// Its text.
    pub body: String,
    /// Whether the connection ends with it.
    pub close: bool,
}

/// Why there was no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Lost {
    /// There was no connection.
    #[error("refused")]
    Refused,
    /// The connection ended before the answer did.
    #[error("reset")]
    Reset,
    /// Nothing came for too long.
    #[error("timed out")]
    TimedOut,
    /// What came was no answer.
    #[error("garbled")]
    Garbled,
}

impl Connection {
    /// Connects.
    pub fn open(address: SocketAddr) -> Result<Self, Lost> {
        let is_late = |error: &std::io::Error| error.kind() == std::io::ErrorKind::TimedOut;
        let refused = |error| if is_late(&error) { Lost::TimedOut } else { Lost::Refused };
        let stream = TcpStream::connect_timeout(&address, TIMEOUT).map_err(refused)?;
        Self::over(stream).map_err(refused)
    }

    fn over(stream: TcpStream) -> std::io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        Ok(Self { reader: BufReader::new(stream.try_clone()?), writer: stream })
    }

    /// Asks for a page and reads the whole answer. `last` asks for the connection to end with it.
    pub fn get(&mut self, path: &str, last: bool) -> Result<Answer, Lost> {
        let close = if last { "connection: close\r\n" } else { "" };
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{close}\r\n");
        self.writer.write_all(request.as_bytes()).map_err(lost)?;
        let status = self.line()?.split(' ').nth(1).and_then(|s| s.parse().ok()).ok_or(Lost::Garbled)?;
        let mut answer = Answer { status, release: None, body: String::new(), close: last };
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
                "connection" => answer.close |= value.eq_ignore_ascii_case("close"),
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
