//! Secret keys: made, read, stored and signed with.

use std::fmt;

use blake2::digest::consts::U32;
use blake2::{Blake2b, Blake2b512, Digest as _};
use ed25519_dalek::{Signer as _, SigningKey};
use plimsoll_model::Secret;
use zeroize::Zeroizing;

use super::encoding::{UNTRUSTED, decode, encode, payload, take};
use super::kdf::{self, Cost};
use super::text::Algorithm;
use super::{KeyError, KeyId, PublicKey, SignatureText};

const PLAIN: [u8; 2] = [0, 0];
const SCRYPT: [u8; 2] = *b"Sc";
/// Key id, seed and public key, checksum: what a password encrypts.
const SEALED: usize = 8 + 64 + 32;
/// Algorithms, salt and cost, then the sealed part.
const FILE: usize = 6 + 32 + 16 + SEALED;

/// A secret key of minisign. Its bytes are wiped from memory when it goes, and never shown.
#[derive(Clone)]
pub struct SecretKey {
    id: KeyId,
    key: SigningKey,
}

impl SecretKey {
    /// Makes a new key from the operating system's randomness.
    pub fn generate() -> Result<Self, KeyError> {
        let mut id = [0; 8];
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(&mut id).map_err(|_| KeyError::NoRandomness)?;
        getrandom::fill(seed.as_mut()).map_err(|_| KeyError::NoRandomness)?;
        Ok(Self { id: KeyId(id), key: SigningKey::from_bytes(&seed) })
    }

    /// Reads the text of a key file. The password is needed exactly where the file is encrypted, and opening it
    /// then takes 1 GiB of memory and a few seconds, as minisign's own keys ask for.
    pub fn read(text: &str, password: Option<&Secret>) -> Result<Self, KeyError> {
        let not = |why| KeyError::NotASecretKey { why };
        let line = payload(text).ok_or(not("it is not one line of base64, nor a comment and one line"))?;
        let bytes = decode::<FILE>(line).ok_or(not("it is not 158 bytes in base64"))?;
        let mut bytes = bytes.as_slice();
        if &take::<2>(&mut bytes) != b"Ed" {
            return Err(not("its algorithm is not `Ed`"));
        }
        let kdf = take::<2>(&mut bytes);
        if &take::<2>(&mut bytes) != b"B2" {
            return Err(not("its checksum is not `B2`"));
        }
        let salt = take::<32>(&mut bytes);
        let operations = u64::from_le_bytes(take(&mut bytes));
        let memory = u64::from_le_bytes(take(&mut bytes));
        let mut sealed = Zeroizing::new(take::<SEALED>(&mut bytes));
        match kdf {
            PLAIN => {
                Self::open(&sealed).ok_or(not("its checksum or its public half does not fit; it is damaged"))
            }
            SCRYPT => {
                let password = password.ok_or(KeyError::PasswordNeeded)?;
                combine(&mut sealed, password, &salt, Cost { operations, memory })?;
                Self::open(&sealed).ok_or(KeyError::WrongPassword)
            }
            _ => Err(not("it is encrypted in a way that is not known here")),
        }
    }

    /// The text of a key file without a password. Store it readable by its owner only.
    pub fn to_text(&self) -> Zeroizing<String> {
        let bytes = file(PLAIN, &[0; 32], Cost { operations: 0, memory: 0 }, &self.sealed());
        Zeroizing::new(format!("{UNTRUSTED}minisign secret key {}\n{}\n", self.id, *bytes))
    }

    /// The text of a key file that the password opens, at minisign's own cost (1 GiB of memory, a few seconds).
    pub fn to_encrypted_text(&self, password: &Secret) -> Result<Zeroizing<String>, KeyError> {
        self.encrypted_at(password, Cost::SENSITIVE)
    }

    /// The public half.
    pub fn public_key(&self) -> PublicKey {
        PublicKey { id: self.id, key: self.key.verifying_key() }
    }

    /// Signs `bytes` and `trusted_comment`. The same key, bytes and comment give the same text. Line breaks in the
    /// comment become spaces, as a signature has one line for it.
    pub fn sign(&self, bytes: &[u8], trusted_comment: &str) -> SignatureText {
        let signature = self.key.sign(&Blake2b512::digest(bytes)).to_bytes();
        let trusted_comment = trusted_comment.replace(['\n', '\r'], " ");
        let covered = [&signature, trusted_comment.as_bytes()].concat();
        SignatureText {
            untrusted_comment: format!("signature from plimsoll, key {}", self.id),
            algorithm: Algorithm::Prehashed,
            key: self.id,
            signature,
            global_signature: self.key.sign(&covered).to_bytes(),
            trusted_comment,
        }
    }

    fn encrypted_at(&self, password: &Secret, cost: Cost) -> Result<Zeroizing<String>, KeyError> {
        let mut salt = [0; 32];
        getrandom::fill(&mut salt).map_err(|_| KeyError::NoRandomness)?;
        let mut sealed = self.sealed();
        combine(&mut sealed, password, &salt, cost)?;
        let bytes = file(SCRYPT, &salt, cost, &sealed);
        Ok(Zeroizing::new(format!("{UNTRUSTED}minisign encrypted secret key\n{}\n", *bytes)))
    }

    fn sealed(&self) -> Zeroizing<[u8; SEALED]> {
        let mut sealed = Zeroizing::new([0; SEALED]);
        let pair = Zeroizing::new(self.key.to_keypair_bytes());
        sealed[..8].copy_from_slice(&self.id.0);
        sealed[8..72].copy_from_slice(pair.as_slice());
        let checksum = checksum(&sealed[..72]);
        sealed[72..].copy_from_slice(&checksum);
        sealed
    }

    fn open(sealed: &[u8; SEALED]) -> Option<Self> {
        let mut rest = sealed.as_slice();
        let id = KeyId(take(&mut rest));
        let pair = Zeroizing::new(take::<64>(&mut rest));
        // `minisign -G -W` leaves the checksum zero; then only the public half shows that the file is whole.
        let intact = rest == checksum(&sealed[..72]) || rest.iter().all(|byte| *byte == 0);
        let key = SigningKey::from_keypair_bytes(&pair).ok()?;
        intact.then_some(Self { id, key })
    }
}

/// The line of a key file.
fn file(kdf: [u8; 2], salt: &[u8; 32], cost: Cost, sealed: &[u8; SEALED]) -> Zeroizing<String> {
    let (operations, memory) = (cost.operations.to_le_bytes(), cost.memory.to_le_bytes());
    let bytes = [&b"Ed"[..], &kdf, b"B2", salt, &operations, &memory, sealed].concat();
    Zeroizing::new(encode(&Zeroizing::new(bytes)))
}

/// Encrypts or decrypts in place.
fn combine(
    sealed: &mut [u8; SEALED],
    password: &Secret,
    salt: &[u8; 32],
    cost: Cost,
) -> Result<(), KeyError> {
    let stream = kdf::stream::<SEALED>(password.expose(), salt, cost)?;
    sealed.iter_mut().zip(stream.iter()).for_each(|(byte, key)| *byte ^= key);
    Ok(())
}

fn checksum(id_and_pair: &[u8]) -> [u8; 32] {
    Blake2b::<U32>::new().chain_update(b"Ed").chain_update(id_and_pair).finalize().into()
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey({}, ***)", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHEAP: Cost = Cost { operations: 32_768, memory: 1 << 20 };

    #[test]
    fn keys_round_trip_plain_and_encrypted() {
        let key = SecretKey::generate().unwrap();
        let again = SecretKey::read(&key.to_text(), None).unwrap();
        assert_eq!(again.public_key(), key.public_key());

        let password = Secret::new("correct horse");
        let text = key.encrypted_at(&password, CHEAP).unwrap();
        assert_eq!(SecretKey::read(&text, Some(&password)).unwrap().public_key(), key.public_key());
        assert_eq!(SecretKey::read(&text, None).unwrap_err(), KeyError::PasswordNeeded);
        let wrong = SecretKey::read(&text, Some(&Secret::new("battery staple"))).unwrap_err();
        assert_eq!(wrong, KeyError::WrongPassword);
    }

    #[test]
    fn nothing_secret_is_shown() {
        let key = SecretKey::generate().unwrap();
        let shown = format!("{key:?}");
        assert_eq!(shown, format!("SecretKey({}, ***)", key.public_key().id()));
    }

    #[test]
    fn a_damaged_key_file_is_refused() {
        let text = SecretKey::generate().unwrap().to_text();
        let payload = text.lines().nth(1).unwrap();
        for position in [80, 120, 160, 200] {
            let mut bytes = payload.as_bytes().to_vec();
            bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
            let damaged = String::from_utf8(bytes).unwrap();
            assert!(
                matches!(SecretKey::read(&damaged, None), Err(KeyError::NotASecretKey { .. })),
                "{position}"
            );
        }
        for bad in ["", "untrusted comment: x", "RWQ", &"A".repeat(100_000)] {
            assert!(matches!(SecretKey::read(bad, None), Err(KeyError::NotASecretKey { .. })));
        }
    }
}
