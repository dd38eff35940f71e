// Stand-ins for the tests of `cargo xtask ptx`: division, a root, sums and products side by side,
// a loop, shared memory.
#include "numbers.cuh"
#include "mean.cuh"

extern "C" __global__ void scale(const f64* values, const f64* references, f64* out, u32 n) {
    const u32 i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) {
        out[i] = values[i] / references[i] * 2.5 - values[i] * references[i] + 1.0;
    }
}

extern "C" __global__ void deviation(const f32* values, f32* out, u32 n) {
    __shared__ f64 squares[128];
    f64 sum = 0.0;
    for (u32 i = threadIdx.x; i < n; i += 128) {
        const f64 distance = values[i] - mean(values, n);
        sum += distance * distance;
    }
    squares[threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.x == 0) {
        f64 total = 0.0;
        for (u32 i = 0; i < 128; i++) {
            total += squares[i];
        }
        out[0] = static_cast<f32>(sqrt(total / n));
    }
}
