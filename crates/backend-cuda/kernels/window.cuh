// Windows and their scaling: crate scaling.
#pragma once

#include "layout.cuh"

// Mean and deviation, or least value and range, of a window; a width of 0 where it is constant.
BARLOOM_FN void window_moments(const Channel& channel, const Samples& in, u64 thread) {
    const u64 lookback = channel.lookback;
    const f64* window = channel.doubles + (in.row[thread] - lookback);
    f64 lo[8], hi[8], sum[8];
    for (u32 k = 0; k < 8; ++k) {
        lo[k] = infinity();
        hi[k] = -infinity();
        sum[k] = 0.0;
    }
    for (u64 k = 0; k < lookback; ++k) {
        const f64 x = window[k];
        const u32 lane = (u32)(k % 8);
        lo[lane] = x < lo[lane] ? x : lo[lane];
        hi[lane] = x > hi[lane] ? x : hi[lane];
        sum[lane] += x;
    }
    f64 min = infinity(), max = -infinity(), total = sum[0];
    for (u32 k = 0; k < 8; ++k) {
        min = least(min, lo[k]);
        max = greatest(max, hi[k]);
        if (k > 0) total += sum[k];
    }
    if (channel.scaler == SCALER_MINMAX) {
        channel.shift[thread] = min;
        channel.width[thread] = min == max ? 0.0 : max - min;
        return;
    }
    const f64 n = (f64)lookback, mean = total / n;
    for (u32 k = 0; k < 8; ++k) sum[k] = 0.0;
    for (u64 k = 0; k < lookback; ++k) {
        const f64 x = window[k];
        sum[k % 8] += (x - mean) * (x - mean);
    }
    total = sum[0];
    for (u32 k = 1; k < 8; ++k) total += sum[k];
    channel.shift[thread] = mean;
    channel.width[thread] = min == max ? 0.0 : sqrt(total / n);
}

// A scaled value: of the bar k of the window of a sample.
BARLOOM_FN f32 scaled(const Channel& channel, const Samples& in, u64 sample, u64 k) {
    const u64 t = in.row[sample], at = t - channel.lookback + k;
    switch (channel.scaler) {
        case SCALER_NONE: return channel.singles[at];
        case SCALER_OVER: return channel.singles[at] / channel.over[t - 1];
        case SCALER_LOG_RETURN: return (f32)(channel.doubles[at] - channel.less[t - 1]);
        default: {
            const f64 width = channel.width[sample];
            return width == 0.0 ? 0.0f : (f32)((channel.doubles[at] - channel.shift[sample]) / width);
        }
    }
}

// Four values that follow each other in the output, which begins at 16 bytes' alignment.
struct alignas(16) Four {
    f32 value[4];
};

BARLOOM_FN void window(const Channel& channel, const Samples& in, u64 thread) {
    const u64 lookback = channel.lookback, end = in.count * lookback, begin = 4 * thread;
    if (begin >= end) return;
    u64 sample = begin / lookback, k = begin % lookback;
    Four four;
    for (u32 lane = 0; lane < 4; ++lane) {
        four.value[lane] = sample < in.count ? scaled(channel, in, sample, k) : 0.0f;
        if (++k == lookback) {
            k = 0;
            ++sample;
        }
    }
    if (begin + 4 <= end) {
        *(Four*)(channel.out + begin) = four;
        return;
    }
    for (u64 place = begin; place < end; ++place) channel.out[place] = four.value[place - begin];
}
