#![no_main]

#[path = "../../tests/it/common/properties.rs"]
mod properties;

libfuzzer_sys::fuzz_target!(|input: &[u8]| properties::tree(input));
