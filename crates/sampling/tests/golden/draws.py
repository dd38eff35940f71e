#!/usr/bin/env python3
"""The draws of DESIGN section 2, written out in plain Python, as a golden for barloom-sampling.

    python3 draws.py > draws.csv

Shares no code with the crate and needs only the standard library. Floats are written with
repr(), the shortest decimal that reads back as the same 64 bits.
"""

M64 = (1 << 64) - 1
GAMMA = 0x9E3779B97F4A7C15
STRIDE = 0x78DDE6E5FD29F054


def splitmix_output(z):
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & M64
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & M64
    return z ^ (z >> 31)


def rotl(x, k):
    return ((x << k) | (x >> (64 - k))) & M64


def ten_words(seed):
    """xoshiro256++ (Blackman and Vigna), its state filled by SplitMix64 as its authors advise."""
    s = [splitmix_output((seed + k * GAMMA) & M64) for k in (1, 2, 3, 4)]
    words = []
    for _ in range(10):
        words.append((rotl((s[0] + s[3]) & M64, 23) + s[0]) & M64)
        t = (s[1] << 17) & M64
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = rotl(s[3], 45)
    return words


def base_of(seed, part):
    whole = splitmix_output(seed)
    return whole if part in (None, 0) else splitmix_output(whole ^ part)


def sample_words(base, i):
    return ten_words((base + i * STRIDE) & M64)


def real(u, spec):
    if isinstance(spec, tuple):  # a range
        lo, hi = spec
        return lo + float(u >> 11) * 2.0**-53 * (hi - lo)
    if isinstance(spec, list):  # an equal choice
        return spec[(u * len(spec)) >> 64]
    return spec  # a constant


SETTINGS = {
    "default": dict(
        equity=(1e4, 1e5),
        balance_offset=(-5e3, 5e3),
        position=[0, 1, -1],
        sl_dist=(0.001, 0.05),
        tp_dist=(0.001, 0.10),
        act_dir=[0, 1, -1],
        act_dollar=(1e3, 5e4),
        act_sl=(0.001, 0.05),
        act_tp=(0.001, 0.10),
    ),
    "odd": dict(
        equity=[1e4, 1e4, 2.5e4, 1e6],
        balance_offset=-123.25,
        position=[1],
        sl_dist=0.02,
        tp_dist=[0.01, 0.03, 0.07],
        act_dir=[1, 1, -1],
        act_dollar=(100.0, 100.0),
        act_sl=[0.005],
        act_tp=(1e-9, 3.0),
    ),
}


def draw(s, seed, part, k, order, positions, i):
    base = base_of(seed, part)
    state = sample_words(base, i // k)[:6]
    action = sample_words(base, i)[6:]
    rank = (state[0] * positions) >> 64 if order == "random" else (i // k) % positions
    equity = real(state[1], s["equity"])
    balance = equity - real(state[2], s["balance_offset"])
    position = real(state[3], s["position"])
    sl_dist = real(state[4], s["sl_dist"])
    tp_dist = real(state[5], s["tp_dist"])
    act_dir = real(action[0], s["act_dir"])
    act_dollar = real(action[1], s["act_dollar"])
    act_sl = real(action[2], s["act_sl"])
    act_tp = real(action[3], s["act_tp"])
    if act_dir == 0:
        act_dollar = act_sl = act_tp = 0.0
    return [rank, equity, balance, position, sl_dist, tp_dist, act_dir, act_dollar, act_sl, act_tp]


def rows():
    large = [2**40, 2**40 + 1, 10**18 + 7, 2**62 - 1]
    for seed in (0, 42, M64):
        for part in (None, 0, 1):
            for k in (1, 4):
                for i in list(range(41)) + large:
                    yield "default", seed, part, k, "random", 558_720, i
    for part in (None, 2, 2**32 - 1):
        for i in [0, 1, 2, 3, 17] + large:
            yield "odd", 7, part, 3, "random", 2**40 + 15, i
            yield "default", 7, part, 5, "sequential", 11, i


if __name__ == "__main__":
    print(
        "settings,seed,part,actions_per_state,order,positions,i,rank,equity,balance,position,"
        "sl_dist,tp_dist,act_dir,act_dollar,act_sl,act_tp"
    )
    for name, seed, part, k, order, positions, i in rows():
        values = draw(SETTINGS[name], seed, part, k, order, positions, i)
        part = "none" if part is None else part
        print(",".join(map(str, [name, seed, part, k, order, positions, i] + list(map(repr, values)))))
