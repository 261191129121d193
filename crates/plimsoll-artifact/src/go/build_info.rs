//! What the build information says.

use std::collections::BTreeMap;

use plimsoll_model::inspection::Answer;
use plimsoll_model::release::Platform;
use serde::{Deserialize, Serialize};

/// Build information of a Go program.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct BuildInfo {
    /// The version of Go, `go1.26.8`.
    pub go_version: String,
    /// Import path of the main package.
    pub path: Option<String>,
    /// The module of the main package.
    pub main: Option<Module>,
    /// The modules that it was built with. Empty does not mean none: builds from a vendor folder and outside of
    /// modules do not record them all.
    pub dependencies: Vec<Module>,
    /// Settings of the build: `CGO_ENABLED`, `GOOS`, `vcs.revision`, `-ldflags`, ...
    pub settings: BTreeMap<String, String>,
}

/// A module of Go.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Module {
    /// Its path, `golang.org/x/net`.
    pub path: String,
    /// Its version; `(devel)` for what was built in its own folder.
    pub version: Option<String>,
    /// Its checksum, as in `go.sum`.
    pub sum: Option<String>,
    /// What stands in for it (`replace`).
    pub replaced_by: Option<Box<Module>>,
}

impl BuildInfo {
    /// Reads the lines that the linker wrote: a word and its fields, between tabs. Lines with unknown words are
    /// passed over, as newer versions of Go add some.
    pub(super) fn parse(go_version: &str, text: &str) -> Self {
        let mut info = Self { go_version: go_version.to_owned(), ..Self::default() };
        for line in text.lines() {
            let Some((word, rest)) = line.split_once('\t') else { continue };
            match word {
                "path" => info.path = Some(rest.to_owned()),
                "mod" => info.main = Module::parse(rest),
                "dep" => info.dependencies.extend(Module::parse(rest)),
                "=>" => {
                    // It follows the module that it stands in for.
                    let replaced = info.dependencies.last_mut().or(info.main.as_mut());
                    if let Some(module) = replaced {
                        module.replaced_by = Module::parse(rest).map(Box::new);
                    }
                }
                "build" => info.settings.extend(setting(rest)),
                _ => {}
            }
        }
        info
    }

    /// A setting of the build.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name).map(String::as_str)
    }

    /// Whether cgo was enabled. Yes does not mean that C code is in the program.
    pub fn cgo(&self) -> Answer {
        self.answer("CGO_ENABLED", "1", "0")
    }

    /// Whether the tree held changes that the commit does not.
    pub fn is_dirty(&self) -> Answer {
        self.answer("vcs.modified", "true", "false")
    }

    /// Whether paths of the build's machine were left out (`-trimpath`).
    pub fn is_trimmed(&self) -> Answer {
        match self.setting("-trimpath") {
            Some("true") => Answer::Yes,
            // The setting is only written where it is on; where none is written, nothing is known.
            _ if self.settings.is_empty() => Answer::Unknown,
            _ => Answer::No,
        }
    }

    /// The commit that was built.
    pub fn revision(&self) -> Option<&str> {
        self.setting("vcs.revision")
    }

    /// Build tags.
    pub fn tags(&self) -> Vec<&str> {
        let tags = self.setting("-tags").unwrap_or_default();
        tags.split([',', ' ']).filter(|tag| !tag.is_empty()).collect()
    }

    /// The platform that it was built for.
    pub fn platform(&self) -> Option<Platform> {
        let (os, arch) = (self.setting("GOOS")?.to_owned(), self.setting("GOARCH")?.to_owned());
        Some(Platform { os, arch })
    }

    fn answer(&self, name: &str, yes: &str, no: &str) -> Answer {
        match self.setting(name) {
            Some(value) if value == yes => Answer::Yes,
            Some(value) if value == no => Answer::No,
            _ => Answer::Unknown,
        }
    }
}

impl Module {
    fn parse(fields: &str) -> Option<Self> {
        let mut fields = fields.split('\t');
        let path = fields.next().filter(|path| !path.is_empty())?.to_owned();
        let mut field = || fields.next().filter(|field| !field.is_empty()).map(str::to_owned);
        Some(Self { path, version: field(), sum: field(), replaced_by: None })
    }
}

/// `key=value`, each perhaps quoted as Go quotes.
fn setting(text: &str) -> Option<(String, String)> {
    let (key, rest) = match text.chars().next()? {
        '"' | '`' => unquote_start(text)?,
        _ => text.find('=').map(|at| (text[..at].to_owned(), &text[at..]))?,
    };
    let value = rest.strip_prefix('=')?;
    let value = match value.chars().next() {
        Some('"' | '`') => unquote_start(value).map_or_else(|| value.to_owned(), |(value, _)| value),
        _ => value.to_owned(),
    };
    Some((key, value))
}

/// Takes a quoted text off the front (Go's `strconv.QuotedPrefix` and `Unquote`, without octal escapes, which
/// `Quote` never writes).
fn unquote_start(text: &str) -> Option<(String, &str)> {
    if let Some(raw) = text.strip_prefix('`') {
        return raw.split_once('`').map(|(value, rest)| (value.to_owned(), rest));
    }
    let mut bytes = Vec::new();
    let mut rest = text.strip_prefix('"')?.chars();
    loop {
        match rest.next()? {
            '"' => return Some((String::from_utf8_lossy(&bytes).into_owned(), rest.as_str())),
            '\\' => match rest.next()? {
                'x' => bytes.push(u8::try_from(hex(&mut rest, 2)?).ok()?),
                'u' => push(&mut bytes, char::from_u32(hex(&mut rest, 4)?)?),
                'U' => push(&mut bytes, char::from_u32(hex(&mut rest, 8)?)?),
                escaped => push(&mut bytes, control(escaped)),
            },
            plain => push(&mut bytes, plain),
        }
    }
}

fn hex(rest: &mut std::str::Chars<'_>, digits: usize) -> Option<u32> {
    let (text, after) = rest.as_str().split_at_checked(digits)?;
    *rest = after.chars();
    u32::from_str_radix(text, 16).ok()
}

fn push(bytes: &mut Vec<u8>, character: char) {
    bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}

fn control(escaped: char) -> char {
    match escaped {
        'a' => '\x07',
        'b' => '\x08',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_of_every_kind() {
        let text = "path\texample.com/app/cmd/app\nmod\texample.com/app\t(devel)\t\n\
            dep\tgolang.org/x/net\tv0.30.0\th1:AAA=\ndep\texample.com/old\tv1.0.0\n\
            =>\texample.com/new\tv1.2.0\th1:BBB=\nfuture\tword\n\
            build\t-tags=netgo,osusergo\nbuild\tCGO_ENABLED=0\nbuild\t-ldflags=\"-s -w -X 'main.v=\\\"1\\\"'\"\n\
            build\tvcs.modified=true\nbuild\tvcs.revision=abc\nbuild\tGOOS=linux\nbuild\tGOARCH=arm64\n";
        let info = BuildInfo::parse("go1.26.8", text);
        assert_eq!(info.path.as_deref(), Some("example.com/app/cmd/app"));
        assert_eq!(info.main.as_ref().unwrap().version.as_deref(), Some("(devel)"));
        assert_eq!(info.dependencies.len(), 2);
        let replacement = info.dependencies[1].replaced_by.as_ref().unwrap();
        assert_eq!(
            (replacement.path.as_str(), replacement.sum.as_deref()),
            ("example.com/new", Some("h1:BBB="))
        );
        assert_eq!((info.cgo(), info.is_dirty(), info.is_trimmed()), (Answer::No, Answer::Yes, Answer::No));
        assert_eq!(info.tags(), ["netgo", "osusergo"]);
        assert_eq!(info.setting("-ldflags"), Some("-s -w -X 'main.v=\"1\"'"));
        assert_eq!(info.platform().unwrap().to_string(), "linux/arm64");
        assert_eq!(BuildInfo::parse("go1.13", "").cgo(), Answer::Unknown);
    }

    #[test]
    fn quotes_as_go_writes_them() {
        let value = |text: &str| setting(text).unwrap();
        assert_eq!(value(r#"k="a\tb\x41\u00e9""#), ("k".to_owned(), "a\tbAé".to_owned()));
        assert_eq!(value("k=`raw \"x\"`"), ("k".to_owned(), "raw \"x\"".to_owned()));
        assert_eq!(value(r#""a=b"=c"#), ("a=b".to_owned(), "c".to_owned()));
        assert_eq!(setting(""), None);
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "(path|mod|dep|=>|build)?[\t\"`=\\\\xuUé ]{0,40}\n?.{0,40}") {
            let _ = BuildInfo::parse("go", &text);
            let _ = setting(&text);
        }
    }
}
