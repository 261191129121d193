//! The processor: its level, its features, and how much of it the agent may use.

use plimsoll_model::facts::{CpuLevel, Fact, Processor};

use super::cgroups;
use super::view::View;

/// What each level adds, in the kernel's names. `abm` is LZCNT's name there, `pni` SSE 3's.
const LEVELS: [(CpuLevel, &[&str]); 4] = [
    (CpuLevel::V1, &["cmov", "cx8", "fpu", "fxsr", "mmx", "syscall", "sse", "sse2"]),
    (CpuLevel::V2, &["cx16", "lahf_lm", "popcnt", "pni", "sse4_1", "sse4_2", "ssse3"]),
    (CpuLevel::V3, &["avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave"]),
    (CpuLevel::V4, &["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"]),
];
/// The most features that are passed on: current processors have about 150.
const MOST_FEATURES: usize = 1000;

pub(super) fn facts(view: &View) -> Processor {
    let info = view.text("/proc/cpuinfo");
    let model = info.clone().and_then(|text| {
        let name = field(&text, "model name").or_else(|| field(&text, "CPU implementer"));
        name.ok_or_else(|| "/proc/cpuinfo does not name it".to_owned())
    });
    let features: Fact<Vec<String>> = info
        .and_then(|text| {
            let line = field(&text, "flags").or_else(|| field(&text, "Features"));
            line.ok_or_else(|| "/proc/cpuinfo lists no features".to_owned())
        })
        .map(|line| line.split_ascii_whitespace().take(MOST_FEATURES).map(str::to_owned).collect())
        .into();
    Processor {
        model: model.map(|name| name.chars().take(120).collect()).into(),
        level: features.clone().map(|features| level(&features)),
        features,
        cores: cores(),
        quota: cgroups::quota(),
    }
}

/// `name\t: value` of the first processor.
fn field(text: &str, name: &str) -> Option<String> {
    let line = text.lines().find(|line| line.split(':').next().is_some_and(|key| key.trim() == name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// The highest level that has all its features and those of the levels below.
fn level(features: &[String]) -> Option<CpuLevel> {
    let has = |name: &&str| features.iter().any(|feature| feature == name);
    let levels = LEVELS.iter().take_while(|(_, needed)| needed.iter().all(has));
    levels.map(|(level, _)| *level).last()
}

/// Cores that this process may run on, as `nproc` counts them.
fn cores() -> Fact<u32> {
    let set =
        rustix::thread::sched_getaffinity(None).map_err(|error| format!("the kernel does not say: {error}"));
    set.map(|set| set.count()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_needs_the_ones_below() {
        let of = |levels: &[usize]| {
            let names = levels.iter().flat_map(|level| LEVELS[*level].1);
            level(&names.map(|name| (*name).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(of(&[0, 1, 2, 3]), Some(CpuLevel::V4));
        assert_eq!(of(&[0, 1]), Some(CpuLevel::V2));
        assert_eq!(of(&[0, 2, 3]), Some(CpuLevel::V1));
        assert_eq!(of(&[]), None);
    }
}
