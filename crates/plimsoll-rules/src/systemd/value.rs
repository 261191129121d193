//! What values mean, one function a type.

/// A boolean as systemd writes it.
pub fn boolean(text: &str) -> Option<bool> {
    let is = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is(&["1", "yes", "y", "true", "t", "on"]) {
        Some(true)
    } else {
        is(&["0", "no", "n", "false", "f", "off"]).then_some(false)
    }
}

/// A mode of files in octal digits.
pub fn mode(text: &str) -> Option<u32> {
    u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o7777 && !text.starts_with('+'))
}

/// Whether a word of `DeviceAllow=` names a device, or a group of them.
pub fn is_device(text: &str) -> bool {
    let (device, rights) = text.split_once([' ', '\t']).unwrap_or((text, ""));
    let rights = rights.trim();
    let is_group = |prefix: &str| device.starts_with(prefix);
    let is_named = is_group("block-") || is_group("char-") || is_group("/dev/") || is_group("/run/systemd/inaccessible/");
    is_named && rights.chars().all(|right| "rwm".contains(right))
}

/// Architectures of system calls, with the one that is this machine's.
const ARCHITECTURES: [&str; 21] = [
    "native",
    "x86",
    "x86-64",
    "x32",
    "arm",
    "arm64",
    "mips",
    "mips64",
    "mips64-n32",
    "mips-le",
    "mips64-le",
    "mips64-le-n32",
    "parisc",
    "parisc64",
    "ppc",
    "ppc64",
    "ppc64-le",
    "riscv64",
    "s390",
    "s390x",
    "loongarch64",
];

/// Whether there is such an architecture.
pub fn is_architecture(word: &str) -> bool {
    ARCHITECTURES.contains(&word)
}

/// Whether a word names an error: a number up to 4096, a name, or `kill`.
pub fn is_errno(word: &str) -> bool {
    if let Ok(number) = word.parse::<u32>() {
        return number <= 4096;
    }
    let is_name = word.starts_with('E') && word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    word == "kill" || (is_name && word.len() > 2)
}
