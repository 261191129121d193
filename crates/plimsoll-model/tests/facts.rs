//! Facts that an earlier agent sent stay readable, and say the same when they are written again.

use plimsoll_model::facts::HostFacts;

#[test]
fn facts_round_trip() {
    let text = include_str!("data/facts.json");
    let facts: HostFacts = serde_json::from_str(text).expect("the file holds facts");
    let again = serde_json::to_value(&facts).expect("facts are JSON");
    assert_eq!(again, serde_json::from_str::<serde_json::Value>(text).expect("the file is JSON"));
}
