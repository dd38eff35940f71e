// Windows and their scaling: crate scaling.
#pragma once

#include "layout.cuh"

// The row t of the market that a window lies before: that of the first sample that shares it.
BARLOOM_FN u64 row_of(const Channel& channel, const Samples& in, u64 window) {
    return in.row[window * channel.rows_per_window];
}

// Where the value of bar k of a window goes.
BARLOOM_FN f32* place_of(const Channel& channel, u64 window, u64 k) {
    return channel.out + window * channel.stride + k * channel.step;
}

// Mean and deviation, or least value and range, of a window; a width of 0 where it is constant.
BARLOOM_FN void window_moments(const Channel& channel, const Samples& in, u64 thread) {
    const u64 lookback = channel.lookback;
    const f64* window = channel.doubles + (row_of(channel, in, thread) - lookback);
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

// A scaled value: of the bar k of a window.
BARLOOM_FN f32 scaled(const Channel& channel, const Samples& in, u64 window, u64 k) {
    const u64 t = row_of(channel, in, window), at = t - channel.lookback + k;
    switch (channel.scaler) {
        case SCALER_NONE: return channel.singles[at];
        case SCALER_OVER: return channel.singles[at] / channel.over[t - 1];
        case SCALER_LOG_RETURN: return (f32)(channel.doubles[at] - channel.less[t - 1]);
        default: {
            const f64 width = channel.width[window];
            return width == 0.0 ? 0.0f : (f32)((channel.doubles[at] - channel.shift[window]) / width);
        }
    }
}

// One value of a snapshot: of the bar before the row of a sample.
BARLOOM_FN void snap(const Snapshot& snapshot, const Samples& in, u64 place) {
    const u64 columns = snapshot.columns;
    // Division by 32 bits is several times faster.
    const u64 sample = place <= 0xffffffffull ? (u32)place / (u32)columns : place / columns;
    const u64 column = place - sample * columns;
    snapshot.out[place] = snapshot.values[(in.row[sample] - 1) * columns + column];
}

// Four values that follow each other, stored at once.
struct alignas(16) Four {
    f32 value[4];
};

// Four values of one window.
BARLOOM_FN Four scaled_four(const Channel& channel, const Samples& in, u64 window, u64 k) {
    const u64 t = row_of(channel, in, window), at = t - channel.lookback + k;
    if (channel.scaler == SCALER_OVER) {
        const f32* from = channel.singles + at;
        const f32 by = channel.over[t - 1];
        return {{from[0] / by, from[1] / by, from[2] / by, from[3] / by}};
    }
    return {{scaled(channel, in, window, k), scaled(channel, in, window, k + 1),
             scaled(channel, in, window, k + 2), scaled(channel, in, window, k + 3)}};
}

BARLOOM_FN void scale_windows(const Channel& channel, const Samples& in, u64 thread) {
    const u64 lookback = channel.lookback, end = channel.windows * lookback, begin = 4 * thread;
    if (begin >= end) return;
    // Division by 32 bits is several times faster.
    const bool narrow = end <= 0xffffffffull;
    u64 window = narrow ? (u32)begin / (u32)lookback : begin / lookback;
    u64 k = begin - window * lookback;
    f32* out = place_of(channel, window, k);
    if (channel.step == 1 && k + 4 <= lookback && (u64)out % sizeof(Four) == 0) {
        *(Four*)out = scaled_four(channel, in, window, k);
        return;
    }
    // Values that do not lie together, or the end of one window and the begin of others, or of none.
    for (u64 place = begin; place < end && place < begin + 4; ++place) {
        *place_of(channel, window, k) = scaled(channel, in, window, k);
        if (++k == lookback) {
            k = 0;
            ++window;
        }
    }
}
