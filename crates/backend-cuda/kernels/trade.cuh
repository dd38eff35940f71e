// What an action does on the bars that follow: crate rewards, barriers.rs, trades.rs and
// horizon.rs.
#pragma once

#include "layout.cuh"

// The barriers of one trade, and the levels from which a price reaches them: within 2^-40 of each.
struct Barriers {
    f64 stop, target, down, up;
    bool is_long;
};

BARLOOM_FN Barriers barriers_of(f64 entry, f64 s, f64 stop, f64 target) {
    const f64 touch = of_bits(TOUCH_BITS);
    Barriers at;
    at.stop = entry * (1.0 - s * stop);
    at.target = entry * (1.0 + s * target);
    at.is_long = s > 0.0;
    at.down = (at.is_long ? at.stop : at.target) * (1.0 + touch);
    at.up = (at.is_long ? at.target : at.stop) * (1.0 - touch);
    return at;
}

// The first node from `from` on whose low is not above `down` or high not below `up`; FAN if none.
BARLOOM_FN u32 first_touched(const f64* block, u32 from, f64 down, f64 up) {
    for (u32 lane = from; lane < FAN; ++lane) {
        if (block[lane] <= down || block[FAN + lane] >= up) return lane;
    }
    return (u32)FAN;
}

// The first row from `start` on that touches either barrier; `none` if there is none.
BARLOOM_FN u64 first_touch(const Trading& trading, u64 start, f64 down, f64 up, u64 none) {
    u64 level = 0, node = start;
    for (;;) {
        const Blocks& blocks = trading.blocks[level];
        const u64 block = node / FAN;
        if (block >= blocks.count) return none;
        const u32 lane = first_touched(blocks.values + block * (2 * FAN), (u32)(node % FAN), down, up);
        if (lane < FAN) {
            node = block * FAN + lane;
            break;
        }
        node = block + 1;
        if (level + 1 < trading.levels) {
            ++level;
        } else {
            node *= FAN;
        }
    }
    while (level > 0) {
        --level;
        const u32 lane = first_touched(trading.blocks[level].values + node * (2 * FAN), 0, down, up);
        if (lane == FAN) return none;
        node = node * FAN + lane;
    }
    return node;
}

BARLOOM_FN f64 unit_return(const Trading& trading, f64 s, f64 entry, f64 exit, u64 held_bars) {
    const f64 c = trading.side_cost;
    const f64 costs = trading.pays_once ? c : c * (1.0 + exit / entry);
    const f64 carry = trading.carry * (f64)held_bars;
    return s * (exit / entry - 1.0) - costs - carry;
}

// Whether prices from `low` to `high` reach the stop, and whether they reach the target.
BARLOOM_FN void reached_by(const Barriers& at, f64 low, f64 high, bool* stop, bool* target) {
    const bool down = low <= at.down, up = high >= at.up;
    *stop = at.is_long ? down : up;
    *target = at.is_long ? up : down;
}

// The price of an exit on a bar that reaches a barrier, and why it ends there.
BARLOOM_FN f64 exit_price(const Trading& trading, f64 open, f64 low, f64 high, const Barriers& at,
                          u64* reason) {
    bool stopped, reached;
    // At or beyond a barrier already at the open: the market gives no better price.
    reached_by(at, open, open, &stopped, &reached);
    if (stopped || reached) {
        *reason = stopped ? EXIT_STOP : EXIT_TARGET;
        return open;
    }
    reached_by(at, low, high, &stopped, &reached);
    const bool stops = stopped && (!reached || !trading.target_first);
    *reason = stops ? EXIT_STOP : EXIT_TARGET;
    return stops ? at.stop : at.target;
}

// The extremes of two runs.
BARLOOM_FN void widen(f64* low, f64* high, f64 other_low, f64 other_high) {
    if (other_low < *low) *low = other_low;
    if (other_high > *high) *high = other_high;
}

// Widens a range by the lows and highs of rows from `start` until `end`.
BARLOOM_FN void widen_by_rows(const Trading& trading, u64 start, u64 end, f64* low, f64* high) {
    for (u64 level = 0;; ++level) {
        const bool climbs = level + 1 < trading.levels && end > start && end - start > 2 * FAN;
        const u64 head = climbs ? (start + FAN - 1) / FAN * FAN : end;
        const u64 tail = climbs ? end / FAN * FAN : end;
        const f64* values = trading.blocks[level].values;
        for (u64 node = start; node < end; ++node) {
            if (node == head) node = tail;
            if (node >= end) break;
            const f64* at = values + node / FAN * (2 * FAN) + node % FAN;
            widen(low, high, at[0], at[FAN]);
        }
        if (!climbs) return;
        start = head / FAN;
        end = tail / FAN;
    }
}

BARLOOM_FN void trade(const Trading& trading, const Samples& out, u64 thread) {
    const u64 t = out.row[thread];
    const f64* start = trading.starts + 4 * t;
    const i8 direction = out.act_dir[thread];
    const f64 s = (f64)direction, entry = start[0], last = start[1];
    f64 exit = entry, u = 0.0, lowest = entry, highest = entry;
    u64 held_bars = 0, reason = EXIT_NONE;
    if (direction != 0) {
        exit = last;
        held_bars = trading.forward - 1;
        reason = EXIT_HORIZON;
        const u64 first = t + trading.forward - trading.steps;
        if (trading.honoured) {
            const Barriers at = barriers_of(entry, s, out.act_sl[thread], out.act_tp[thread]);
            bool stopped, reached;
            reached_by(at, start[2], start[3], &stopped, &reached);
            if (stopped || reached) {
                const u64 row =
                    first_touch(trading, first, at.down, at.up, t + trading.forward - 1);
                const f64* bar = trading.blocks[0].values + row / FAN * (2 * FAN) + row % FAN;
                exit = exit_price(trading, trading.open[row], bar[0], bar[FAN], at, &reason);
                held_bars = row - t;
                widen_by_rows(trading, first, row, &lowest, &highest);
                widen(&lowest, &highest, trading.open[row], trading.open[row]);
                widen(&lowest, &highest, exit, exit);
            } else {
                widen(&lowest, &highest, start[2], start[3]);
            }
            u = unit_return(trading, s, entry, exit, held_bars);
        } else {
            u = start[direction > 0 ? 3 : 2];
            widen_by_rows(trading, first, t + trading.forward, &lowest, &highest);
        }
    }
    out.entry_price[thread] = entry;
    out.exit_price[thread] = exit;
    out.held_bars[thread] = (i32)held_bars;
    out.exit_reason[thread] = (u8)reason;
    out.unit_return[thread] = u;
    out.pnl[thread] = out.act_dollar[thread] * u;
    const f64 up = direction != 0 ? highest / entry - 1.0 : 0.0;
    const f64 down = direction != 0 ? 1.0 - lowest / entry : 0.0;
    out.mfe[thread] = direction > 0 ? up : down;
    out.mae[thread] = direction > 0 ? down : up;
}
