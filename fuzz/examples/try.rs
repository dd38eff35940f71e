//! x
use std::time::Instant;
fn main() {
    std::panic::set_hook(Box::new(|i| eprintln!("  panic {}", i)));
    for f in std::env::args().skip(1) {
        let b = std::fs::read(&f).unwrap();
        #[expect(clippy::disallowed_methods, reason="x")]
        let t = Instant::now();
        let r = barloom_market_data::read_bytes("x", &b, &barloom_market_data::ReadOptions::default());
        println!("{f} {:?} {:?}", t.elapsed(), r.map(|b| b.check().rows).map_err(|e| e.to_string()));
    }
}
