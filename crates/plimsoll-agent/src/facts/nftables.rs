//! One question to the kernel's packet filter, over netlink: is there a chain that sees packets which come in?
//!
//! The protocol is a dump of chains (`NFT_MSG_GETCHAIN`); of each only the hook is read. It needs the rights of an
//! administrator of the network; without them the answer is unknown.

use std::time::Duration;

use rustix::io::Errno;
use rustix::net::netlink::{NETFILTER, SocketAddrNetlink};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, bind, recv, send, socket_with,
};

const NFNL_SUBSYS_NFTABLES: u16 = 10;
const NFT_MSG_GETCHAIN: u16 = 4;
const NLM_F_REQUEST_DUMP: u16 = 0x1 | 0x300;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const NFTA_CHAIN_HOOK: u16 = 4;
const NFTA_HOOK_HOOKNUM: u16 = 1;
const NF_INET_LOCAL_IN: u32 = 1;
/// Lengths of the fixed parts of messages.
const HEADER: usize = 16;
const FAMILY: usize = 4;
/// The most pieces of an answer; each has up to 32 kB.
const MOST_PIECES: usize = 1024;

/// Whether a chain sees packets for this host.
pub(super) fn has_input_chain() -> Result<bool, String> {
    ask().map_err(|error| match error {
        Errno::PERM | Errno::ACCESS => "only root may look at the packet filter".to_owned(),
        Errno::PROTONOSUPPORT | Errno::AFNOSUPPORT => "the kernel has no nftables".to_owned(),
        error => format!("the packet filter does not answer: {error}"),
    })
}

fn ask() -> Result<bool, Errno> {
    let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, Some(NETFILTER))?;
    set_socket_timeout(&socket, Timeout::Recv, Some(Duration::from_secs(2)))?;
    bind(&socket, &SocketAddrNetlink::new(0, 0))?;
    send(&socket, &request(), SendFlags::empty())?;
    let mut buffer = vec![0; 64 * 1024];
    for _ in 0..MOST_PIECES {
        let (length, _) = recv(&socket, &mut buffer[..], RecvFlags::empty())?;
        match read(&buffer[..length])? {
            Piece::HasInput => return Ok(true),
            Piece::Last => return Ok(false),
            Piece::More => {}
        }
    }
    Err(Errno::MSGSIZE)
}

/// `nlmsghdr` and `nfgenmsg`; family 0 is every one.
fn request() -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER + FAMILY);
    let length = u32::try_from(HEADER + FAMILY).expect("it is 20");
    bytes.extend(length.to_ne_bytes());
    bytes.extend((NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN).to_ne_bytes());
    bytes.extend(NLM_F_REQUEST_DUMP.to_ne_bytes());
    bytes.extend(1_u32.to_ne_bytes());
    bytes.extend(0_u32.to_ne_bytes());
    bytes.extend([0; FAMILY]);
    bytes
}

#[derive(Debug, PartialEq)]
enum Piece {
    HasInput,
    More,
    Last,
}

/// Reads one piece of the answer: messages one behind the other.
fn read(mut bytes: &[u8]) -> Result<Piece, Errno> {
    while bytes.len() >= HEADER {
        let length = u32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize;
        let kind = u16::from_ne_bytes([bytes[4], bytes[5]]);
        if length < HEADER || length > bytes.len() {
            return Err(Errno::BADMSG);
        }
        let body = &bytes[HEADER..length];
        match kind {
            NLMSG_DONE => return Ok(Piece::Last),
            NLMSG_ERROR => {
                let code = body.first_chunk::<4>().map_or(0, |code| i32::from_ne_bytes(*code));
                return if code == 0 {
                    Ok(Piece::Last)
                } else {
                    Err(Errno::from_raw_os_error(code.wrapping_neg()))
                };
            }
            _ if body.get(FAMILY..).is_some_and(sees_input) => return Ok(Piece::HasInput),
            _ => {}
        }
        bytes = &bytes[length.next_multiple_of(4).min(bytes.len())..];
    }
    Ok(Piece::More)
}

fn sees_input(chain: &[u8]) -> bool {
    let hook = attributes(chain).find(|(kind, _)| *kind == NFTA_CHAIN_HOOK);
    let number = hook.and_then(|(_, hook)| attributes(hook).find(|(kind, _)| *kind == NFTA_HOOK_HOOKNUM));
    // Numbers inside are in the network's order of bytes.
    number.and_then(|(_, value)| value.first_chunk::<4>().map(|v| u32::from_be_bytes(*v)))
        == Some(NF_INET_LOCAL_IN)
}

/// Attributes one behind the other: length, kind, value, padding.
fn attributes(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let head = bytes.first_chunk::<4>()?;
        let length = usize::from(u16::from_ne_bytes([head[0], head[1]]));
        // The two highest bits say "nested" and "network order".
        let kind = u16::from_ne_bytes([head[2], head[3]]) & 0x3fff;
        let value = bytes.get(4..length)?;
        bytes = &bytes[length.next_multiple_of(4).min(bytes.len())..];
        Some((kind, value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let length = u16::try_from(4 + value.len()).unwrap();
        [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), value].concat()
    }

    fn message(kind: u16, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(HEADER + body.len()).unwrap();
        [&length.to_ne_bytes()[..], &kind.to_ne_bytes(), &[0; 10], body].concat()
    }

    #[test]
    fn hooks_are_found_and_nonsense_ends() {
        let hook = |number: u32| attribute(NFTA_HOOK_HOOKNUM, &number.to_be_bytes());
        let chain = |number| [vec![0; FAMILY], attribute(NFTA_CHAIN_HOOK | 0x8000, &hook(number))].concat();
        assert_eq!(read(&message(0x0a03, &chain(NF_INET_LOCAL_IN))), Ok(Piece::HasInput));
        assert_eq!(read(&message(0x0a03, &chain(2))), Ok(Piece::More));
        assert_eq!(read(&message(NLMSG_DONE, &[])), Ok(Piece::Last));
        assert_eq!(read(&message(NLMSG_ERROR, &(-1_i32).to_ne_bytes())), Err(Errno::PERM));
        assert_eq!(read(&[0; 64]), Err(Errno::BADMSG));
        let whole = message(0x0a03, &chain(NF_INET_LOCAL_IN));
        for end in 0..whole.len() {
            assert_ne!(read(&whole[..end]), Ok(Piece::HasInput), "the first {end} bytes");
        }
    }
}
