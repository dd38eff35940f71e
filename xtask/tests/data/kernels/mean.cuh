#pragma once

#include "numbers.cuh"

__device__ inline f64 mean(const f32* values, u32 n) {
    f64 sum = 0.0;
    for (u32 i = 0; i < n; i++) {
        sum += static_cast<f64>(values[i]) * 0.5;
    }
    return 2.0 * sum / n;
}
