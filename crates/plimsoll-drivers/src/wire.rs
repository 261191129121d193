//! One connection to an agent, whatever carries its bytes: the greeting, calls and their answers, and what happens
//! where the connection breaks. The framing is `plimsoll_model::frame`'s.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use plimsoll_model::agent::{
    Call, FRAME_CALL, FRAME_CONTENT, FRAME_REPLY, Refusal, RefusalReason, Reply, Request, Response,
};
use plimsoll_model::frame::{FrameError, read_frame, write_frame, write_message};
use plimsoll_model::{Fence, ServiceName};

use crate::host::HostError;

/// How long an agent may take to answer one request. The longest is sealing a release: hashing it once.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// How long it may take where nothing but a look or a word is asked: the other hosts wait for the answer.
const LOOK_TIMEOUT: Duration = Duration::from_secs(10);

/// A greeted connection.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: UnixStream,
    next_id: u64,
    /// What both sides speak.
    protocol: u32,
    /// The agent's version, for messages.
    version: String,
}

/// A call without the response that was hoped for.
#[derive(Debug)]
pub(crate) enum CallFailure {
    /// The agent, or this side in its place, refused.
    Refused(Refusal),
    /// The connection is of no more use.
    Lost(String),
}

/// A problem on the connection.
#[derive(Debug, thiserror::Error)]
enum WireError {
    #[error("{}", in_words(.0))]
    Frame(#[from] FrameError),
    #[error("the agent closed the connection")]
    Closed,
    #[error("the answer is a frame of kind {0}, which is none")]
    Kind(u8),
    #[error("the answer is not understood: {0}")]
    Json(#[source] serde_json::Error),
    #[error("it answered call {found} instead of {asked}")]
    Other { found: u64, asked: u64 },
}

fn in_words(error: &FrameError) -> String {
    match error {
        FrameError::Broken { source } if source.kind() == io::ErrorKind::TimedOut => {
            "no answer in time".to_owned()
        }
        FrameError::Broken { source } => format!("the connection broke: {source}"),
        other => other.to_string(),
    }
}

impl Wire {
    /// Says hello; `author` is who calls, for the host's trail.
    pub(crate) fn greet(
        stream: UnixStream,
        service: &ServiceName,
        author: Option<&str>,
    ) -> Result<Self, CallFailure> {
        let mut wire = Self { stream, next_id: 1, protocol: 1, version: String::new() };
        let hello = Request::hello(env!("CARGO_PKG_VERSION"), author);
        match wire.exchange(service, None, hello, &[])? {
            Response::Welcome { protocol, version, .. } => {
                (wire.protocol, wire.version) = (protocol, version);
                Ok(wire)
            }
            _ => Err(CallFailure::Lost("it answered `hello` with something else".to_owned())),
        }
    }

    /// Sends one request and waits for its answer.
    pub(crate) fn exchange(
        &mut self,
        service: &ServiceName,
        fence: Option<Fence>,
        request: Request,
        content: &[u8],
    ) -> Result<Response, CallFailure> {
        if request.since() > self.protocol {
            return Err(CallFailure::Refused(self.too_old(&request)));
        }
        let id = self.next_id;
        self.next_id += 1;
        let (name, patience) = (request.name(), patience(&request));
        let length = u32::try_from(content.len()).unwrap_or(u32::MAX);
        let call = Call { id, service: service.clone(), fence, request, content: length };
        let reply = talk(&self.stream, &call, content, patience);
        let reply = reply.map_err(|error| CallFailure::Lost(format!("{name}: {error}")))?;
        reply.result.map_err(CallFailure::Refused)
    }

    fn too_old(&self, request: &Request) -> Refusal {
        let message = format!(
            "`{}` needs protocol {}, and the agent there (plimsoll {}) speaks {}",
            request.name(),
            request.since(),
            self.version,
            self.protocol
        );
        Refusal::new(RefusalReason::Version, message)
            .with_help("end the older agent (`kill` and its process): instances and proxy go on, and a newer one takes over")
    }
}

/// A way to the agent of one host.
pub(crate) trait Dial {
    /// The connection, while there is one.
    fn wire(&mut self) -> &mut Option<Wire>;

    /// Has a greeted connection, or says why there is none.
    fn connect(&mut self, service: &ServiceName) -> Result<(), HostError>;

    /// Takes a broken connection down and says what is known of why it broke.
    fn lost(&mut self, what: String) -> HostError;
}

/// Calls the agent of a host, whose connection may have broken since the last call.
///
/// An agent that was killed, or a link that was cut, is noticed only by the next call. Looking again is free; whether a
/// change took effect is for the coordinator to find out, so a change is sent once.
pub(crate) fn call(
    host: &mut impl Dial,
    service: &ServiceName,
    fence: Option<Fence>,
    request: Request,
    content: &[u8],
) -> Result<Response, HostError> {
    let again = (host.wire().is_some() && !request.is_fenced()).then(|| request.clone());
    host.connect(service)?;
    match (once(host, service, fence, request, content), again) {
        (Err(HostError::Unreachable { .. }), Some(request)) => {
            host.connect(service)?;
            once(host, service, fence, request, content)
        }
        (answer, _) => answer,
    }
}

fn once(
    host: &mut impl Dial,
    service: &ServiceName,
    fence: Option<Fence>,
    request: Request,
    content: &[u8],
) -> Result<Response, HostError> {
    let Some(wire) = host.wire().as_mut() else { return Err(host.lost("not connected".to_owned())) };
    match wire.exchange(service, fence, request, content) {
        Ok(response) => Ok(response),
        Err(CallFailure::Refused(refusal)) => Err(HostError::Refused(refusal)),
        Err(CallFailure::Lost(what)) => {
            *host.wire() = None;
            Err(host.lost(what))
        }
    }
}

fn patience(request: &Request) -> Duration {
    match request {
        Request::Hello { .. } | Request::Observe | Request::Confirm | Request::Fetch { .. } => LOOK_TIMEOUT,
        _ => ANSWER_TIMEOUT,
    }
}

fn talk(stream: &UnixStream, call: &Call, content: &[u8], patience: Duration) -> Result<Reply, WireError> {
    let mut timed = Timed { stream, until: Instant::now() + patience };
    write_message(&mut timed, FRAME_CALL, call)?;
    if !content.is_empty() {
        write_frame(&mut timed, FRAME_CONTENT, content)?;
    }
    let frame = read_frame(&mut timed)?.ok_or(WireError::Closed)?;
    if frame.kind != FRAME_REPLY {
        return Err(WireError::Kind(frame.kind));
    }
    let reply: Reply = serde_json::from_slice(&frame.body).map_err(WireError::Json)?;
    if reply.id == call.id { Ok(reply) } else { Err(WireError::Other { found: reply.id, asked: call.id }) }
}

/// A stream whose reads and writes together may take until a certain moment.
pub(crate) struct Timed<'s> {
    pub(crate) stream: &'s UnixStream,
    pub(crate) until: Instant,
}

impl Timed<'_> {
    fn left(&self) -> io::Result<Option<Duration>> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(Some(left)) }
    }
}

/// The system says "would block" where a time limit has passed.
fn late(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::WouldBlock { io::ErrorKind::TimedOut.into() } else { error }
}

impl Read for Timed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(self.left()?)?;
        self.stream.read(buffer).map_err(late)
    }
}

impl Write for Timed<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(self.left()?)?;
        self.stream.write(buffer).map_err(late)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    /// An agent that answers `hello` with this JSON, and everything else with "done".
    fn agent(welcome: &'static str) -> UnixStream {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        thread::spawn(move || {
            while let Ok(Some(frame)) = read_frame(&mut theirs) {
                let call: serde_json::Value = serde_json::from_slice(&frame.body).unwrap();
                let hello = call["request"]["kind"] == "hello";
                let result = if hello { welcome } else { r#"{"Ok":{"kind":"done"}}"# };
                let reply = format!(r#"{{"id":{},"result":{result}}}"#, call["id"]);
                write_frame(&mut theirs, FRAME_REPLY, reply.as_bytes()).unwrap();
            }
        });
        ours
    }

    fn fetch() -> Request {
        Request::Fetch { instance: "0123456789ab.0".parse().unwrap(), path: "/metrics".to_owned(), limit: 9 }
    }

    #[test]
    fn an_agent_of_the_first_protocol_serves_what_it_knows() {
        let service = "greeter".parse().unwrap();
        let welcome = r#"{"Ok":{"kind":"welcome","version":"0.0.9","pid":4}}"#;
        let mut wire = Wire::greet(agent(welcome), &service, None).unwrap();
        assert!(matches!(wire.exchange(&service, None, Request::Observe, &[]), Ok(Response::Done)));
        let Err(CallFailure::Refused(refusal)) = wire.exchange(&service, None, fetch(), &[]) else {
            panic!("the first protocol has no pages")
        };
        assert_eq!(refusal.reason, RefusalReason::Version);
        assert!(
            refusal.message.contains("plimsoll 0.0.9") && refusal.message.contains("protocol 2"),
            "{refusal}"
        );
        assert!(
            matches!(wire.exchange(&service, None, Request::Observe, &[]), Ok(Response::Done)),
            "it goes on"
        );
    }

    #[test]
    fn an_agent_of_a_newer_protocol_says_which_one_is_spoken() {
        let service = "greeter".parse().unwrap();
        let welcome = r#"{"Ok":{"kind":"welcome","version":"9.9.9","pid":4,"protocol":2,"new-word":[1]}}"#;
        let mut wire = Wire::greet(agent(welcome), &service, None).unwrap();
        assert!(wire.exchange(&service, None, fetch(), &[]).is_ok());
    }

    #[test]
    fn a_refused_greeting_is_a_refusal_and_no_lost_connection() {
        let refusal = r#"{"Err":{"reason":"version","message":"speaks 7","help":null}}"#;
        let failure = Wire::greet(agent(refusal), &"greeter".parse().unwrap(), None).unwrap_err();
        assert!(matches!(failure, CallFailure::Refused(refusal) if refusal.message == "speaks 7"));
    }

    #[test]
    fn silence_and_drips_end_in_time() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let drip = thread::spawn(move || {
            while theirs.write_all(b"x").is_ok() {
                thread::sleep(Duration::from_millis(10));
            }
        });
        let mut timed = Timed { stream: &ours, until: Instant::now() + Duration::from_millis(100) };
        let error = timed.read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(ours);
        drip.join().unwrap();
    }
}
