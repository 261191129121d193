//! Which stretch of the base each stretch of the target came from.
//!
//! A stretch begins at an equal block, is extended backwards, and goes on forwards over bytes that differ as long as
//! enough of them agree; so one stretch covers everything that moved together. It ends where another place of the
//! base fits clearly better, or nothing agrees any more. Work is bounded: a stretch takes at least a block of the
//! target, and at most `FRUITLESS` bytes behind its end are looked at twice.

use super::index::{BLOCK, Index, Rolling};

/// A stretch of the target and where the base has its like. Stretches do not overlap and are in the target's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) target: usize,
    pub(super) base: usize,
    pub(super) length: usize,
}

/// Another place is taken where so many bytes of a block differ at the present one.
const CLEARLY_BETTER: usize = 8;
/// A stretch ends where so many more bytes differ than agree since its best end.
const DISAGREE: isize = 64;
/// The same, backwards.
const DISAGREE_BACK: isize = 32;
/// A stretch ends where it has found no better end for so long.
const FRUITLESS: usize = 1024;

/// A stretch that is still growing.
struct Growing {
    target: usize,
    base: usize,
    /// Where it would best end, in the target.
    end: usize,
    /// Agreeing minus differing bytes since then; at most 0.
    score: isize,
}

impl Growing {
    fn in_base(&self, target: usize) -> usize {
        self.base + (target - self.target)
    }

    fn finished(&self) -> Stretch {
        Stretch { target: self.target, base: self.base, length: self.end - self.target }
    }

    /// Counts agreeing bytes up to `at`.
    fn agree(&mut self, count: usize, at: usize) {
        self.score += count.cast_signed();
        if self.score >= 0 {
            self.score = 0;
            self.end = at;
        }
    }
}

/// Finds the stretches.
pub(super) fn align(base: &[u8], target: &[u8]) -> Vec<Stretch> {
    let index = Index::new(base);
    let mut found = Vec::new();
    let mut growing: Option<Growing> = None;
    let mut hash = None;
    let mut at = 0;
    while at + BLOCK <= target.len() {
        if let Some(stretch) = &mut growing {
            let count = equal(&target[at..], &base[stretch.in_base(at).min(base.len())..]);
            if count > 0 {
                at += count;
                stretch.agree(count, at);
                hash = None;
                if at + BLOCK > target.len() {
                    break;
                }
            }
        }
        let rolled = *hash.get_or_insert_with(|| Rolling::of(&target[at..]));
        if let Some(place) = index.find(rolled, &target[at..])
            && growing.as_ref().is_none_or(|stretch| is_better(base, target, stretch.in_base(at), at))
        {
            found.extend(growing.take().map(|stretch| stretch.finished()));
            let floor = found.last().map_or(0, |last: &Stretch| last.target + last.length);
            let back = extend_back(&base[..place], &target[floor..at]);
            let end = at + BLOCK;
            growing = Some(Growing { target: at - back, base: place - back, end, score: 0 });
            (at, hash) = (end, None);
            continue;
        }
        if let Some(stretch) = growing.take_if(|stretch| {
            stretch.score -= 1;
            stretch.score < -DISAGREE || at - stretch.end > FRUITLESS || stretch.in_base(at) >= base.len()
        }) {
            found.push(stretch.finished());
            (at, hash) = (stretch.end, None);
            continue;
        }
        if let (Some(hash), Some(&entering)) = (&mut hash, target.get(at + BLOCK)) {
            hash.roll(target[at], entering);
        }
        at += 1;
    }
    if let Some(mut stretch) = growing {
        stretch.end += equal(&target[stretch.end..], &base[stretch.in_base(stretch.end)..]);
        found.push(stretch.finished());
    }
    found
}

/// Whether the block at `at` differs so much from the base at `present` that an equal one elsewhere is better.
fn is_better(base: &[u8], target: &[u8], present: usize, at: usize) -> bool {
    let here = base.get(present..).unwrap_or_default();
    let agreeing = target[at..at + BLOCK].iter().zip(here).filter(|(a, b)| a == b).count();
    BLOCK - agreeing >= CLEARLY_BETTER
}

/// How many bytes at the beginning are equal.
pub(super) fn equal(a: &[u8], b: &[u8]) -> usize {
    let words = a.chunks_exact(8).zip(b.chunks_exact(8)).take_while(|(a, b)| a == b).count() * 8;
    words + a[words..].iter().zip(&b[words..]).take_while(|(a, b)| a == b).count()
}

/// How far back before an equal block most bytes agree.
fn extend_back(base: &[u8], target: &[u8]) -> usize {
    let (mut score, mut best, mut length) = (0_isize, 0, 0);
    for (count, (a, b)) in target.iter().rev().zip(base.iter().rev()).enumerate() {
        score += if a == b { 1 } else { -1 };
        if score > best {
            (best, length) = (score, count + 1);
        }
        if score < best - DISAGREE_BACK {
            break;
        }
    }
    length
}
