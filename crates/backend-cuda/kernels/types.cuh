// Types and helpers that need no header, for a CUDA compiler and for a C++ compiler alike.
//
// Arithmetic is written as it is in the CPU's crates, operation by operation. It must be compiled
// without contraction to fused multiply-adds and without fast-math.
#pragma once

typedef signed char i8;
typedef unsigned char u8;
typedef int i32;
typedef unsigned int u32;
typedef long long i64;
typedef unsigned long long u64;
typedef float f32;
typedef double f64;

static_assert(sizeof(i32) == 4 && sizeof(i64) == 8 && sizeof(f32) == 4 && sizeof(f64) == 8, "sizes");
static_assert(sizeof(void*) == 8, "pointers of 64 bits");

#ifndef BARLOOM_HOST
#define BARLOOM_KERNEL extern "C" __global__ void
#define BARLOOM_FN static __device__ __forceinline__
#define BARLOOM_METHOD __device__ __forceinline__
#else
// Beside these come threadIdx, blockIdx, blockDim and the bit casts, from tests/emulator.
#define BARLOOM_KERNEL extern "C" void
#define BARLOOM_FN static inline
#define BARLOOM_METHOD inline
#endif

// The sample of this thread, counted from the first of the launch.
BARLOOM_FN u64 thread_number() { return (u64)blockIdx.x * blockDim.x + threadIdx.x; }

BARLOOM_FN u64 bits_of(f64 x) { return (u64)__double_as_longlong(x); }
BARLOOM_FN f64 of_bits(u64 bits) { return __longlong_as_double((i64)bits); }

BARLOOM_FN f64 infinity() { return of_bits(0x7ff0000000000000ull); }
BARLOOM_FN bool is_nan(f64 x) { return x != x; }

// Rust's f64::min and f64::max: the other where one is NaN.
BARLOOM_FN f64 least(f64 a, f64 b) { return is_nan(a) ? b : (b < a ? b : a); }
BARLOOM_FN f64 greatest(f64 a, f64 b) { return is_nan(a) ? b : (b > a ? b : a); }
