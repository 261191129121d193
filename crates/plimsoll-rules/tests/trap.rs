//! The well-known trap: a Go service that is built as always and copied into `scratch`. Each thing that breaks it is named
//! before it is built; after the fixes nothing is said.

#![allow(clippy::unwrap_used, reason = "this is a test")]

use std::path::Path;

use jiff::civil::date;
use plimsoll_model::Severity;
use plimsoll_model::finding::CheckReport;
use plimsoll_rules::{Question, Settings, check};

const SOURCE: &str = r#"package main

import (
	"net/http"
	"time"
)

func main() {
	if _, err := time.LoadLocation("Europe/Paris"); err != nil {
		panic(err)
	}
	http.Get("https://example.org/")
	http.ListenAndServe(":8080", nil)
}
"#;

const TRAP: &str = "FROM golang:1.27 AS build
WORKDIR /src
COPY . .
RUN go build -o /app .

FROM scratch
COPY --from=build /app /app
ENV API_KEY=abcdef0123456789
CMD /app
";

const MENDED: &str = "FROM golang:1.27 AS build
WORKDIR /src
COPY . .
RUN CGO_ENABLED=0 go build -tags timetzdata -o /app .

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /app /app
USER 65532
CMD [\"/app\"]
";

fn checked(dockerfile: &str) -> CheckReport {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("go.mod", "module example.org/service\n\ngo 1.27\n");
    write("main.go", SOURCE);
    write("Dockerfile", dockerfile);
    ask(folder.path())
}

fn ask(path: &Path) -> CheckReport {
    check(&Question {
        paths: vec![path.to_path_buf()],
        exclude: Vec::new(),
        settings: Settings::default(),
        today: date(2026, 11, 23),
    })
}

#[test]
fn everything_that_breaks_it_is_named() {
    let report = checked(TRAP);
    let found: Vec<(&str, u32)> =
        report.findings.iter().map(|f| (f.rule.as_str(), f.place.map_or(0, |place| place.line))).collect();
    // Loader, roots, zones, secret, shell, user.
    for expected in [("BIN001", 7), ("GO007", 7), ("GO006", 7), ("IMG005", 8), ("IMG004", 9), ("IMG002", 6)] {
        assert!(found.contains(&expected), "{expected:?} is not in {found:?}");
    }
    assert!(report.findings.iter().all(|finding| !finding.fix.is_empty()));
    assert_eq!(report.worst(), Some(Severity::Error));
}

#[test]
fn no_finding_repeats_the_secret() {
    let report = serde_json::to_string(&checked(TRAP)).unwrap();
    assert!(!report.contains("abcdef0123456789"), "{report}");
}

#[test]
fn after_the_fixes_nothing_is_said() {
    let report = checked(MENDED);
    assert_eq!(report.findings, []);
    assert!(report.checked.iter().any(|checked| checked.kind == "dockerfile"));
}

#[test]
fn files_that_nobody_should_read_end_in_a_message() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::File::create(path("sparse.Dockerfile")).unwrap().set_len(4 << 30).unwrap();
    std::fs::write(path("large.Dockerfile"), vec![b'a'; 100 << 20]).unwrap();
    std::os::unix::fs::symlink("circle.Dockerfile", path("circle.Dockerfile")).unwrap();
    let began = std::time::Instant::now();
    let report = ask(folder.path());
    assert!(began.elapsed() < std::time::Duration::from_secs(1));
    assert_eq!((report.unread.len(), report.checked.len()), (2, 0), "{:?}", report.unread);
    // Who names a link follows it.
    assert!(ask(&path("circle.Dockerfile")).unread[0].why.contains("circle"));
}
