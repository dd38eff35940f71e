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

BARLOOM_FN void trade(const Trading& trading, const Samples& out, u64 thread) {
    const u64 t = out.row[thread];
    const f64* start = trading.starts + 4 * t;
    const i8 direction = out.act_dir[thread];
    const f64 s = (f64)direction, entry = start[0], last = start[1];
    f64 exit = entry, u = 0.0;
    u64 held_bars = 0, reason = EXIT_NONE;
    if (direction != 0) {
        exit = last;
        held_bars = trading.forward - 1;
        reason = EXIT_HORIZON;
        if (trading.honoured) {
            const Barriers at = barriers_of(entry, s, out.act_sl[thread], out.act_tp[thread]);
            bool stopped, reached;
            reached_by(at, start[2], start[3], &stopped, &reached);
            if (stopped || reached) {
                const u64 first = t + trading.forward - trading.steps;
                const u64 row =
                    first_touch(trading, first, at.down, at.up, t + trading.forward - 1);
                const f64* bar = trading.blocks[0].values + row / FAN * (2 * FAN) + row % FAN;
                exit = exit_price(trading, trading.open[row], bar[0], bar[FAN], at, &reason);
                held_bars = row - t;
            }
            u = unit_return(trading, s, entry, exit, held_bars);
        } else {
            u = start[direction > 0 ? 3 : 2];
        }
    }
    out.entry_price[thread] = entry;
    out.exit_price[thread] = exit;
    out.held_bars[thread] = (i32)held_bars;
    out.exit_reason[thread] = (u8)reason;
    out.unit_return[thread] = u;
    out.pnl[thread] = out.act_dollar[thread] * u;
}
