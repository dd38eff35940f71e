// Summaries of ranges of rows, merged in one fixed order: crate rewards, tree.rs.
#pragma once

#include "layout.cuh"

// The close of a row, as an argument of the functions below.
struct Closes {
    const f64* close;

    // The change against the row before; that of row 0 is 0 and in no trade.
    BARLOOM_METHOD f64 change(u64 row) const { return row == 0 ? 0.0 : close[row] - close[row - 1]; }

    // The return on the row before, likewise.
    BARLOOM_METHOD f64 gain(u64 row) const { return row == 0 ? 0.0 : close[row] / close[row - 1] - 1.0; }
};

// Eight lanes by row, added left to right.
struct Lanes {
    f64 lane[8];

    BARLOOM_METHOD Lanes() {
        for (u32 k = 0; k < 8; ++k) lane[k] = 0.0;
    }
    BARLOOM_METHOD void add(u64 row, f64 x) { lane[row % 8] += x; }
    BARLOOM_METHOD f64 sum() const {
        // Rust's sum of floats starts at -0, which changes no sum here: lanes start at 0.
        f64 all = lane[0];
        for (u32 k = 1; k < 8; ++k) all += lane[k];
        return all;
    }
};

// Count, sum, squares about the mean, least and greatest.
struct Moments {
    static const u64 SIZE = 5;
    f64 n, sum, m2, min, max;

    BARLOOM_METHOD static Moments empty() { return {0.0, 0.0, 0.0, infinity(), -infinity()}; }
    BARLOOM_METHOD static Moments read(const f64* at) { return {at[0], at[1], at[2], at[3], at[4]}; }
    BARLOOM_METHOD static Moments one(f64 x) { return {1.0, x, 0.0, x, x}; }
    BARLOOM_METHOD static Moments zeros(u64 count) {
        if (count == 0) return empty();
        return {(f64)count, 0.0, 0.0, 0.0, 0.0};
    }

    // Chan, Golub and LeVeque (1979).
    BARLOOM_METHOD Moments merge(const Moments& right) const {
        if (n == 0.0) return right;
        if (right.n == 0.0) return *this;
        const f64 all = n + right.n;
        const f64 delta = right.sum / right.n - sum / n;
        return {all, sum + right.sum, m2 + right.m2 + delta * delta * (n * right.n / all),
                least(min, right.min), greatest(max, right.max)};
    }

    // Of every value times g.
    BARLOOM_METHOD Moments scaled(f64 g) const {
        const f64 a = min * g, b = max * g;
        return {n, sum * g, m2 * g * g, g < 0.0 ? b : a, g < 0.0 ? a : b};
    }

    // The population standard deviation over m values; exactly 0 where all are equal.
    BARLOOM_METHOD f64 std(f64 m) const { return n == 0.0 || min == max ? 0.0 : sqrt(m2 / m); }

    // Of the values of rows [start, end) of a leaf that are kept.
    template <typename Value>
    BARLOOM_METHOD static Moments of(const Value& value, u64 start, u64 end) {
        Lanes count, total;
        f64 lo = infinity(), hi = -infinity();
        for (u64 row = start; row < end; ++row) {
            const f64 v = value.at(row);
            const bool keep = value.keep(v);
            count.add(row, keep ? 1.0 : 0.0);
            total.add(row, keep ? v : 0.0);
            if (keep) {
                lo = least(lo, v);
                hi = greatest(hi, v);
            }
        }
        const f64 n = count.sum();
        if (n == 0.0) return empty();
        const f64 sum = total.sum(), mean = sum / n;
        Lanes squares;
        for (u64 row = start; row < end; ++row) {
            const f64 v = value.at(row);
            squares.add(row, value.keep(v) ? (v - mean) * (v - mean) : 0.0);
        }
        return {n, sum, squares.sum(), lo, hi};
    }
};

// Changes of the close.
struct Changes {
    static const u64 SIZE = 7;
    Moments moments;
    f64 falls2, rises2;

    BARLOOM_METHOD static Changes empty() { return {Moments::empty(), 0.0, 0.0}; }
    BARLOOM_METHOD static Changes read(const f64* at) { return {Moments::read(at), at[5], at[6]}; }
    BARLOOM_METHOD Changes merge(const Changes& right) const {
        return {moments.merge(right.moments), falls2 + right.falls2, rises2 + right.rises2};
    }

    // What a leaf is made of.
    struct Leaf {
        Closes closes;

        BARLOOM_METHOD f64 at(u64 row) const { return closes.change(row); }
        BARLOOM_METHOD bool keep(f64) const { return true; }
        BARLOOM_METHOD Changes operator()(u64 start, u64 end) const {
            Lanes falls, rises;
            for (u64 row = start; row < end; ++row) {
                const f64 fall = least(at(row), 0.0), rise = greatest(at(row), 0.0);
                falls.add(row, fall * fall);
                rises.add(row, rise * rise);
            }
            return {Moments::of(*this, start, end), falls.sum(), rises.sum()};
        }
    };
};

// Closes: extremes, and the largest fall and rise from an earlier row to a later one.
struct Extremes {
    static const u64 SIZE = 4;
    f64 min, max, fall, rise;

    BARLOOM_METHOD static Extremes empty() { return {infinity(), -infinity(), 0.0, 0.0}; }
    BARLOOM_METHOD static Extremes read(const f64* at) { return {at[0], at[1], at[2], at[3]}; }
    BARLOOM_METHOD Extremes merge(const Extremes& right) const {
        return {least(min, right.min), greatest(max, right.max),
                greatest(greatest(fall, right.fall), max - right.min),
                greatest(greatest(rise, right.rise), right.max - min)};
    }

    struct Leaf {
        const f64* close;

        BARLOOM_METHOD Extremes operator()(u64 start, u64 end) const {
            Extremes all = empty();
            for (u64 row = start; row < end; ++row) {
                all = all.merge({close[row], close[row], 0.0, 0.0});
            }
            return all;
        }
    };
};

// Returns a bar, or the negative ones of the steps s * return - cost.
struct Returns {
    struct Leaf {
        Closes closes;

        BARLOOM_METHOD f64 at(u64 row) const { return closes.gain(row); }
        BARLOOM_METHOD bool keep(f64) const { return true; }
        BARLOOM_METHOD Moments operator()(u64 start, u64 end) const {
            return Moments::of(*this, start, end);
        }
    };

    struct Losses {
        Closes closes;
        f64 s, cost;

        BARLOOM_METHOD f64 at(u64 row) const { return s * closes.gain(row) - cost; }
        BARLOOM_METHOD bool keep(f64 step) const { return step < 0.0; }
        BARLOOM_METHOD Moments operator()(u64 start, u64 end) const {
            return Moments::of(*this, start, end);
        }
    };
};

// Cumulative steps: their sum, the extremes of their sums from the left, the largest fall.
struct Cumulative {
    static const u64 SIZE = 4;
    f64 sum, max, min, drawdown;

    BARLOOM_METHOD static Cumulative empty() { return {0.0, -infinity(), infinity(), 0.0}; }
    BARLOOM_METHOD static Cumulative read(const f64* at) { return {at[0], at[1], at[2], at[3]}; }
    BARLOOM_METHOD Cumulative merge(const Cumulative& right) const {
        return {sum + right.sum, greatest(max, sum + right.max), least(min, sum + right.min),
                greatest(greatest(drawdown, right.drawdown), max - (sum + right.min))};
    }

    struct Leaf {
        Closes closes;
        f64 s, cost;

        BARLOOM_METHOD Cumulative operator()(u64 start, u64 end) const {
            Cumulative all = empty();
            for (u64 row = start; row < end; ++row) {
                const f64 step = s * closes.gain(row) - cost;
                all = all.merge({step, step, step, 0.0});
            }
            return all;
        }
    };
};

// The summary of rows [start, end).
template <typename Summary, typename Leaf>
BARLOOM_FN Summary summary_of(const Tree& tree, u64 start, u64 end, const Leaf& leaf) {
    Summary all = Summary::empty();
    u64 row = start;
    while (row < end) {
        if (row % LEAF != 0 || row + LEAF > end) {
            const u64 next = (row / LEAF + 1) * LEAF;
            const u64 stop = end < next ? end : next;
            all = all.merge(leaf(row, stop));
            row = stop;
            continue;
        }
        u64 level = 0, run = LEAF;
        while (level + 1 < tree.levels && row % (run * FAN) == 0 && row + run * FAN <= end) {
            ++level;
            run *= FAN;
        }
        all = all.merge(Summary::read(tree.nodes[level] + row / run * Summary::SIZE));
        row += run;
    }
    return all;
}
