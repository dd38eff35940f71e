//! The corner that needs `unsafe`: code for instruction sets that a machine may lack, stores past
//! the caches, and fetching ahead. What calls it is safe code.
#![expect(unsafe_code, reason = "instruction sets are chosen at run time, stores bypass caches")]

use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch, _mm_sfence, _mm256_load_ps, _mm256_stream_ps};

use barloom_windows::{PlainStore, Store};

use crate::instructions::Task;

/// Bytes that a cache line holds.
const LINE_BYTES: usize = 64;

pub(crate) fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
}

pub(crate) fn has_avx512() -> bool {
    has_avx2()
        && is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
}

// No set includes `fma`: without it, a product and a sum cannot be fused.

#[target_feature(enable = "avx2,bmi1,bmi2")]
fn run_avx2(task: impl Task) {
    task.run();
}

#[target_feature(enable = "avx2,bmi1,bmi2,avx512f,avx512bw,avx512dq,avx512vl")]
fn run_avx512(task: impl Task) {
    task.run();
}

pub(crate) fn with_avx2(task: impl Task) {
    assert!(has_avx2(), "this machine has AVX2");
    // SAFETY: the instructions that the function is compiled for were just detected.
    unsafe { run_avx2(task) }
}

pub(crate) fn with_avx512(task: impl Task) {
    assert!(has_avx512(), "this machine has AVX-512");
    // SAFETY: the instructions that the function is compiled for were just detected.
    unsafe { run_avx512(task) }
}

/// Floats of a cache line.
const LINE: usize = LINE_BYTES / size_of::<f32>();

/// Stores past the caches what are whole lines of the cache.
#[derive(Clone, Copy)]
pub(crate) struct Stream;

impl Store for Stream {
    #[inline(always)]
    fn map<T: Copy>(self, window: &[T], out: &mut [f32], f: impl Fn(T) -> f32) {
        if !out.as_ptr().addr().is_multiple_of(LINE_BYTES) {
            PlainStore.map(window, out, f);
            return;
        }
        let (lines, rest) = window.as_chunks::<LINE>();
        let (out_lines, out_rest) = out.as_chunks_mut::<LINE>();
        for (out, from) in out_lines.iter_mut().zip(lines) {
            let mut line = Line([0.0; LINE]);
            for (float, x) in line.0.iter_mut().zip(from) {
                *float = f(*x);
            }
            for half in [0, LINE / 2] {
                let (from, to) = (&line.0[half], &mut out[half]);
                // SAFETY: both point at eight floats inside arrays of 16, aligned to 64 bytes:
                // `line` by its type, and each of `out_lines` as `out` is. Only tasks that run
                // with AVX2 stream. Other threads see the stores after `finish_streams`, and this
                // one always.
                unsafe { _mm256_stream_ps(to, _mm256_load_ps(from)) };
            }
        }
        for (out, x) in out_rest.iter_mut().zip(rest) {
            *out = f(*x);
        }
    }
}

#[repr(align(64))]
struct Line([f32; LINE]);

/// Makes stores past the caches seen by other threads before what this one stores next.
#[inline(always)]
pub(crate) fn finish_streams() {
    // SAFETY: a fence touches no memory, and SSE is part of x86-64.
    unsafe { _mm_sfence() };
}

/// Starts to bring memory to the caches, each line once.
#[inline(always)]
pub(crate) fn fetch(bytes: &[u8]) {
    let first = LINE_BYTES - bytes.as_ptr().addr() % LINE_BYTES;
    let mut at = 0;
    while at < bytes.len() {
        // SAFETY: the address is inside the slice, and a fetch can't fault.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(bytes.as_ptr().add(at).cast()) };
        at += if at == 0 { first } else { LINE_BYTES };
    }
}
