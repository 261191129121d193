//! From a password to the stream that encrypts a secret key: scrypt, with its cost written as libsodium's
//! `opslimit` and `memlimit`.

use scrypt::Params;
use zeroize::Zeroizing;

use super::KeyError;

/// How much work opening the key costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cost {
    pub(super) operations: u64,
    pub(super) memory: u64,
}

impl Cost {
    /// What minisign uses: libsodium's `SENSITIVE`, 1 GiB and a few seconds.
    pub(super) const SENSITIVE: Self = Self { operations: 33_554_432, memory: 1 << 30 };

    /// libsodium's `pickparams`, so that the same numbers give the same stream.
    fn params(self) -> Option<Params> {
        // A key file comes from outside: its numbers may not decide how much memory is used.
        if self.memory > Self::SENSITIVE.memory || self.operations > Self::SENSITIVE.operations {
            return None;
        }
        let operations = self.operations.max(32_768);
        let r = 8;
        let memory_bound = operations >= self.memory / 32;
        let most = if memory_bound { self.memory / (r * 128) } else { operations / (r * 4) };
        let log_n = (1_u8..63).find(|log| (1_u64 << log) > most / 2)?;
        let p = if memory_bound { (operations / 4 / (1 << log_n)).min(0x3fff_ffff) / r } else { 1 };
        Params::new(log_n, u32::try_from(r).ok()?, u32::try_from(p).ok()?).ok()
    }
}

/// The stream that the key's bytes are combined with.
pub(super) fn stream<const N: usize>(
    password: &str,
    salt: &[u8; 32],
    cost: Cost,
) -> Result<Zeroizing<[u8; N]>, KeyError> {
    let params = cost.params().ok_or(KeyError::TooCostly)?;
    let mut stream = Zeroizing::new([0; N]);
    scrypt::scrypt(password.as_bytes(), salt, &params, stream.as_mut()).map_err(|_| KeyError::TooCostly)?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minisigns_cost_is_two_to_the_twenty() {
        assert_eq!(Cost::SENSITIVE.params().unwrap(), Params::new(20, 8, 1).unwrap());
    }

    #[test]
    fn a_key_file_cannot_ask_for_more_than_minisign_does() {
        for (operations, memory) in [(u64::MAX, 1 << 20), (1 << 20, u64::MAX), (1 << 20, (1 << 30) + 1)] {
            assert!(Cost { operations, memory }.params().is_none());
        }
        assert!(Cost { operations: 0, memory: 0 }.params().is_none_or(|p| p.n() <= 2));
    }
}
