// Reward metrics: crate rewards, metrics.rs, path.rs and frel.rs.
#pragma once

#include "libm.cuh"
#include "tree.cuh"

BARLOOM_FN f64 bars_per_year(const Metric& metric, const Samples& in, u64 thread) {
    return metric.bars_per_year[in.symbol[thread]];
}

// A trade's path in terms of rows.
struct Path {
    f64 s, entry, entry_cost;
    // First live row and the step there.
    u64 start;
    f64 first;
    // Row of the exit, and the step there unless it is the first.
    u64 exit;
    f64 last;

    // Whether the trade ends on its first live bar.
    BARLOOM_METHOD bool is_single() const { return exit == start; }
};

BARLOOM_FN Path path_of(const Trading& trading, const Metric& metric, const Samples& in, u64 thread) {
    const f64* close = metric.close;
    const u64 t = in.row[thread], held_bars = (u64)in.held_bars[thread];
    const f64 s = (f64)in.act_dir[thread];
    const f64 entry = in.entry_price[thread], x = in.exit_price[thread], c = trading.side_cost;
    const f64 at_exit = trading.pays_once ? 0.0 : c * (x / entry);
    const f64 exit_cost = at_exit + trading.carry * (f64)held_bars;
    const u64 start = metric.enters_at_open ? t : t + 1, exit = t + held_bars;
    const bool single = exit == start;
    const f64 reached = single ? x : close[start];
    const f64 first = s * (reached - entry) / entry - c;
    Path path;
    path.s = s;
    path.entry = entry;
    path.entry_cost = c;
    path.start = start;
    path.first = single ? first - exit_cost : first;
    path.exit = exit;
    path.last = single ? 0.0 : s * (x - close[exit - 1]) / entry - exit_cost;
    return path;
}

BARLOOM_FN f64 squared_loss(f64 step) { return least(step, 0.0) * least(step, 0.0); }

BARLOOM_FN Changes changes_between(const Metric& metric, const Path& path) {
    const Changes::Leaf leaf = {{metric.close}};
    return summary_of<Changes>(metric.changes, path.start + 1, path.exit, leaf);
}

BARLOOM_FN f64 deviation(const Trading& trading, const Metric& metric, const Path& path, f64 m) {
    Moments all = Moments::one(path.first);
    if (!path.is_single()) {
        const Moments between = changes_between(metric, path).moments.scaled(path.s / path.entry);
        all = all.merge(between).merge(Moments::one(path.last));
    }
    const u64 after = trading.steps - (path.exit - path.start + 1);
    return all.merge(Moments::zeros(after)).std(m);
}

BARLOOM_FN f64 downside(const Metric& metric, const Path& path, f64 m) {
    f64 sum = squared_loss(path.first);
    if (!path.is_single()) {
        const Changes between = changes_between(metric, path);
        const f64 squares = path.s > 0.0 ? between.falls2 : between.rises2;
        const f64 g = path.s / path.entry;
        sum = sum + squares * g * g + squared_loss(path.last);
    }
    return sqrt(sum / m);
}

// The maximum drawdown of the cumulative profit, which starts at 0 and ends at u.
BARLOOM_FN f64 drawdown(const Metric& metric, const Path& path, f64 u) {
    if (path.is_single()) return greatest(0.0 - u, 0.0);
    const Extremes::Leaf leaf = {metric.close};
    const Extremes between = summary_of<Extremes>(metric.extremes, path.start, path.exit, leaf);
    const bool rises = path.s > 0.0;
    const f64 best = rises ? between.max : between.min, worst = rises ? between.min : between.max;
    const f64 against = rises ? between.fall : between.rise;
    const f64 high = path.s * (best - path.entry) / path.entry - path.entry_cost;
    const f64 low = path.s * (worst - path.entry) / path.entry - path.entry_cost;
    return greatest(greatest(greatest(0.0 - low, against / path.entry), greatest(high, 0.0) - u), 0.0);
}

BARLOOM_FN f64 path_metric(const Trading& trading, const Metric& metric, const Samples& in,
                           u64 thread) {
    const Path path = path_of(trading, metric, in, thread);
    const f64 m = (f64)trading.steps, u = in.unit_return[thread];
    const f64 mean = u / m, year = bars_per_year(metric, in, thread);
    if (metric.metric == METRIC_SHARPE) {
        return mean / (deviation(trading, metric, path, m) + metric.eps) * sqrt(year);
    }
    if (metric.metric == METRIC_SORTINO) {
        return mean / (downside(metric, path, m) + metric.eps) * sqrt(year);
    }
    return u * year / m / (drawdown(metric, path, u) + metric.eps);
}

BARLOOM_FN f64 frel_metric(const Trading& trading, const Metric& metric, const Samples& in,
                           u64 thread) {
    const i8 direction = in.act_dir[thread];
    const f64 s = (f64)direction, d = in.act_dollar[thread];
    const f64 h = trading.side_cost + trading.carry;
    const u32 side = direction > 0 ? 1 : 0;
    const u64 start = in.row[thread] + 1, end = in.row[thread] + trading.forward;
    const f64 m = (f64)trading.steps, year = bars_per_year(metric, in, thread);
    const Closes closes = {metric.close};
    if (metric.metric == METRIC_CALMAR) {
        const Cumulative::Leaf leaf = {closes, s, h};
        const Cumulative all = summary_of<Cumulative>(metric.cumulative[side], start, end, leaf);
        return d * all.sum * year / m / (d * all.drawdown + metric.eps);
    }
    const Returns::Leaf leaf = {closes};
    const Moments all = summary_of<Moments>(metric.returns, start, end, leaf);
    const f64 mean = d * (s * (all.sum / m) - h);
    if (metric.metric == METRIC_SHARPE) {
        return mean / (d * all.std(m) + metric.eps) * sqrt(year);
    }
    const Returns::Losses losing = {closes, s, h};
    const Moments losses = summary_of<Moments>(metric.losses[side], start, end, losing);
    return mean / (d * losses.std(losses.n) + metric.eps) * sqrt(year);
}

BARLOOM_FN f64 metric_of(const Trading& trading, const Metric& metric, const Samples& in, u64 thread) {
    const f64 u = in.unit_return[thread];
    switch (metric.metric) {
        case METRIC_PNL: return in.act_dollar[thread] * u;
        case METRIC_RETURN: return in.act_dollar[thread] * u / in.equity[thread];
        case METRIC_PNL_PCT: return u;
        case METRIC_LOG_RETURN: return libm_log(greatest(1.0 + u, 1e-12));
        case METRIC_R_MULTIPLE: return u / in.act_sl[thread];
        case METRIC_BARRIER: {
            const u8 reason = in.exit_reason[thread];
            return reason == EXIT_STOP ? -1.0 : reason == EXIT_TARGET ? 1.0 : 0.0;
        }
        case METRIC_CAR: {
            const f64 exponent = bars_per_year(metric, in, thread) / (f64)trading.forward;
            return libm_pow(greatest(1.0 + u, 0.0), exponent) - 1.0;
        }
        default:
            return metric.frel ? frel_metric(trading, metric, in, thread)
                               : path_metric(trading, metric, in, thread);
    }
}

BARLOOM_FN void reward(const Trading& trading, const Metric& metric, const Samples& in, u64 thread) {
    f64 value = 0.0;
    u8 clipped = 0;
    if (in.act_dir[thread] != 0) {
        value = metric_of(trading, metric, in, thread);
        if (is_nan(value)) {
            value = of_bits(0x7ff8000000000000ull);
        } else if (metric.clipped && (value < metric.clip_lo || value > metric.clip_hi)) {
            value = value < metric.clip_lo ? metric.clip_lo : metric.clip_hi;
            clipped = 1;
        }
    }
    metric.value[thread] = value;
    metric.was_clipped[thread] = clipped;
}
