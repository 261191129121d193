//! Where 32-byte blocks of a base lie, by a hash that rolls over the target.
//!
//! Only blocks at multiples of 32 are kept: any 63 equal bytes hold one of them. That is a quarter of a byte of memory
//! for each byte of the base, and building it reads the base once; a suffix array, which finds every match, takes
//! five to nine times the base and seconds for it.

/// Bytes of a block.
pub(super) const BLOCK: usize = 32;

const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
/// `FACTOR` to the power of `BLOCK`: what a byte is worth when it leaves.
const LEAVING: u64 = power(FACTOR, BLOCK);

const fn power(base: u64, exponent: usize) -> u64 {
    let (mut result, mut done) = (1_u64, 0);
    while done < exponent {
        result = result.wrapping_mul(base);
        done += 1;
    }
    result
}

/// A polynomial hash over `BLOCK` bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rolling(u64);

impl Rolling {
    /// Of the first block of `bytes`, which must have one.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let add = |hash: u64, &byte: &u8| hash.wrapping_mul(FACTOR).wrapping_add(u64::from(byte) + 1);
        Self(bytes[..BLOCK].iter().fold(0, add))
    }

    /// One byte on.
    pub(super) fn roll(&mut self, leaving: u8, entering: u8) {
        let entered = self.0.wrapping_mul(FACTOR).wrapping_add(u64::from(entering) + 1);
        self.0 = entered.wrapping_sub((u64::from(leaving) + 1).wrapping_mul(LEAVING));
    }
}

/// The blocks of a base. Of blocks with the same hash the first is kept.
pub(super) struct Index<'a> {
    base: &'a [u8],
    /// A block's number plus one; 0 where there is none.
    slots: Vec<u32>,
    shift: u32,
}

impl<'a> Index<'a> {
    pub(super) fn new(base: &'a [u8]) -> Self {
        let blocks = u32::try_from(base.len() / BLOCK).unwrap_or(u32::MAX - 1);
        let bits = (u32::BITS - blocks.leading_zeros() + 1).max(8);
        let mut index = Self { base, slots: vec![0; 1 << bits], shift: u64::BITS - bits };
        for block in (0..blocks).rev() {
            let slot = index.slot(Rolling::of(&base[block as usize * BLOCK..]));
            index.slots[slot] = block + 1;
        }
        index
    }

    fn slot(&self, hash: Rolling) -> usize {
        usize::try_from(hash.0.wrapping_mul(0xD6E8_FEB8_6659_FD93) >> self.shift)
            .expect("a slot has few bits")
    }

    /// Where the base has the same block as `target` begins with; `hash` is that block's.
    pub(super) fn find(&self, hash: Rolling, target: &[u8]) -> Option<usize> {
        let block = self.slots[self.slot(hash)].checked_sub(1)?;
        let at = block as usize * BLOCK;
        (self.base[at..at + BLOCK] == target[..BLOCK]).then_some(at)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::cast_possible_truncation)] // noise

    use super::*;

    #[test]
    fn rolling_is_as_hashing_anew() {
        let bytes: Vec<u8> = (0..200_u32).map(|n| (n * n % 251) as u8).collect();
        let mut hash = Rolling::of(&bytes);
        for at in 1..bytes.len() - BLOCK {
            hash.roll(bytes[at - 1], bytes[at - 1 + BLOCK]);
            assert_eq!(hash.0, Rolling::of(&bytes[at..]).0);
        }
    }

    #[test]
    fn blocks_are_found_wherever_they_moved() {
        let base: Vec<u8> = (0..4096_u32).map(|n| (n * n * 7 % 253 + n / 256) as u8).collect();
        let index = Index::new(&base);
        let target = &base[64..128];
        assert_eq!(index.find(Rolling::of(target), target), Some(64));
        assert_eq!(index.find(Rolling::of(&[0; 32]), &[0; 32]), None);
    }
}
