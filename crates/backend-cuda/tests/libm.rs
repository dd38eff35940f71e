//! The kernels' log and pow are those of the crate libm, bit for bit.
#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
#![expect(unsafe_code, reason = "functions of a library are called")]

mod emulator;

use std::sync::LazyLock;

use libloading::Library;
use proptest::prelude::*;

static KERNELS: LazyLock<Library> = LazyLock::new(|| {
    // SAFETY: the library has no initialisers but C++'s own.
    unsafe { Library::new(&emulator::DRIVER.path) }.unwrap()
});

fn log(x: f64) -> f64 {
    // SAFETY: it has this type in driver.cpp.
    unsafe { KERNELS.get::<unsafe extern "C" fn(f64) -> f64>(b"emulate_log").unwrap()(x) }
}

fn pow(x: f64, y: f64) -> f64 {
    // SAFETY: it has this type in driver.cpp.
    unsafe { KERNELS.get::<unsafe extern "C" fn(f64, f64) -> f64>(b"emulate_pow").unwrap()(x, y) }
}

/// Numbers of at least 0, from subnormal to infinite.
fn any() -> impl Strategy<Value = f64> {
    prop_oneof![
        (0..=0x7ff0_0000_0000_0000_u64).prop_map(f64::from_bits),
        0.0..4.0_f64,
        (-60..60_i32, 0.999_999..1.000_001_f64).prop_map(|(k, x)| x * f64::from(k).exp2()),
        Just(0.0),
        Just(f64::INFINITY),
        Just(f64::from_bits(1)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    #[cfg_attr(not(has_cxx), ignore = "needs a C++ compiler: c++, or CXX")]
    fn log_is_libms(x in any().prop_filter("above 0", |x| *x > 0.0)) {
        prop_assert_eq!(log(x).to_bits(), libm::log(x).to_bits(), "log({:e})", x);
    }

    #[test]
    #[cfg_attr(not(has_cxx), ignore = "needs a C++ compiler: c++, or CXX")]
    fn pow_is_libms(x in any(), y in any().prop_filter("finite", |y| *y > 0.0 && y.is_finite())) {
        let (got, want) = (pow(x, y), libm::pow(x, y));
        prop_assert_eq!(got.to_bits(), want.to_bits(), "pow({:e}, {:e})", x, y);
    }

    #[test]
    #[cfg_attr(not(has_cxx), ignore = "needs a C++ compiler: c++, or CXX")]
    fn pow_is_libms_for_trades(u in -1.0..2.0_f64, y in 0.01..600_000.0_f64) {
        let x = 1.0 + u;
        let (got, want) = (pow(x, y), libm::pow(x, y));
        prop_assert_eq!(got.to_bits(), want.to_bits(), "pow({:e}, {:e})", x, y);
    }
}
