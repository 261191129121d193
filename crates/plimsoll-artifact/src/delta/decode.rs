//! Unpacking, piece by piece: at most a window of zstd (8 MiB), one block (four times 4 MiB) and one operation (twice
//! 1 MiB) are in memory, whatever the content claims. Never more than the declared size comes out, and every block and
//! operation must yield something, so the work is bounded as well.

use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

use plimsoll_model::Digest;
use zstd::stream::read::Decoder as Zstd;

use super::header::{Header, Method};
use super::make::word;
use super::{DeltaError, PIECE, SECTION, WINDOW_LOG, number};

/// What a patch is applied to.
#[derive(Debug)]
pub struct Base<B> {
    /// Its digest, as its manifest has it.
    pub digest: Digest,
    /// Its bytes.
    pub reader: B,
}

/// Yields the target. The digest of what comes out is for the caller to verify; its size is verified here. Errors are
/// [`DeltaError`]s inside of [`io::Error`]s.
pub struct Decoder<P: Read, B> {
    payload: Zstd<'static, BufReader<P>>,
    base: Option<B>,
    /// Where the next copy begins if it does not seek.
    base_at: u64,
    /// Where `base` stands.
    stands_at: u64,
    header: Header,
    /// Bytes of the target that have been made.
    made: u64,
    block: Block,
    piece: Vec<u8>,
    given: usize,
    copied: Vec<u8>,
}

/// A block and how far it has been used.
#[derive(Default)]
struct Block {
    operations: Section,
    gaps: Section,
    deltas: Section,
    literals: Section,
    /// Unchanged bytes until the next edit; `None` where there is none.
    gap: Option<u64>,
}

#[derive(Default)]
struct Section {
    bytes: Vec<u8>,
    used: usize,
}

impl Section {
    fn rest(&self) -> &[u8] {
        &self.bytes[self.used..]
    }

    fn next<T>(&mut self, take: fn(&mut &[u8]) -> Result<T, DeltaError>) -> Result<T, DeltaError> {
        let mut rest = self.rest();
        let taken = take(&mut rest)?;
        self.used = self.bytes.len() - rest.len();
        Ok(taken)
    }
}

impl<P: Read, B: Read + Seek> Decoder<P, B> {
    /// Reads the header, and refuses what is for another target or another base.
    pub fn new(mut packed: P, base: Option<Base<B>>, target: Digest, size: u64) -> Result<Self, DeltaError> {
        let header = Header::read(&mut packed)?;
        if (header.target, header.size) != (target, size) {
            let text = |digest: Digest, size: u64| format!("{digest} of {size} bytes");
            let (expected, found) = (text(target, size), text(header.target, header.size));
            return Err(DeltaError::OtherTarget { expected, found });
        }
        let given = base.as_ref().map(|base| base.digest);
        let base = match header.method {
            Method::Compressed => None,
            Method::Patch { base: needed } if given == Some(needed) => base.map(|base| base.reader),
            Method::Patch { base: needed } => return Err(DeltaError::WrongBase { needed, given }),
        };
        let open = || {
            let mut payload = Zstd::new(packed)?.single_frame();
            payload.window_log_max(WINDOW_LOG)?;
            Ok(payload)
        };
        Ok(Self {
            payload: open().map_err(DeltaError::io("start the decompressor"))?,
            base,
            base_at: 0,
            // Nobody knows; the first copy seeks.
            stands_at: u64::MAX,
            header,
            made: 0,
            block: Block::default(),
            piece: Vec::new(),
            given: 0,
            copied: Vec::new(),
        })
    }

    /// Makes the next piece; an empty one at the end.
    fn advance(&mut self) -> Result<(), DeltaError> {
        self.piece.clear();
        self.given = 0;
        match self.header.method {
            Method::Compressed => self.decompress()?,
            Method::Patch { .. } => self.operate()?,
        }
        self.made += self.piece.len() as u64;
        if self.made > self.header.size {
            return Err(DeltaError::damaged("it yields more than its size"));
        }
        if self.piece.is_empty() { self.check_end() } else { Ok(()) }
    }

    fn check_end(&mut self) -> Result<(), DeltaError> {
        if self.made < self.header.size {
            return Err(DeltaError::damaged("it yields less than its size"));
        }
        match self.payload.get_mut().fill_buf() {
            Ok([]) => Ok(()),
            Ok(_) => Err(DeltaError::damaged("bytes follow its end")),
            Err(error) => Err(DeltaError::payload(error)),
        }
    }

    fn decompress(&mut self) -> Result<(), DeltaError> {
        // One byte more than is missing shows that there is too much.
        let most = (self.header.size - self.made).saturating_add(1).min(PIECE as u64);
        self.payload.by_ref().take(most).read_to_end(&mut self.piece).map_err(DeltaError::payload)?;
        Ok(())
    }

    fn operate(&mut self) -> Result<(), DeltaError> {
        if self.block.operations.rest().is_empty() && !self.next_block()? {
            return Ok(());
        }
        let literal = self.block.operations.next(number::take)?;
        let seek = self.block.operations.next(number::take_signed)?;
        let length = self.block.operations.next(number::take)?;
        let left = self.header.size - self.made;
        let bounded = |n: u64| usize::try_from(n).ok().filter(|n| *n <= PIECE);
        let (Some(literal), Some(length)) = (bounded(literal), bounded(length)) else {
            return Err(DeltaError::damaged("an operation is too long"));
        };
        match (literal + length) as u64 {
            0 => return Err(DeltaError::damaged("an operation yields nothing")),
            yields if yields > left => return Err(DeltaError::damaged("it yields more than its size")),
            _ => {}
        }
        let literals = &mut self.block.literals;
        let bytes = literals.rest().get(..literal).ok_or(DeltaError::damaged("it lacks literals"))?;
        self.piece.extend_from_slice(bytes);
        literals.used += literal;
        if length > 0 {
            self.copy(seek, length)?;
        }
        self.check_block_end()
    }

    /// Reads the next block; `false` at the end.
    fn next_block(&mut self) -> Result<bool, DeltaError> {
        let mut lengths = [0; 16];
        let first = self.payload.read(&mut lengths[..1]).map_err(DeltaError::payload)?;
        if first == 0 {
            return Ok(false);
        }
        self.payload.read_exact(&mut lengths[1..]).map_err(DeltaError::payload)?;
        let mut lengths = lengths.chunks_exact(4).map(word);
        let block = &mut self.block;
        for section in [&mut block.operations, &mut block.gaps, &mut block.deltas, &mut block.literals] {
            let length = lengths.next().expect("four lengths");
            if length > SECTION {
                return Err(DeltaError::damaged("a section is too long"));
            }
            section.bytes.clear();
            section.used = 0;
            let taken = self.payload.by_ref().take(u64::from(length)).read_to_end(&mut section.bytes);
            if taken.map_err(DeltaError::payload)? != length as usize {
                return Err(DeltaError::damaged("a section is cut off"));
            }
        }
        if block.operations.bytes.is_empty() {
            return Err(DeltaError::damaged("a block yields nothing"));
        }
        block.next_gap()?;
        Ok(true)
    }

    fn copy(&mut self, seek: i64, length: usize) -> Result<(), DeltaError> {
        let outside = || DeltaError::damaged("a copy lies outside of the base");
        let at = self.base_at.checked_add_signed(seek).ok_or_else(outside)?;
        let base = self.base.as_mut().ok_or_else(outside)?;
        if at != self.stands_at {
            base.seek(SeekFrom::Start(at)).map_err(DeltaError::io("read the base"))?;
        }
        // Until it is known where the base stands, the next copy seeks.
        self.stands_at = u64::MAX;
        self.copied.resize(length, 0);
        base.read_exact(&mut self.copied).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => outside(),
            _ => DeltaError::io("read the base")(error),
        })?;
        self.stands_at = at + length as u64;
        self.base_at = self.stands_at;
        self.block.edit(&self.copied, &mut self.piece)
    }

    fn check_block_end(&self) -> Result<(), DeltaError> {
        let block = &self.block;
        if !block.operations.rest().is_empty() {
            return Ok(());
        }
        let unused = [&block.gaps, &block.deltas, &block.literals].iter().any(|s| !s.rest().is_empty());
        if unused || block.gap.is_some() {
            return Err(DeltaError::damaged("a block has more than its operations use"));
        }
        Ok(())
    }
}

impl Block {
    fn next_gap(&mut self) -> Result<(), DeltaError> {
        self.gap = if self.gaps.rest().is_empty() { None } else { Some(self.gaps.next(number::take)?) };
        Ok(())
    }

    /// Appends `copied` with its edits.
    fn edit(&mut self, mut copied: &[u8], to: &mut Vec<u8>) -> Result<(), DeltaError> {
        loop {
            let gap = self.gap.unwrap_or(u64::MAX);
            let same = usize::try_from(gap).map_or(copied.len(), |gap| gap.min(copied.len()));
            to.extend_from_slice(&copied[..same]);
            copied = &copied[same..];
            self.gap = self.gap.map(|gap| gap - same as u64);
            if copied.is_empty() {
                return Ok(());
            }
            let width = copied.len().min(4);
            let delta = i32::try_from(self.deltas.next(number::take_signed)?)
                .map_err(|_| DeltaError::damaged("a delta has more than 32 bits"))?;
            let edited = word(&copied[..width]).wrapping_add(delta.cast_unsigned());
            to.extend_from_slice(&edited.to_le_bytes()[..width]);
            copied = &copied[width..];
            self.next_gap()?;
        }
    }
}

impl<P: Read, B: Read + Seek> Read for Decoder<P, B> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given == self.piece.len() && !buffer.is_empty() {
            self.advance().map_err(io::Error::other)?;
        }
        let count = buffer.len().min(self.piece.len() - self.given);
        buffer[..count].copy_from_slice(&self.piece[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}
