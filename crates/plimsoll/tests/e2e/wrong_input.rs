//! Wrong input is met well: the message says what is wrong, where and what to do; the exit code says which kind; and
//! what served before serves on.

mod configuration;
mod copies;
mod gates;
mod hosts;
mod refused;
mod state;
mod steering;
