//! One D-Bus connection, synchronous and with a deadline on every call: greeting, calls, their replies.
//!
//! `zbus` has the format of values; what stands around them is small and written here, for two reasons. Its connection
//! refuses what systemd sends on its private socket (a sender that is no unique name), and it brings an async runtime
//! where one call at a time is all that is needed. Signals are never asked for, so a connection carries replies only;
//! whatever else arrives is skipped.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;
use zbus::wire::serialized::{Context, Data};
use zbus::wire::{LE, to_bytes};
use zbus::{DynamicType, ObjectPath, OwnedVariant, Signature, Type, Variant};

/// The longest message that is read, in bytes. The format allows 128 MiB; systemd's longest answer here is a list of
/// unit files with one name.
const LONGEST: usize = 4 * 1024 * 1024;

const CALL: u8 = 1;
const REPLY: u8 = 2;
const ERROR: u8 = 3;

// Codes of header fields.
const FIELD_PATH: u8 = 1;
const FIELD_INTERFACE: u8 = 2;
const FIELD_MEMBER: u8 = 3;
const FIELD_ERROR_NAME: u8 = 4;
const FIELD_REPLY_SERIAL: u8 = 5;
const FIELD_DESTINATION: u8 = 6;
const FIELD_SIGNATURE: u8 = 8;

/// A connection that was greeted.
#[derive(Debug)]
pub(super) struct Wire {
    stream: UnixStream,
    serial: u32,
    deadline: Instant,
}

/// A method that is called.
#[derive(Debug, Clone, Copy)]
pub(super) struct Method<'a> {
    pub(super) destination: Option<&'a str>,
    pub(super) path: &'a str,
    pub(super) interface: &'a str,
    pub(super) member: &'a str,
}

/// A call without the hoped-for reply.
#[derive(Debug)]
pub(super) enum WireError {
    /// The connection broke or was too slow; it cannot be used any more.
    Lost(String),
    /// The other side said no.
    Refused { name: String, message: String },
    /// The reply is another one than expected.
    NotUnderstood(String),
}

/// What is needed of a message's head.
#[derive(Debug, Default)]
struct Head {
    kind: u8,
    reply_to: Option<u32>,
    error_name: Option<String>,
    signature: String,
}

impl Wire {
    /// Connects and authenticates as this user.
    pub(super) fn connect(path: &Path, patience: Duration) -> Result<Self, WireError> {
        let stream = UnixStream::connect(path).map_err(lost)?;
        let mut wire = Self { stream, serial: 0, deadline: Instant::now() + patience };
        wire.authenticate()?;
        Ok(wire)
    }

    /// The kernel tells the other side who we are; the text only names the user again, in hexadecimal digits.
    fn authenticate(&mut self) -> Result<(), WireError> {
        use std::fmt::Write as _;
        let user = rustix::process::getuid().as_raw().to_string();
        let user = user.bytes().fold(String::new(), |mut digits, byte| {
            let _ = write!(digits, "{byte:02x}");
            digits
        });
        self.write(format!("\0AUTH EXTERNAL {user}\r\n").as_bytes())?;
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n") {
            let mut byte = [0];
            self.read(&mut byte)?;
            answer.extend(byte);
            if answer.len() > 1024 {
                return Err(WireError::Lost("its greeting is too long".to_owned()));
            }
        }
        if !answer.starts_with(b"OK ") {
            let said = String::from_utf8_lossy(&answer);
            return Err(WireError::Lost(format!("it refused this user: {}", said.trim())));
        }
        self.write(b"BEGIN\r\n")
    }

    /// Calls a method and waits for its reply.
    pub(super) fn call<B, T>(
        &mut self,
        method: Method<'_>,
        body: &B,
        patience: Duration,
    ) -> Result<T, WireError>
    where
        B: Serialize + DynamicType,
        T: DeserializeOwned + Type,
    {
        self.deadline = Instant::now() + patience;
        self.serial = self.serial.wrapping_add(1).max(1);
        let message = message(method, self.serial, body).map_err(|error| not_understood(&error))?;
        self.write(&message)?;
        loop {
            let (head, body) = self.receive()?;
            if head.reply_to != Some(self.serial) {
                continue;
            }
            return match head.kind {
                REPLY => parse(&head, &body),
                ERROR => {
                    let message = if head.signature.starts_with('s') { text_of(&body) } else { None };
                    let name = head.error_name.unwrap_or_default();
                    Err(WireError::Refused { message: message.unwrap_or_else(|| name.clone()), name })
                }
                _ => continue,
            };
        }
    }

    fn receive(&mut self) -> Result<(Head, Vec<u8>), WireError> {
        let mut fixed = [0; 16];
        self.read(&mut fixed)?;
        let word = |at: usize| {
            let bytes = [fixed[at], fixed[at + 1], fixed[at + 2], fixed[at + 3]];
            usize::try_from(u32::from_le_bytes(bytes)).unwrap_or(usize::MAX)
        };
        // systemd and both bus daemons write in the machine's order, and we run on none with the other one.
        if fixed[0] != b'l' {
            return Err(WireError::Lost("it does not send in little-endian order".to_owned()));
        }
        let (body, fields) = (word(4), word(12));
        if body > LONGEST || fields > LONGEST {
            return Err(WireError::Lost(format!(
                "it sent a message of {} bytes",
                body.saturating_add(fields)
            )));
        }
        let mut rest = vec![0; fields.next_multiple_of(8) + body];
        self.read(&mut rest)?;
        let body = rest.split_off(fields.next_multiple_of(8));
        let mut head = fixed[12..].to_vec();
        head.extend_from_slice(&rest[..fields]);
        // The fields begin at byte 12 of the message, which matters for alignment.
        let data = Data::new(head, Context::new(LE, 12));
        let (fields, _): (Vec<(u8, OwnedVariant)>, usize) =
            data.deserialize().map_err(|error| WireError::Lost(error.to_string()))?;
        Ok((head_of(fixed[1], fields), body))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), WireError> {
        let left = self.left()?;
        self.stream.set_write_timeout(Some(left)).and_then(|()| self.stream.write_all(bytes)).map_err(lost)
    }

    fn read(&mut self, mut into: &mut [u8]) -> Result<(), WireError> {
        while !into.is_empty() {
            let left = self.left()?;
            self.stream.set_read_timeout(Some(left)).map_err(lost)?;
            match self.stream.read(into) {
                Ok(0) => return Err(WireError::Lost("it closed the connection".to_owned())),
                Ok(count) => into = &mut into[count..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(lost(error)),
            }
        }
        Ok(())
    }

    fn left(&self) -> Result<Duration, WireError> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(late()) } else { Ok(left) }
    }
}

fn head_of(kind: u8, fields: Vec<(u8, OwnedVariant)>) -> Head {
    let mut head = Head { kind, ..Head::default() };
    for (code, value) in fields {
        match (code, Variant::from(value)) {
            (FIELD_REPLY_SERIAL, Variant::U32(serial)) => head.reply_to = Some(serial),
            (FIELD_ERROR_NAME, Variant::Str(name)) => head.error_name = Some(name.to_string()),
            (FIELD_SIGNATURE, Variant::Signature(signature)) => {
                head.signature = signature.to_string_no_parens();
            }
            _ => {}
        }
    }
    head
}

/// The value of a header field.
#[derive(Type)]
#[zbus(signature = "v")]
enum Field<'a> {
    Value(Variant<'a>),
    /// The types of a body: a list of values, where `Variant` would write one structure, in parentheses.
    Body(&'a Signature),
}

impl Serialize for Field<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct as _;
        match self {
            Self::Value(value) => value.serialize(serializer),
            Self::Body(types) => {
                // A variant is its type and its value; the names are the ones that the format's writer knows.
                let mut written = serializer.serialize_struct("Variant", 2)?;
                written.serialize_field("signature", &Signature::Signature)?;
                written.serialize_field("value", &types.to_string_no_parens())?;
                written.end()
            }
        }
    }
}

/// A call as bytes: the fixed part, the fields, padding to eight bytes, the body.
fn message<B: Serialize + DynamicType>(method: Method<'_>, serial: u32, body: &B) -> zbus::Result<Vec<u8>> {
    let signature = body.signature();
    let content = to_bytes(Context::new(LE, 0), body)?;
    let mut fields = vec![
        (FIELD_PATH, Field::Value(Variant::from(ObjectPath::try_from(method.path)?))),
        (FIELD_INTERFACE, Field::Value(Variant::from(method.interface))),
        (FIELD_MEMBER, Field::Value(Variant::from(method.member))),
    ];
    fields.extend(method.destination.map(|name| (FIELD_DESTINATION, Field::Value(Variant::from(name)))));
    if signature != Signature::Unit {
        fields.push((FIELD_SIGNATURE, Field::Body(&signature)));
    }
    let length = u32::try_from(content.len()).map_err(|_| zbus::Error::ExcessData)?;
    let head = to_bytes(Context::new(LE, 0), &(b'l', CALL, 0_u8, 1_u8, length, serial, fields))?;
    let mut bytes = head.to_vec();
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    bytes.extend_from_slice(&content);
    Ok(bytes)
}

fn parse<T: DeserializeOwned + Type>(head: &Head, body: &[u8]) -> Result<T, WireError> {
    let expected = T::SIGNATURE.to_string_no_parens();
    if head.signature != expected {
        let found = &head.signature;
        return Err(WireError::NotUnderstood(format!("it has the type `{found}`, not `{expected}`")));
    }
    let data = Data::new(body, Context::new(LE, 0));
    data.deserialize::<T>().map(|(value, _)| value).map_err(|error| not_understood(&error))
}

fn text_of(body: &[u8]) -> Option<String> {
    Data::new(body, Context::new(LE, 0)).deserialize::<String>().ok().map(|(text, _)| text)
}

fn not_understood(error: &zbus::Error) -> WireError {
    WireError::NotUnderstood(error.to_string())
}

fn late() -> WireError {
    WireError::Lost("no answer in time".to_owned())
}

fn lost(error: io::Error) -> WireError {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => late(),
        _ => WireError::Lost(error.to_string()),
    }
}
