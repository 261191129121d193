//! Numbers of a block: LEB128, signed ones zigzag.

use super::DeltaError;

pub(super) fn put(to: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        to.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    to.push((number & 0x7f) as u8);
}

pub(super) fn put_signed(to: &mut Vec<u8>, number: i64) {
    put(to, ((number << 1) ^ (number >> 63)).cast_unsigned());
}

/// Takes a number off the front.
pub(super) fn take(from: &mut &[u8]) -> Result<u64, DeltaError> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = from.split_first().ok_or(DeltaError::damaged("a number is cut off"))?;
        *from = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(number);
        }
    }
    Err(DeltaError::damaged("a number has more than 64 bits"))
}

pub(super) fn take_signed(from: &mut &[u8]) -> Result<i64, DeltaError> {
    let number = take(from)?;
    Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_round_trip() {
        for number in [0, 1, -1, 63, 64, -65, i64::MAX, i64::MIN] {
            let mut bytes = Vec::new();
            put_signed(&mut bytes, number);
            put(&mut bytes, number.cast_unsigned());
            let mut from = bytes.as_slice();
            assert_eq!(take_signed(&mut from).unwrap(), number);
            assert_eq!(take(&mut from).unwrap(), number.cast_unsigned());
            assert!(from.is_empty());
        }
        assert!(take(&mut &[0xff; 12][..]).is_err() && take(&mut &[0x80][..]).is_err());
    }
}
