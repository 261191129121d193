//! One connection: hello first, then calls and replies one after the other. What is no call ends it.

use std::io::BufReader;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use plimsoll_model::agent::{
    Call, FRAME_CALL, FRAME_CONTENT, FRAME_REPLY, MAX_PAGE, Refusal, RefusalReason, Reply, Request, Response,
};
use serde::Deserialize;

use super::{Served, page};
use crate::core::other_protocol;
use crate::facts;
use plimsoll_model::frame::{Frame, FrameError, read_frame, write_message};

/// A client that reads its replies slower than this is gone.
const WRITE_PATIENCE: Duration = Duration::from_secs(30);

/// Longest name of a caller, in characters.
const LONGEST_AUTHOR: usize = 200;

/// Serves the connection to its end.
pub(super) fn serve(stream: UnixStream, served: &Served) {
    // An error of the connection has nobody left to be told.
    let _ = talk(stream, served);
}

fn talk(mut stream: UnixStream, served: &Served) -> Result<(), FrameError> {
    let broken = |source| FrameError::Broken { source };
    stream.set_write_timeout(Some(WRITE_PATIENCE)).map_err(broken)?;
    let mut from = BufReader::new(stream.try_clone().map_err(broken)?);
    let mut greeted = false;
    let mut author = None;
    while let Some(frame) = read_frame(&mut from)? {
        let (reply, go_on) = match parse(&frame, greeted) {
            Err(reply) => (reply, false),
            Ok(call) => {
                let content = content_of(&call, &mut from)?;
                let is_hello = matches!(call.request, Request::Hello { .. });
                if let Request::Hello { author: said, .. } = &call.request {
                    author = said.as_ref().map(|said| said.chars().take(LONGEST_AUTHOR).collect());
                }
                let reply = handle(served, call, &content, author.as_ref());
                greeted |= is_hello && reply.result.is_ok();
                (reply, greeted)
            }
        };
        write_message(&mut stream, FRAME_REPLY, &reply)?;
        if !go_on {
            return Ok(());
        }
    }
    Ok(())
}

fn handle(served: &Served, call: Call, content: &[u8], author: Option<&String>) -> Reply {
    if let Request::Fetch { instance, path, limit } = &call.request {
        // An instance may take its time, and the agent has others to look after: its lock is not held meanwhile.
        let port = served.lock().0.port_for(&call, instance);
        let result = port.and_then(|port| page::fetch(port, path, (*limit).min(MAX_PAGE)));
        return Reply { id: call.id, result };
    }
    if let Request::Facts { order } = &call.request {
        // Takes seconds where probes are declared, so the agent is not locked: its supervision goes on.
        let facts = Box::new(facts::gather(&served.place, order));
        return Reply { id: call.id, result: Ok(Response::Facts { facts }) };
    }
    let mut locked = served.lock();
    let (agent, clock) = &mut *locked;
    agent.called_by(author.cloned());
    let reply = agent.handle(call, content, clock.now());
    agent.tick(clock.now());
    reply
}

fn content_of(call: &Call, from: &mut BufReader<UnixStream>) -> Result<Vec<u8>, FrameError> {
    if call.content == 0 {
        return Ok(Vec::new());
    }
    match read_frame(from)? {
        // A wrong length is the agent's to refuse.
        Some(Frame { kind: FRAME_CONTENT, body }) => Ok(body),
        _ => Err(FrameError::Cut),
    }
}

/// The part of a hello that every version has.
#[derive(Deserialize)]
struct AnyHello {
    id: u64,
    request: AnyRequest,
}

#[derive(Deserialize)]
struct AnyRequest {
    protocol: u32,
    newest: Option<u32>,
    version: String,
}

fn parse(frame: &Frame, greeted: bool) -> Result<Call, Reply> {
    let refuse =
        |id, message: String| Reply { id, result: Err(Refusal::new(RefusalReason::Invalid, message)) };
    if frame.kind != FRAME_CALL {
        return Err(refuse(0, format!("a call was expected, and a frame of kind {} came", frame.kind)));
    }
    match serde_json::from_slice::<Call>(&frame.body) {
        Ok(call) if greeted || matches!(call.request, Request::Hello { .. }) => Ok(call),
        Ok(call) => Err(refuse(call.id, "the first call of a connection is `hello`".to_owned())),
        Err(error) => match serde_json::from_slice::<AnyHello>(&frame.body) {
            // Another version's call may look different, and is still told what is wrong.
            Ok(AnyHello { id, request: AnyRequest { protocol, newest, version } }) => {
                let us = format!("process {}", std::process::id());
                let refusal = other_protocol(&version, protocol..=newest.unwrap_or(protocol), &us);
                Err(Reply { id, result: Err(refusal) })
            }
            Err(_) => Err(refuse(0, format!("the call cannot be read: {error}"))),
        },
    }
}

#[cfg(test)]
mod tests {
    use plimsoll_model::version::{OLDEST_PROTOCOL, PROTOCOL};

    use super::*;

    fn hello(body: &str) -> Result<Call, Reply> {
        parse(&Frame { kind: FRAME_CALL, body: body.as_bytes().to_vec() }, false)
    }

    #[test]
    fn a_hello_of_the_first_protocol_is_understood() {
        let body = r#"{"id":1,"service":"greeter","fence":null,"request":{"kind":"hello","protocol":1,"version":"0.1.0"},"content":0}"#;
        let call = hello(body).unwrap();
        assert!(matches!(call.request, Request::Hello { protocol: 1, newest: None, .. }));
    }

    #[test]
    fn a_hello_from_the_future_that_looks_different_is_told_why() {
        let body = r#"{"id":7,"to":{"service":"greeter"},"request":{"kind":"hello","protocol":5,"newest":7,"version":"9.9.9"}}"#;
        let reply = hello(body).unwrap_err();
        let refusal = reply.result.unwrap_err();
        assert_eq!((reply.id, refusal.reason), (7, RefusalReason::Version));
        let ours = format!("speaks {OLDEST_PROTOCOL} to {PROTOCOL}");
        assert!(
            refusal.message.contains("speaks protocol 5 to 7") && refusal.message.contains(&ours),
            "{refusal}"
        );
        assert!(refusal.help.unwrap().contains("end the older agent"));
    }
}
