//! A DNS stub: asks the configured servers, one after the other, over UDP and, where an answer was cut short, TCP.
//!
//! Packets are built and read by `simple-dns`; what is here is whom to ask, how long to wait and what to believe.
//! An answer counts only from the address that was asked (the socket is connected), with the number and the question
//! that were sent. There is no cache: whoever asks often is a driver with a connection pool of its own.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use simple_dns::rdata::RData;
use simple_dns::{CLASS, Name, Packet, PacketFlag, Question, RCODE, TYPE};

use super::ResolveError;
use super::config::Config;

/// How deep aliases of aliases are followed within one answer.
const MAX_ALIASES: usize = 16;

/// What one name and type gave.
enum Found {
    /// Addresses; none where the name exists and has no address of this type.
    Addresses(Vec<IpAddr>),
    /// The servers say that the name does not exist.
    NoSuchName,
}

/// Asks for the addresses of a host, through the search list, until `deadline`.
pub(super) fn lookup(config: &Config, host: &str, deadline: Instant) -> Result<Vec<IpAddr>, ResolveError> {
    for name in config.candidates(host) {
        if name.len() > 253 {
            continue;
        }
        let failed = |why| ResolveError::NoAnswer { name: host.to_owned(), why };
        let Found::Addresses(mut found) = ask_all(config, &name, TYPE::A, deadline).map_err(failed)? else {
            continue;
        };
        match ask_all(config, &name, TYPE::AAAA, deadline) {
            Ok(Found::Addresses(more)) => found.extend(more),
            Ok(Found::NoSuchName) => {}
            // Some servers do not answer questions for IPv6 addresses; what is known is enough.
            Err(_) if !found.is_empty() => {}
            Err(why) => return Err(failed(why)),
        }
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Err(ResolveError::NotFound(host.to_owned()))
}

/// Asks server after server, as often as configured; the reason of the last failure where none is of use.
fn ask_all(config: &Config, name: &str, kind: TYPE, deadline: Instant) -> Result<Found, String> {
    let mut why = "the time was up before a DNS server was asked".to_owned();
    for _ in 0..config.attempts {
        for server in &config.servers {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(why);
            }
            match ask(*server, name, kind, config.timeout.min(left)) {
                Ok(found) => return Ok(found),
                Err(error) => why = format!("DNS server {}: {error}", server.ip()),
            }
        }
    }
    Err(why)
}

/// A problem with one server.
#[derive(Debug, thiserror::Error)]
enum AskError {
    #[error("{0}")]
    Io(#[source] std::io::Error),
    #[error("no answer within {0:?}")]
    Silent(Duration),
    #[error("it answered {0:?}")]
    Refused(RCODE),
    #[error("its answer is not understood")]
    NotUnderstood,
}

fn ask(server: SocketAddr, name: &str, kind: TYPE, timeout: Duration) -> Result<Found, AskError> {
    let deadline = Instant::now() + timeout;
    let id = random_id();
    let mut query = Packet::new_query(id);
    query.set_flags(PacketFlag::RECURSION_DESIRED);
    let qname = Name::new(name).map_err(|_| AskError::NotUnderstood)?;
    query.questions.push(Question::new(qname, kind.into(), CLASS::IN.into(), false));
    let query = query.build_bytes_vec().map_err(|_| AskError::NotUnderstood)?;
    let answer = over_udp(server, &query, name, kind, deadline, timeout)?;
    if is_cut_short(&answer) {
        let answer = over_tcp(server, &query, deadline)?;
        return read(&answer, &query, name, kind)?.ok_or(AskError::NotUnderstood);
    }
    read(&answer, &query, name, kind)?.ok_or(AskError::NotUnderstood)
}

/// Waits for the packet that answers the query; others, late or forged, are passed over.
fn over_udp(
    server: SocketAddr,
    query: &[u8],
    name: &str,
    kind: TYPE,
    deadline: Instant,
    timeout: Duration,
) -> Result<Vec<u8>, AskError> {
    let any: IpAddr =
        if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind(SocketAddr::new(any, 0)).map_err(AskError::Io)?;
    socket.connect(server).map_err(AskError::Io)?;
    socket.send(query).map_err(AskError::Io)?;
    let mut buffer = [0; 4096];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(AskError::Silent(timeout));
        }
        socket.set_read_timeout(Some(left)).map_err(AskError::Io)?;
        let length = match socket.recv(&mut buffer) {
            Ok(length) => length,
            Err(e) if is_timeout(&e) => return Err(AskError::Silent(timeout)),
            Err(e) => return Err(AskError::Io(e)),
        };
        let answer = &buffer[..length];
        if is_cut_short(answer) && answer[..2] == query[..2]
            || !matches!(read(answer, query, name, kind), Ok(None))
        {
            return Ok(answer.to_vec());
        }
    }
}

fn over_tcp(server: SocketAddr, query: &[u8], deadline: Instant) -> Result<Vec<u8>, AskError> {
    let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
    let mut stream = TcpStream::connect_timeout(&server, left).map_err(AskError::Io)?;
    stream.set_read_timeout(Some(left)).map_err(AskError::Io)?;
    stream.set_write_timeout(Some(left)).map_err(AskError::Io)?;
    let length = u16::try_from(query.len()).map_err(|_| AskError::NotUnderstood)?;
    let framed = [&length.to_be_bytes()[..], query].concat();
    stream.write_all(&framed).map_err(AskError::Io)?;
    let mut length = [0; 2];
    stream.read_exact(&mut length).map_err(AskError::Io)?;
    let mut answer = Vec::new();
    // `take` and a loop on the clock: a server that sends byte after byte would otherwise hold us for hours.
    let mut body = stream.take(u64::from(u16::from_be_bytes(length)));
    let mut buffer = [0; 4096];
    while body.limit() > 0 {
        if Instant::now() >= deadline {
            return Err(AskError::NotUnderstood);
        }
        match body.read(&mut buffer).map_err(AskError::Io)? {
            0 => return Err(AskError::NotUnderstood),
            n => answer.extend_from_slice(&buffer[..n]),
        }
    }
    Ok(answer)
}

/// Reads an answer; `None` where it does not belong to the query.
fn read(answer: &[u8], query: &[u8], name: &str, kind: TYPE) -> Result<Option<Found>, AskError> {
    if answer.len() < 12 || answer[..2] != query[..2] {
        return Ok(None);
    }
    // The parser reserves memory for as many records as the header claims; no record is shorter than 11 bytes.
    let claimed: usize =
        answer[4..12].chunks(2).map(|pair| usize::from(u16::from_be_bytes([pair[0], pair[1]]))).sum();
    if claimed > answer.len() / 5 {
        return Ok(None);
    }
    let Ok(packet) = Packet::parse(answer) else { return Ok(None) };
    let asked = Name::new(name).map_err(|_| AskError::NotUnderstood)?;
    let ours = packet.questions.len() == 1
        && packet.questions[0].qname == asked
        && packet.questions[0].qtype == kind.into();
    if !packet.has_flags(PacketFlag::RESPONSE) || !ours {
        return Ok(None);
    }
    match packet.rcode() {
        RCODE::NoError => Ok(Some(Found::Addresses(addresses(&packet, asked, kind)))),
        RCODE::NameError => Ok(Some(Found::NoSuchName)),
        other => Err(AskError::Refused(other)),
    }
}

/// The addresses of a name in an answer, through its aliases.
fn addresses(packet: &Packet<'_>, asked: Name<'_>, kind: TYPE) -> Vec<IpAddr> {
    let mut name = asked;
    for _ in 0..MAX_ALIASES {
        let alias = packet.answers.iter().find_map(|record| match &record.rdata {
            RData::CNAME(to) if record.name == name => Some(to.0.clone()),
            _ => None,
        });
        match alias {
            Some(to) => name = to,
            None => break,
        }
    }
    let of_name = packet.answers.iter().filter(|record| record.name == name);
    let found = of_name.filter_map(|record| match (&record.rdata, kind) {
        (RData::A(a), TYPE::A) => Some(Ipv4Addr::from(a.address).into()),
        (RData::AAAA(a), TYPE::AAAA) => Some(Ipv6Addr::from(a.address).into()),
        _ => None,
    });
    found.collect()
}

fn is_cut_short(answer: &[u8]) -> bool {
    answer.len() >= 12 && answer[2] & 0b10 != 0
}

fn is_timeout(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
}

/// A number that others cannot guess: the standard library's hash keys come from the kernel's random source.
fn random_id() -> u16 {
    use std::hash::{BuildHasher, Hasher};
    let mut hasher = std::collections::hash_map::RandomState::new().build_hasher();
    hasher.write_u8(0);
    let [a, b, ..] = hasher.finish().to_ne_bytes();
    u16::from_ne_bytes([a, b])
}

#[cfg(test)]
mod tests;
