//! Values that are lists: systemd leaves out the words that it does not understand, and keeps the others.

use super::super::exposure::{
    address, calls as syscalls, capabilities as caps, effective, families as sockets_of,
};
use super::super::unit::{Kind, UnitName};
use super::super::words::{Backslash, split, split_at};
use super::words::{is_signal, is_unit, is_user, path};

use super::has_specifier;
use super::number::number;

type Judged = Result<(), String>;

/// Looks at each word of a list.
fn each(text: &str, is_right: impl Fn(&str) -> bool, what: &str) -> Judged {
    let words = split(text, Backslash::Plain).map_err(|flaw| flaw.to_string())?;
    wrong_of(words.iter().map(String::as_str), is_right, what)
}

fn wrong_of<'w>(words: impl Iterator<Item = &'w str>, is_right: impl Fn(&str) -> bool, what: &str) -> Judged {
    let wrong: Vec<&str> = words.filter(|word| !is_right(word)).collect();
    if wrong.is_empty() { Ok(()) } else { Err(format!("`{}` is {what}", wrong.join("`, `"))) }
}

fn without_tilde(text: &str) -> &str {
    text.strip_prefix('~').unwrap_or(text)
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

/// Errors as the C library names them.
const ERRORS: &str = "\
    E2BIG EACCES EADDRINUSE EADDRNOTAVAIL EADV EAFNOSUPPORT EAGAIN EALREADY EBADE EBADF EBADFD EBADMSG EBADR \
    EBADRQC EBADSLT EBFONT EBUSY ECANCELED ECHILD ECHRNG ECOMM ECONNABORTED ECONNREFUSED ECONNRESET EDEADLK \
    EDEADLOCK EDESTADDRREQ EDOM EDOTDOT EDQUOT EEXIST EFAULT EFBIG EHOSTDOWN EHOSTUNREACH EHWPOISON EIDRM \
    EILSEQ EINPROGRESS EINTR EINVAL EIO EISCONN EISDIR EISNAM EKEYEXPIRED EKEYREJECTED EKEYREVOKED EL2HLT \
    EL2NSYNC EL3HLT EL3RST ELIBACC ELIBBAD ELIBEXEC ELIBMAX ELIBSCN ELNRNG ELOOP EMEDIUMTYPE EMFILE EMLINK \
    EMSGSIZE EMULTIHOP ENAMETOOLONG ENAVAIL ENETDOWN ENETRESET ENETUNREACH ENFILE ENOANO ENOBUFS ENOCSI \
    ENODATA ENODEV ENOENT ENOEXEC ENOKEY ENOLCK ENOLINK ENOMEDIUM ENOMEM ENOMSG ENONET ENOPKG ENOPROTOOPT \
    ENOSPC ENOSR ENOSTR ENOSYS ENOTBLK ENOTCONN ENOTDIR ENOTEMPTY ENOTNAM ENOTRECOVERABLE ENOTSOCK ENOTTY \
    ENOTUNIQ ENXIO EOPNOTSUPP EOVERFLOW EOWNERDEAD EPERM EPFNOSUPPORT EPIPE EPROTO EPROTONOSUPPORT \
    EPROTOTYPE ERANGE EREMCHG EREMOTE EREMOTEIO ERESTART ERFKILL EROFS ESHUTDOWN ESOCKTNOSUPPORT ESPIPE \
    ESRCH ESRMNT ESTALE ESTRPIPE ETIME ETIMEDOUT ETOOMANYREFS ETXTBSY EUCLEAN EUNATCH EUSERS EWOULDBLOCK \
    EXDEV EXFULL";

/// Whether a word names an error: a number up to 4095, a name, or `kill`.
pub fn is_errno(word: &str) -> bool {
    let is_number = number(word).is_some_and(|number| (0..=4095).contains(&number));
    is_number || word == "kill" || ERRORS.split_whitespace().any(|error| error == word)
}

/// Whether a word of `DeviceAllow=` names a device, or a group of them.
pub fn is_device(text: &str) -> bool {
    let (device, rights) = text.split_once([' ', '\t']).unwrap_or((text, ""));
    let rights = rights.trim();
    let is_group = |prefix: &str| device.starts_with(prefix);
    let is_named = is_group("block-")
        || is_group("char-")
        || is_group("/dev/")
        || is_group("/run/systemd/inaccessible/");
    (is_named || has_specifier(device)) && rights.chars().all(|right| "rwm".contains(right))
}

pub(super) fn device(text: &str) -> Judged {
    if text.is_empty() || is_device(text) {
        return Ok(());
    }
    Err("it is no device with the rights r, w and m, as `/dev/null rw`".to_owned())
}

pub(super) fn users(text: &str) -> Judged {
    wrong_of(text.split_whitespace(), |word| has_specifier(word) || is_user(word), "no name of a group")
}

pub(super) fn units(text: &str) -> Judged {
    each(text, is_unit, "no name of a unit")
}

pub(super) fn install(text: &str) -> Judged {
    each(text, is_unit, "no name of a unit")
}

pub(super) fn sockets(text: &str) -> Judged {
    let is_socket =
        |word: &str| has_specifier(word) || UnitName::new(word).is_some_and(|name| name.kind == Kind::Socket);
    each(text, is_socket, "no name of a socket")
}

pub(super) fn absolute_paths(text: &str) -> Judged {
    each(text, |word| path(word).is_ok(), "no absolute path")
}

pub(super) fn paths(text: &str) -> Judged {
    let is_path = |word: &str| {
        let word = word.strip_prefix('-').unwrap_or(word);
        let word = word.strip_prefix('+').unwrap_or(word);
        !word.is_empty() && path(word).is_ok()
    };
    each(text, is_path, "no absolute path")
}

pub(super) fn folders(text: &str) -> Judged {
    each(text, |word| word.splitn(2, ':').all(is_folder), "no name of a folder: it is absolute, or leads out")
}

/// Folders that have no second name.
pub(super) fn folders_plain(text: &str) -> Judged {
    each(
        text,
        |word| !word.contains(':') && is_folder(word),
        "no name of a folder: it is absolute, leads out, or has a second name",
    )
}

fn is_folder(folder: &str) -> bool {
    let leads_out = folder.split('/').any(|part| [".", ".."].contains(&part));
    !folder.starts_with('/') && !leads_out && !folder.starts_with("private/")
}

pub(super) fn delegate(text: &str) -> Judged {
    const CONTROLLERS: [&str; 12] = [
        "cpu",
        "cpuacct",
        "cpuset",
        "io",
        "blkio",
        "memory",
        "devices",
        "pids",
        "bpf-firewall",
        "bpf-devices",
        "bpf-foreign",
        "bpf-socket-bind",
    ];
    if super::boolean(text).is_some() {
        return Ok(());
    }
    each(
        text,
        |word| CONTROLLERS.contains(&word) || word == "bpf-restrict-network-interfaces",
        "no controller, as cpu",
    )
}

pub(super) fn environment(text: &str) -> Judged {
    let words = split(text, Backslash::Relaxed).map_err(|flaw| flaw.to_string())?;
    wrong_of(
        words.iter().map(String::as_str),
        is_assignment,
        "no assignment, as NAME=value; quote values with blanks",
    )
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| is_name(name))
}

fn is_name(name: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()) && name.chars().all(is_letter)
}

pub(super) fn names(text: &str) -> Judged {
    each(text, |word| has_specifier(word) || is_name(word), "no name of a variable")
}

/// Names of exit codes that systemd knows besides numbers.
const CODES: &str = "SUCCESS FAILURE INVALIDARGUMENT NOTIMPLEMENTED NOPERMISSION NOTINSTALLED NOTCONFIGURED NOTRUNNING USAGE \
    DATAERR NOINPUT NOUSER NOHOST UNAVAILABLE SOFTWARE OSERR OSFILE CANTCREAT IOERR TEMPFAIL PROTOCOL NOPERM CONFIG CHDIR \
    NICE FDS EXEC MEMORY LIMITS OOM_ADJUST SIGNAL_MASK STDIN STDOUT CHROOT IOPRIO TIMERSLACK SECUREBITS SETSCHEDULER \
    CPUAFFINITY GROUP USER CAPABILITIES CGROUP SETSID CONFIRM STDERR PAM NETWORK NAMESPACE NO_NEW_PRIVILEGES SECCOMP \
    SELINUX_CONTEXT PERSONALITY APPARMOR_PROFILE ADDRESS_FAMILIES RUNTIME_DIRECTORY CHOWN SMACK_PROCESS_LABEL KEYRING \
    STATE_DIRECTORY CACHE_DIRECTORY LOGS_DIRECTORY CONFIGURATION_DIRECTORY NUMA_POLICY CREDENTIALS BPF KSM EXCEPTION";

pub(super) fn status(text: &str) -> Judged {
    let is_status = |word: &str| {
        let is_number = word.bytes().all(|b| b.is_ascii_digit());
        match number(word) {
            Some(number) => (0..=255).contains(&number),
            None if is_number => false,
            None => is_signal(word) || CODES.split_whitespace().any(|code| code == word),
        }
    };
    each(text, is_status, "neither a status from 0 to 255 nor a signal")
}

pub(super) fn cpus(text: &str) -> Judged {
    let words = split_at(text, Backslash::Plain, |c| c.is_whitespace() || c == ',')
        .map_err(|flaw| flaw.to_string())?;
    let is_range = |word: &str| {
        let (first, last) = word.split_once('-').unwrap_or((word, word));
        let number = |text: &str| number(text).filter(|number| (0..8192).contains(number));
        word == "numa" || has_specifier(word) || matches!((number(first), number(last)), (Some(_), Some(_)))
    };
    wrong_of(words.iter().map(String::as_str), is_range, "no processor and no range of them, as 0-3")
}

pub(super) fn capabilities(text: &str) -> Judged {
    each(without_tilde(text), |word| caps::number(word).is_some(), "no capability, as CAP_NET_BIND_SERVICE")
}

pub(super) fn families(text: &str) -> Judged {
    if text == "none" {
        return Ok(());
    }
    each(without_tilde(text), |word| sockets_of::family(word).is_some(), "no family of addresses, as AF_INET")
}

pub(super) fn namespaces(text: &str) -> Judged {
    if super::boolean(text).is_some() {
        return Ok(());
    }
    let is_kind = |word: &str| effective::NAMESPACES.contains(&word);
    wrong_of(
        without_tilde(text).split_whitespace(),
        is_kind,
        "no kind of namespace, as user; all words of the line are ignored",
    )
}

pub(super) fn architectures(text: &str) -> Judged {
    each(text, is_architecture, "no architecture, as native")
}

pub(super) fn errno(text: &str) -> Judged {
    if text.is_empty() || (is_errno(text) && text != "0") {
        Ok(())
    } else {
        Err("it is no error, as EPERM".to_owned())
    }
}

pub(super) fn calls(text: &str) -> Judged {
    let is_call = |word: &str| {
        let (name, error) = word.split_once(':').map_or((word, None), |(name, error)| (name, Some(error)));
        let is_known =
            if name.starts_with('@') { syscalls::group(name).is_some() } else { syscalls::is_known(name) };
        is_known && error.is_none_or(|error| is_errno(error) && text.starts_with('~'))
    };
    each(
        without_tilde(text),
        is_call,
        "no system call and no group of them, or has an error where it is allowed",
    )
}

pub(super) fn addresses(text: &str) -> Judged {
    let is_prefix = |word: &str| has_specifier(word) || address::prefixes(word).is_some();
    each(text, is_prefix, "no address, no prefix, and none of any, localhost, link-local, multicast")
}
