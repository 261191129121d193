//! The doors of the workspace.
fn main() {}
