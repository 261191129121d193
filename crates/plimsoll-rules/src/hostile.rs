//! Files from strangers: whatever the text is, it is read and judged without a panic, in time and memory that grow with it.

use std::time::{Duration, Instant};

use jiff::civil::date;
use proptest::prelude::*;

use crate::check::{Question, check_text};
use crate::files::Kind;
use crate::settings::Settings;
use crate::source::Source;
use crate::surroundings::Surroundings;

/// As every kind of file that there is.
fn judge(text: &str) {
    Kind::all().for_each(|kind| judge_as(kind, text));
}

fn judge_as(kind: Kind, text: &str) {
    let settings = Settings { also: vec!["DF1001".to_owned(), "DF3057".to_owned()], ..Settings::default() };
    let question = Question { paths: Vec::new(), exclude: Vec::new(), settings, today: date(2026, 11, 23) };
    check_text(kind, Source::new(kind.typical(), text), &Surroundings::none(), &question);
}

/// Pieces of Dockerfiles and of shell, so that what is made of them comes far into the parsers.
const PIECES: [&str; 62] = [
    "FROM ",
    "RUN ",
    "ENV ",
    "COPY ",
    "ADD ",
    "ARG ",
    "LABEL ",
    "USER ",
    "WORKDIR ",
    "SHELL ",
    "ONBUILD ",
    "EXPOSE ",
    "HEALTHCHECK ",
    "CMD ",
    "ENTRYPOINT ",
    "MAINTAINER ",
    "VOLUME ",
    "STOPSIGNAL ",
    "scratch",
    "debian:12",
    " AS ",
    "a",
    "\n",
    "\\\n",
    "# ",
    "# escape=`\n",
    "hadolint ignore=DL3006",
    "plimsoll: allow DF3006 until 2026-12-31: x",
    "<<EOF",
    "EOF\n",
    "[\"",
    "\"]",
    "\"",
    "'",
    "`",
    "$",
    "${",
    "}",
    "$(",
    ")",
    "((",
    "))",
    " | ",
    " && ",
    ";",
    "if ",
    "then ",
    "fi",
    "for ",
    "do ",
    "done",
    "case ",
    " in ",
    "esac",
    "apt-get install -y ",
    "pip install ",
    "--mount=type=cache,target=",
    "--from=",
    "=",
    "\u{fffd}",
    "\r\n",
    "é",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn no_text_of_pieces_breaks_it(pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..60)) {
        judge(&pieces.concat());
    }

    #[test]
    fn no_text_breaks_it(text in "\\PC*|[\\x00-\\x7f\n\"'`$\\\\]*") {
        judge(&text);
    }
}

/// What once was slow, deep or wrong, and what is made to be: a corpus that is small and always run.
#[test]
fn large_and_deep_files_end_in_time() {
    for (piece, count) in [
        ("RUN a && b\n", 90_000),
        ("ONBUILD ", 120_000),
        ("RUN (((((\n", 100_000),
        ("RUN a $(", 120_000),
        ("\\\n", 500_000),
        ("#\n", 500_000),
        ("FROM a AS b\nFROM b AS a\n", 40_000),
        ("# plimsoll: allow DF3006: x\n", 30_000),
        ("# hadolint ignore=DL3006\n", 40_000),
        ("COPY a.tar /\nRUN tar -xf a.tar\n", 30_000),
        ("RUN <<E\n", 120_000),
        ("ENV a=$a b=$b\n", 70_000),
        ("LABEL A=b\n", 90_000),
        ("RUN apt-get install a ", 45_000),
        ("a=\"", 300_000),
    ] {
        let text = piece.repeat(count);
        let one = Instant::now();
        judge_as(Kind::Dockerfile, &text[..text.len().min(1 << 20)]);
        println!("{piece:?} {:?}", one.elapsed());
        assert!(one.elapsed() < Duration::from_secs(20), "{piece:?} took {:?}", one.elapsed());
    }
}
