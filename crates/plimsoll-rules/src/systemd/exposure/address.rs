//! Addresses that a unit lets in and out.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address and the length of its prefix.
pub type Prefix = (IpAddr, u8);

/// The prefixes of a word of `IPAddressAllow=`: an address, a prefix, or one of four names.
pub fn prefixes(word: &str) -> Option<Vec<Prefix>> {
    let four = |a, b, c, d, length| (IpAddr::V4(Ipv4Addr::new(a, b, c, d)), length);
    let six = |first, last, length| (IpAddr::V6(Ipv6Addr::new(first, 0, 0, 0, 0, 0, 0, last)), length);
    Some(match word {
        "any" => vec![four(0, 0, 0, 0, 0), six(0, 0, 0)],
        "localhost" => vec![four(127, 0, 0, 0, 8), six(0, 1, 128)],
        "link-local" => vec![four(169, 254, 0, 0, 16), six(0xfe80, 0, 64)],
        "multicast" => vec![four(224, 0, 0, 0, 4), six(0xff00, 0, 8)],
        _ => vec![prefix(word)?],
    })
}

fn prefix(word: &str) -> Option<Prefix> {
    let (address, length) = word.split_once('/').map_or((word, None), |(a, length)| (a, Some(length)));
    let address: IpAddr = address.parse().ok()?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let length = match length {
        None => longest,
        Some(text) if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) => text.parse().ok()?,
        Some(_) => return None,
    };
    (length <= longest).then(|| (masked(address, length), length))
}

fn masked(address: IpAddr, length: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() & mask))
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & mask))
        }
    }
}

/// Whether a list refuses every address of both families.
pub fn is_all(list: &[Prefix]) -> bool {
    let has =
        |wanted: fn(&IpAddr) -> bool| list.iter().any(|(address, length)| wanted(address) && *length == 0);
    has(IpAddr::is_ipv4) && has(IpAddr::is_ipv6)
}
