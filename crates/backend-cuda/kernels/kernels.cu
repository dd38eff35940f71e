// The kernels: one thread a sample, or one for four values of windows.

#include "draw.cuh"
#include "reward.cuh"
#include "trade.cuh"
#include "window.cuh"

// Where samples stand, what they hold and do.
BARLOOM_KERNEL barloom_draw(const Draws draws, const Samples out) {
    const u64 thread = thread_number();
    if (thread < out.count) draw(draws, out, thread);
}

// The trades of drawn samples.
BARLOOM_KERNEL barloom_trade(const Trading trading, const Samples out) {
    const u64 thread = thread_number();
    if (thread < out.count) trade(trading, out, thread);
}

// One metric of traded samples.
BARLOOM_KERNEL barloom_reward(const Trading trading, const Metric metric, const Samples in) {
    const u64 thread = thread_number();
    if (thread < in.count) reward(trading, metric, in, thread);
}

// Mean and deviation, or least value and range, of the windows of one channel.
BARLOOM_KERNEL barloom_moments(const Channel channel, const Samples in) {
    const u64 thread = thread_number();
    if (thread < channel.windows) window_moments(channel, in, thread);
}

// The snapshots of drawn samples: a thread a value.
BARLOOM_KERNEL barloom_snapshots(const Snapshot snapshot, const Samples in) {
    const u64 thread = thread_number();
    if (thread < in.count * snapshot.columns) snap(snapshot, in, thread);
}

// The windows of one channel of drawn samples: a quarter as many threads as values.
BARLOOM_KERNEL barloom_windows(const Channel channel, const Samples in) {
    scale_windows(channel, in, thread_number());
}
