#![no_main]

libfuzzer_sys::fuzz_target!(init: barloom_fuzz::initialise(), |data: &[u8]| {
    barloom_fuzz_targets::run(barloom_fuzz::samples, data);
});
