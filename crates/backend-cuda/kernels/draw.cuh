// Draws of a sample and the place where it stands: crates sampling and windows.
#pragma once

#include "layout.cuh"

BARLOOM_FN u64 mix(u64 z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}

BARLOOM_FN u64 rotated(u64 x, u32 by) { return (x << by) | (x >> (64 - by)); }

// xoshiro256++, seeded by SplitMix64.
struct Generator {
    u64 s0, s1, s2, s3;
};

BARLOOM_FN Generator generator(u64 base, u64 i) {
    const u64 seed = base + i * STRIDE;
    return {mix(seed + GAMMA), mix(seed + GAMMA * 2), mix(seed + GAMMA * 3), mix(seed + GAMMA * 4)};
}

BARLOOM_FN u64 next(Generator& g) {
    const u64 out = rotated(g.s0 + g.s3, 23) + g.s0;
    const u64 t = g.s1 << 17;
    g.s2 ^= g.s0;
    g.s3 ^= g.s1;
    g.s1 ^= g.s2;
    g.s0 ^= g.s3;
    g.s2 ^= t;
    g.s3 = rotated(g.s3, 45);
    return out;
}

// The high 64 bits of u * k: an integer below k.
BARLOOM_FN u64 below(u64 u, u64 k) {
    const u64 MASK = 0xffffffffull;
    const u64 low = (u & MASK) * (k & MASK);
    const u64 one = (u >> 32) * (k & MASK) + (low >> 32);
    const u64 two = (u & MASK) * (k >> 32) + (one & MASK);
    return (u >> 32) * (k >> 32) + (one >> 32) + (two >> 32);
}

BARLOOM_FN f64 value(const Real& real, u64 u) {
    if (real.kind == REAL_CONSTANT) return real.lo;
    if (real.kind == REAL_CHOICE) return real.choices[below(u, real.count)];
    return real.lo + (f64)(u >> 11) * (1.0 / 9007199254740992.0) * (real.hi - real.lo);
}

BARLOOM_FN i8 value(const Directions& directions, u64 u) {
    return directions.choices[below(u, directions.count)];
}

// The last range whose first rank is not above `rank`.
BARLOOM_FN u64 range_of(const Draws& draws, u64 rank) {
    u64 first = 0, count = draws.ranges;
    while (count > 1) {
        const u64 half = count / 2;
        if (draws.first_rank[first + half] <= rank) first += half;
        count -= half;
    }
    return first;
}

BARLOOM_FN void draw(const Draws& draws, const Samples& out, u64 thread) {
    const u64 i = out.listed ? out.listed[thread] : out.first + thread;
    const u64 state = draws.actions_per_state == 1 ? i : i / draws.actions_per_state;
    Generator g = generator(draws.base, state);

    const u64 u = next(g);
    const u64 rank = draws.sequential ? state % draws.ranks : below(u, draws.ranks);
    const f64 equity = value(draws.equity, next(g));
    out.equity[thread] = equity;
    out.balance[thread] = equity - value(draws.balance_offset, next(g));
    out.position[thread] = value(draws.position, next(g));
    out.sl_dist[thread] = value(draws.sl_dist, next(g));
    out.tp_dist[thread] = value(draws.tp_dist, next(g));

    if (draws.grid_dir) {
        const u64 action = i - state * draws.actions_per_state;
        out.act_dir[thread] = draws.grid_dir[action];
        out.act_dollar[thread] = draws.grid_dollar[action];
        out.act_sl[thread] = draws.grid_sl[action];
        out.act_tp[thread] = draws.grid_tp[action];
    } else {
        if (state != i) {
            g = generator(draws.base, i);
            for (i32 k = 0; k < 6; ++k) next(g);
        }
        const i8 direction = value(draws.act_dir, next(g));
        const f64 dollar = value(draws.act_dollar, next(g));
        const f64 sl = value(draws.act_sl, next(g));
        const f64 tp = value(draws.act_tp, next(g));
        out.act_dir[thread] = direction;
        out.act_dollar[thread] = direction == 0 ? 0.0 : dollar;
        out.act_sl[thread] = direction == 0 ? 0.0 : sl;
        out.act_tp[thread] = direction == 0 ? 0.0 : tp;
    }

    const u64 range = range_of(draws, rank);
    const u64 after = rank - draws.first_rank[range];
    const u64 row = draws.start[range] + (draws.copies ? after / draws.copies[range] : after);
    out.row[thread] = row;
    out.symbol[thread] = (u32)draws.series[range];
    out.bar[thread] = (i64)(row - draws.series_start[range]);
    out.ts[thread] = draws.ts[row];
}
