//! How long it takes to inspect files: `cargo run --release -p plimsoll-artifact --example inspect -- FILE...`.

#![allow(clippy::print_stdout, reason = "this is what it is for")]

use std::path::Path;
use std::time::Instant;

use plimsoll_artifact::inspect::{Question, inspect};

fn main() {
    let files: Vec<String> = std::env::args().skip(1).collect();
    for file in &files {
        let begin = Instant::now();
        let inspection = inspect(Path::new(file), &Question::default());
        let functions = inspection.go.as_ref().and_then(|go| go.function_count);
        let (took, megabytes) = (begin.elapsed(), inspection.size >> 20);
        println!("{took:>12?}  {megabytes:>4} MiB  {:?} functions  {file}", functions.unwrap_or_default());
    }
}
