// Runs the kernels on the host, thread after thread.

#include "host.h"

#include "kernels.cu"

template <typename Run>
static void each(u64 blocks, u32 threads, const Run& run) {
    blockDim.x = threads;
    for (u64 block = 0; block < blocks; ++block) {
        blockIdx.x = (u32)block;
        for (u32 thread = 0; thread < threads; ++thread) {
            threadIdx.x = thread;
            run();
        }
    }
}

extern "C" void emulate(u32 kernel, const void* const* arguments, u64 blocks, u32 threads) {
    const void* const* a = arguments;
    switch (kernel) {
        case 0:
            each(blocks, threads, [=] { barloom_draw(*(const Draws*)a[0], *(const Samples*)a[1]); });
            break;
        case 1:
            each(blocks, threads,
                 [=] { barloom_trade(*(const Trading*)a[0], *(const Samples*)a[1]); });
            break;
        case 2:
            each(blocks, threads, [=] {
                barloom_reward(*(const Trading*)a[0], *(const Metric*)a[1], *(const Samples*)a[2]);
            });
            break;
        case 3:
            each(blocks, threads,
                 [=] { barloom_moments(*(const Channel*)a[0], *(const Samples*)a[1]); });
            break;
        case 4:
            each(blocks, threads,
                 [=] { barloom_windows(*(const Channel*)a[0], *(const Samples*)a[1]); });
            break;
    }
}

extern "C" double emulate_log(double x) { return libm_log(x); }
extern "C" double emulate_pow(double x, double y) { return libm_pow(x, y); }
