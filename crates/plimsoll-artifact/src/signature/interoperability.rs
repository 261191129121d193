//! Fixed vectors that minisign 0.11 made, and the tool itself where this machine has it.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use plimsoll_model::Secret;

use super::{KeyError, PublicKey, SecretKey, SignatureError, verify_any};

const PLAIN_PUBLIC: &str = "RWSdj5GILJ+eq9s+FuzcsZW7jXX/XQwWVsHkW5pVO6ZUebO3oZeLPHH6";
/// `minisign -G -W`: the comment says encrypted, the algorithm says no, the checksum is zero.
const PLAIN_SECRET: &str = "untrusted comment: minisign encrypted secret key
RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAnY+RiCyfnquVrionUyGEG2J2wSL+7Z1DorcCPhIr7/IAX6MfQd+ZTts+FuzcsZW7jXX/XQwWVsHkW5pVO6ZUebO3oZeLPHH6AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
";
const PREHASHED: &str = "untrusted comment: signature from minisign secret key
RUSdj5GILJ+eq1y6smAcciwRJsqL2nN5L5yNUJgoa19IgLWw0LRbzo3CF0vjXh5yOZjbBh2wJemb8lQTbCdpyeKn1IiqPLh0xwU=
trusted comment: a trusted word
U1ABwbeyQbmShnD0LaRjFHhDTOVAxmoWRy/YvCkmaDQkwAulLAyxQ2K7LjEMpjevjx9B/haJ4XbiPS0wL0yFBg==
";
const LEGACY: &str = "untrusted comment: signature from minisign secret key
RWSdj5GILJ+eqwWkiO1+ER6ytVM/x6v5LVyyMan0ywSIfWent+Qf4aYHIw7tFU683uL2F1gW1qO4oiExihvULD61kCR3YQ2ovgM=
trusted comment: legacy one
cl0NCwF0FzSDkpQj3k6KnnqIzHBZDuG8Sb7TSnYj/XeHOuYyuBSOZCrZNncngWgUFnnW5SIlHfDXp4NhwrGABA==
";
/// `minisign -G` with the password `pw`, at minisign's own cost.
const ENCRYPTED_PUBLIC: &str = "RWR9wKUBKMwIhyjcawggw+xGVc7N4vB8eKcOlxPyHB+rlVIZ/2FTUk3V";
const ENCRYPTED_SECRET: &str = "untrusted comment: minisign encrypted secret key
RWRTY0Iy5CTnz4WUJDAOpLhNxl47eqZpWIxmMxjKLFsWCKU1vuoAAAACAAAAAAAAAEAAAAAA8ZX51wfmyIUUm/zRwHQK3FQHX1vJGGA/oWHisC0KkwQCoDClNpel30iTP9NCJRe2dq5tb0zzl0b6XlVeEIWhxx0D1XV4ogcKIgYUbTcpWiuSxPl5TXwY9kUS6CzinHSiwiZbpQKg5NA=
";
const SIGNED: &[u8] = b"hello\n";

fn public() -> PublicKey {
    PublicKey::parse(PLAIN_PUBLIC).unwrap()
}

#[test]
fn minisigns_signatures_verify() {
    assert_eq!(public().id().to_string(), "AB9E9F2C88918F9D");
    assert_eq!(public().verify(SIGNED, PREHASHED).unwrap().as_str(), "a trusted word");
    assert_eq!(public().verify(SIGNED, LEGACY).unwrap().as_str(), "legacy one");
    let windows = PREHASHED.replace('\n', "\r\n");
    assert_eq!(public().verify(SIGNED, &windows).unwrap().as_str(), "a trusted word");
}

#[test]
fn minisigns_key_signs_the_same_bytes_as_minisign() {
    let key = SecretKey::read(PLAIN_SECRET, None).unwrap();
    assert_eq!(key.public_key(), public());
    let ours = key.sign(SIGNED, "a trusted word").to_string();
    let data = |text: &str| text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(data(&ours), data(PREHASHED));
}

#[test]
fn key_texts_round_trip() {
    assert_eq!(PublicKey::parse(&public().to_text()).unwrap(), public());
    assert_eq!(PublicKey::parse(&format!("{PLAIN_PUBLIC}\n")).unwrap(), public());
    assert_eq!(public().to_base64(), PLAIN_PUBLIC);
    for bad in ["", "RWQ", PREHASHED, PLAIN_SECRET, &PLAIN_PUBLIC.replace("RW", "RX")] {
        assert!(matches!(PublicKey::parse(bad), Err(KeyError::NotAPublicKey { .. })), "{bad}");
    }
}

#[test]
fn each_failure_is_told_apart() {
    let key = public();
    let changed = key.verify(b"hello", PREHASHED).unwrap_err();
    assert_eq!(changed, SignatureError::BytesChanged { key: key.id() });
    let comment = key.verify(SIGNED, &PREHASHED.replace("a trusted", "another")).unwrap_err();
    assert_eq!(comment, SignatureError::TrustedCommentChanged { key: key.id() });

    let other = PublicKey::parse(ENCRYPTED_PUBLIC).unwrap();
    let stranger = other.verify(SIGNED, PREHASHED).unwrap_err();
    assert_eq!(stranger, SignatureError::OtherKey { signed_by: key.id(), trusted: vec![other.id()] });
    let text = stranger.to_string();
    assert!(text.contains("AB9E9F2C88918F9D") && text.contains("8708CC2801A5C07D"), "{text}");

    assert_eq!(verify_any(&[other, key.clone()], SIGNED, PREHASHED).unwrap().key, key.id());
    assert!(matches!(verify_any(&[], SIGNED, PREHASHED), Err(SignatureError::OtherKey { .. })));
    for end in 0..PREHASHED.len() - 2 {
        let cut = key.verify(SIGNED, &PREHASHED[..end]).unwrap_err();
        assert!(matches!(cut, SignatureError::NotASignature { .. }), "{end}: {cut}");
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_survived(text in "(untrusted comment: x\n)?[A-Za-z0-9+/=]{0,220}(\ntrusted comment: y\n[A-Za-z0-9+/]{0,90})?") {
        let _ = PublicKey::parse(&text);
        let _ = public().verify(SIGNED, &text);
        proptest::prop_assert!(SecretKey::read(&text, None).is_err());
    }
}

#[test]
fn a_key_that_copies_anothers_identifier_changes_nothing() {
    let key = SecretKey::generate().unwrap().public_key();
    let impostor = PublicKey { id: public().id, key: key.key };
    let error = impostor.verify(SIGNED, PREHASHED).unwrap_err();
    assert_eq!(error, SignatureError::BytesChanged { key: impostor.id() });
    assert!(verify_any(&[impostor, public()], SIGNED, PREHASHED).is_ok());
}

#[test]
#[ignore = "minisign's own cost is 1 GiB and minutes in a debug build; run with --release"]
fn minisigns_encrypted_key_opens() {
    assert_eq!(SecretKey::read(ENCRYPTED_SECRET, None).unwrap_err(), KeyError::PasswordNeeded);
    let key = SecretKey::read(ENCRYPTED_SECRET, Some(&Secret::new("pw"))).unwrap();
    assert_eq!(key.public_key().to_base64(), ENCRYPTED_PUBLIC);
    let wrong = SecretKey::read(ENCRYPTED_SECRET, Some(&Secret::new("wp"))).unwrap_err();
    assert_eq!(wrong, KeyError::WrongPassword);
}

#[test]
#[ignore = "minisign's own cost is 1 GiB and minutes in a debug build; run with --release"]
fn minisign_opens_our_encrypted_key() {
    let Some(tool) = Tool::find("minisign_opens_our_encrypted_key") else { return };
    let key = SecretKey::generate().unwrap();
    let text = key.to_encrypted_text(&Secret::new("pw")).unwrap();
    tool.signs_with(&text, "pw\n", &key.public_key());
}

#[test]
fn minisign_verifies_ours_and_we_verify_minisigns() {
    let Some(tool) = Tool::find("minisign_verifies_ours_and_we_verify_minisigns") else { return };
    let key = SecretKey::generate().unwrap();
    tool.verifies(&key, b"");
    tool.verifies(&key, &vec![7; 100_000]);
    tool.signs_with(&key.to_text(), "", &key.public_key());
}

/// The real `minisign`, in a folder of its own.
struct Tool {
    folder: tempfile::TempDir,
}

impl Tool {
    fn find(test: &str) -> Option<Self> {
        if Command::new("minisign").arg("-v").output().is_err() {
            println!("skipped: {test}: there is no `minisign` here (apt-get install minisign)");
            return None;
        }
        Some(Self { folder: tempfile::tempdir().unwrap() })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, arguments: &[&str], input: &str) -> String {
        let mut child = Command::new("minisign")
            .args(arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let text =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "minisign {arguments:?}: {text}");
        text
    }

    fn verifies(&self, key: &SecretKey, bytes: &[u8]) {
        let write = |name: &str, content: &[u8]| std::fs::write(self.path(name), content).unwrap();
        write("signed", bytes);
        write("signed.minisig", key.sign(bytes, "from us").to_string().as_bytes());
        write("ours.pub", key.public_key().to_text().as_bytes());
        let by_file = self.run(&["-V", "-H", "-p", "ours.pub", "-m", "signed"], "");
        assert!(by_file.contains("Trusted comment: from us"), "{by_file}");
        self.run(&["-V", "-P", &key.public_key().to_base64(), "-m", "signed"], "");
    }

    fn signs_with(&self, secret: &str, input: &str, public: &PublicKey) {
        let content = b"signed by the tool";
        std::fs::write(self.path("theirs"), content).unwrap();
        std::fs::write(self.path("ours.key"), secret).unwrap();
        for legacy in [&[][..], &["-l"]] {
            let arguments = [&["-S", "-s", "ours.key", "-m", "theirs", "-t", "by them"], legacy].concat();
            self.run(&arguments, input);
            let signature = std::fs::read_to_string(self.path("theirs.minisig")).unwrap();
            assert_eq!(public.verify(content, &signature).unwrap().as_str(), "by them");
        }
    }
}
