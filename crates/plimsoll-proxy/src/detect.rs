//! Tells HTTP/2 with prior knowledge from HTTP/1 by the connection's first bytes, without taking them.

use std::io;
use std::time::Duration;

use tokio::net::TcpStream;

/// The first bytes of HTTP/2's preface that no HTTP/1 request of a client begins with.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n";

/// Waits for the first bytes. Bounded by the caller's time-out.
pub(crate) async fn speaks_http2(stream: &TcpStream) -> io::Result<bool> {
    let mut first = [0; PREFACE.len()];
    loop {
        let seen = stream.peek(&mut first).await?;
        if seen == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if !PREFACE.starts_with(&first[..seen]) {
            return Ok(false);
        }
        if seen == PREFACE.len() {
            return Ok(true);
        }
        // Part of the preface. The socket stays readable, so there is no event to wait for; this is so rare
        // that asking again soon is enough.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
