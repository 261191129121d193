//! Measures packing: `cargo run --release -p plimsoll-artifact --example delta -- BASE TARGET`.
//!
//! Seconds are of this process's processor, so that they hold on a busy machine as well.

#![allow(clippy::print_stdout)] // it is a program

use std::error::Error;
use std::fs::{self, File};

use plimsoll_artifact::delta::{Base, Content, apply, compress, make};
use plimsoll_model::Digest;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(base), Some(target)) = (arguments.next(), arguments.next()) else {
        return Err("usage: delta BASE TARGET".into());
    };
    let (from, to) = (fs::read(&base)?, fs::read(&target)?);
    let from = Content { bytes: &from, digest: Digest::of(&from) };
    let to = Content { bytes: &to, digest: Digest::of(&to) };
    for (name, is_patch) in [("patch", true), ("compressed", false)] {
        let began = used()?;
        let packed = if is_patch { make(from, to)? } else { compress(to)? };
        let made = used()?;
        let given = Base { digest: from.digest, reader: File::open(&base)? };
        let given = is_patch.then_some(given);
        apply(packed.as_slice(), given, &mut std::io::sink(), to.digest, to.bytes.len() as u64)?;
        let share = packed.len() as f64 * 100.0 / to.bytes.len() as f64;
        println!(
            "{name:10} {:>9} of {} bytes, {share:.2} %, made in {:.2} s, applied in {:.2} s",
            packed.len(),
            to.bytes.len(),
            made - began,
            used()? - made
        );
    }
    println!("{}", memory()?);
    Ok(())
}

/// Processor time of this thread so far, in seconds.
fn used() -> Result<f64, Box<dyn Error>> {
    let text = fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds: f64 = text.split_whitespace().next().ok_or("it is empty")?.parse()?;
    Ok(nanoseconds / 1e9)
}

fn memory() -> Result<String, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    Ok(status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default().to_owned())
}
