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

/// Pieces of YAML, JSON, TOML, and of what rules look for in them.
const TREES: [&str; 64] = [
    "services:\n",
    "  web:\n",
    "    image: ",
    "    ports:\n",
    "      - ",
    "\"80:80\"",
    "0-65535:0-65535",
    "8000-8999:1",
    "depends_on: ",
    "healthcheck: ",
    "build: ",
    "./",
    "..",
    "{context: ",
    "volumes: ",
    "environment: ",
    "API_KEY: ",
    "${A",
    "$$",
    "}",
    "]",
    "[",
    "{",
    ":",
    ": ",
    ", ",
    "\n",
    "---\n",
    "apiVersion: v1\n",
    "kind: ",
    "Deployment\n",
    "Service\n",
    "List\n",
    "items:\n",
    "spec:\n",
    "  template:\n",
    "    spec:\n",
    "      containers:\n",
    "      - image: a\n",
    "&a ",
    "*a",
    "<<: *a\n",
    "!x ",
    "? ",
    "| \n",
    "> \n",
    "'",
    "\"",
    "#",
    "\t",
    "jobs:\n",
    "steps:\n",
    "  - run: ",
    "${{ github.event.issue.title }}",
    "uses: a@b\n",
    "[[package]]\n",
    "name = \"a\"\n",
    "\"packages\": ",
    "\"node_modules/a\": ",
    "a@^1:\n",
    "  resolved \"http://x/-/\"\n",
    "\u{fffd}",
    "A=",
    "export ",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 700, ..ProptestConfig::default() })]

    #[test]
    fn no_text_of_pieces_breaks_it(pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..60)) {
        judge(&pieces.concat());
    }

    #[test]
    fn no_tree_of_pieces_breaks_it(pieces in prop::collection::vec(prop::sample::select(&TREES[..]), 0..60)) {
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

/// The same for files that are trees or lines.
#[test]
fn large_trees_and_lists_end_in_time() {
    for (kind, path, head, piece) in [
        (
            Kind::Compose,
            "compose.yaml",
            "services:\n",
            "  a: {image: a, ports: [\"1-999:1-999\"], depends_on: [b]}\n",
        ),
        (Kind::Compose, "compose.yaml", "a: &a {b: c}\n", "- *a\n"),
        (Kind::Compose, "compose.yaml", "", "a: {"),
        (Kind::Compose, "compose.yaml", "", "a: ${A} ${B\n"),
        (Kind::Compose, "compose.yaml", "", "[a, "),
        (Kind::Compose, "compose.yaml", "", "? "),
        (Kind::Compose, "compose.yaml", "", "- "),
        (Kind::Compose, "compose.yaml", "", "&a *a "),
        (Kind::Compose, "compose.yaml", "", "#"),
        (Kind::Compose, "compose.yaml", "", "\"\\"),
        (Kind::Kubernetes, "a.yaml", "", "---\napiVersion: v1\nkind: Service\nspec: {selector: {a: b}}\n"),
        (
            Kind::Kubernetes,
            "a.yaml",
            "",
            "---\napiVersion: apps/v1\nkind: Deployment\nspec: {template: {metadata: {labels: {a: b}}}}\n",
        ),
        (
            Kind::Workflow,
            ".github/workflows/a.yml",
            "jobs:\n",
            "  a: {needs: [b], steps: [{run: 'echo ${{ secrets.A }}'}]}\n",
        ),
        (Kind::GitlabCi, ".gitlab-ci.yml", "", "a: {script: [echo $TOKEN]}\n"),
        (Kind::Environment, ".env", "", "A=\"\n"),
        (Kind::Environment, ".env", "", "A=1\n"),
        (Kind::Lock, "package-lock.json", "", "{\"dependencies\":"),
        (
            Kind::Lock,
            "package-lock.json",
            "{\"packages\":{",
            "\"node_modules/a\":{\"resolved\":\"http://a/-/b\"},",
        ),
        (Kind::Lock, "yarn.lock", "", "a@1:\n  resolved \"http://a/b\"\n"),
        (Kind::Lock, "go.sum", "", "a v1 h1:x\n"),
        (Kind::Lock, "Cargo.lock", "", "[[package]]\nname=\"a\"\nsource=\"registry+x\"\n"),
        (Kind::Lock, "Cargo.lock", "", "a=["),
        (Kind::Lock, "Cargo.lock", "a=", "[{a="),
        (Kind::Lock, "Cargo.lock", "", "a.b."),
        (Kind::Lock, "requirements.txt", "", "a==1 \\\n --hash=sha256:a\n"),
        (Kind::Text, "a.txt", "", "# plimsoll: allow SEC001: x\n"),
        (Kind::Text, "a.sh", "", "password=\"a\" "),
    ] {
        let text = head.to_owned() + &piece.repeat((1 << 20) / piece.len());
        let one = Instant::now();
        let question = Question {
            paths: Vec::new(),
            exclude: Vec::new(),
            settings: Settings::default(),
            today: date(2026, 11, 23),
        };
        check_text(kind, Source::new(path, text), &Surroundings::none(), &question);
        println!("{path} {piece:?} {:?}", one.elapsed());
        assert!(one.elapsed() < Duration::from_secs(20), "{path} {piece:?} took {:?}", one.elapsed());
    }
}
