// log and pow as in the Rust crate libm 0.2, which has them from FreeBSD's msun:
//
// Copyright (C) 1993, 2004 by Sun Microsystems, Inc. All rights reserved. Permission to use, copy,
// modify, and distribute this software is freely granted, provided that this notice is preserved.
//
// Only what rewards ask for is here: log of a number above 0, pow of a base of at least 0 and a
// finite exponent above 0; infinity is among the numbers. tests/libm.rs compares the bits with the
// crate's.
#pragma once

#include "types.cuh"

BARLOOM_FN f64 with_high(f64 x, u32 high) {
    return of_bits((bits_of(x) & 0xffffffffull) | (u64)high << 32);
}
BARLOOM_FN f64 without_low(f64 x) { return of_bits(bits_of(x) & 0xffffffff00000000ull); }

// x > 0.
BARLOOM_FN f64 libm_log(f64 x) {
    const f64 LN2_HI = 6.93147180369123816490e-01, LN2_LO = 1.90821492927058770002e-10;
    const f64 LG1 = 6.666666666666735130e-01, LG2 = 3.999999999940941908e-01;
    const f64 LG3 = 2.857142874366239149e-01, LG4 = 2.222219843214978396e-01;
    const f64 LG5 = 1.818357216161805012e-01, LG6 = 1.531383769920937332e-01;
    const f64 LG7 = 1.479819860511658591e-01;

    u64 ui = bits_of(x);
    u32 hx = (u32)(ui >> 32);
    i32 k = 0;
    if (hx < 0x00100000u) {
        // Subnormal: scaled up by 2^54.
        k -= 54;
        x *= 18014398509481984.0;
        ui = bits_of(x);
        hx = (u32)(ui >> 32);
    } else if (hx >= 0x7ff00000u) {
        return x;
    } else if (hx == 0x3ff00000u && ui << 32 == 0) {
        return 0.0;
    }

    // Into [sqrt(2)/2, sqrt(2)].
    hx += 0x3ff00000u - 0x3fe6a09eu;
    k += (i32)(hx >> 20) - 0x3ff;
    hx = (hx & 0x000fffffu) + 0x3fe6a09eu;
    x = of_bits((u64)hx << 32 | (ui & 0xffffffffull));

    const f64 f = x - 1.0;
    const f64 hfsq = 0.5 * f * f;
    const f64 s = f / (2.0 + f);
    const f64 z = s * s;
    const f64 w = z * z;
    const f64 t1 = w * (LG2 + w * (LG4 + w * LG6));
    const f64 t2 = z * (LG1 + w * (LG3 + w * (LG5 + w * LG7)));
    const f64 r = t2 + t1;
    const f64 dk = (f64)k;
    return s * (hfsq + r) + dk * LN2_LO - hfsq + f + dk * LN2_HI;
}

// x * 2^n, rounded once: for n from -1100 to 0.
BARLOOM_FN f64 scaled_down(f64 x, i32 n) {
    // 2^-1022 * 2^53, so that no step but the last can round.
    const f64 step = 2.2250738585072014e-308 * 9007199254740992.0;
    if (n < -1022) {
        x *= step;
        n += 1022 - 53;
        if (n < -1022) {
            x *= step;
            n += 1022 - 53;
            if (n < -1022) n = -1022;
        }
    }
    return x * of_bits((u64)(0x3ff + n) << 52);
}

// x >= 0, and y > 0 finite.
BARLOOM_FN f64 libm_pow(f64 x, f64 y) {
    const f64 L1 = 5.99999999999994648725e-01, L2 = 4.28571428578550184252e-01;
    const f64 L3 = 3.33333329818377432918e-01, L4 = 2.72728123808534006489e-01;
    const f64 L5 = 2.30660745775561754067e-01, L6 = 2.06975017800338417784e-01;
    const f64 P1 = 1.66666666666666019037e-01, P2 = -2.77777777770155933842e-03;
    const f64 P3 = 6.61375632143793436117e-05, P4 = -1.65339022054652515390e-06;
    const f64 P5 = 4.13813679705723846039e-08;
    const f64 LG2 = 6.93147180559945286227e-01, LG2_H = 6.93147182464599609375e-01;
    const f64 LG2_L = -1.90465429995776804525e-09, OVT = 8.0085662595372944372e-017;
    const f64 CP = 9.61796693925975554329e-01, CP_H = 9.61796700954437255859e-01;
    const f64 CP_L = -7.02846165095275826516e-09, IVLN2 = 1.44269504088896338700e+00;
    const f64 IVLN2_H = 1.44269502162933349609e+00, IVLN2_L = 1.92596299112661746887e-08;
    const f64 DP_H = 5.84962487220764160156e-01, DP_L = 1.35003920212974897128e-08;

    const i32 hx = (i32)(bits_of(x) >> 32), hy = (i32)(bits_of(y) >> 32);
    const u32 lx = (u32)bits_of(x), ly = (u32)bits_of(y);
    i32 ix = hx;

    if (hx == 0x3ff00000 && lx == 0) return 1.0;
    if (ly == 0) {
        if (hy == 0x3ff00000) return x;
        if (hy == 0x40000000) return x * x;
        if (hy == 0x3fe00000) return sqrt(x);
    }
    if (lx == 0 && (ix == 0 || ix == 0x7ff00000)) return x;

    f64 t1, t2, ax = x;
    if (hy > 0x41e00000) {
        // y > 2^31: an overflow or an underflow unless x is close to 1.
        if (hy > 0x43f00000) return ix <= 0x3fefffff ? 0.0 : infinity();
        if (ix < 0x3fefffff) return 0.0;
        if (ix > 0x3ff00000) return infinity();
        const f64 t = ax - 1.0;
        const f64 w = (t * t) * (0.5 - t * (0.3333333333333333333333 - t * 0.25));
        const f64 u = IVLN2_H * t;
        const f64 v = t * IVLN2_L - w * IVLN2;
        t1 = without_low(u + v);
        t2 = v - (t1 - u);
    } else {
        i32 n = 0;
        if (ix < 0x00100000) {
            // Subnormal: scaled up by 2^53.
            ax *= 9007199254740992.0;
            n -= 53;
            ix = (i32)(bits_of(ax) >> 32);
        }
        n += (ix >> 20) - 0x3ff;
        const i32 j = ix & 0x000fffff;
        u32 k;
        ix = j | 0x3ff00000;
        if (j <= 0x3988E) {
            k = 0;
        } else if (j < 0xBB67A) {
            k = 1;
        } else {
            k = 0;
            n += 1;
            ix -= 0x00100000;
        }
        const f64 bp = k == 0 ? 1.0 : 1.5, dp_h = k == 0 ? 0.0 : DP_H, dp_l = k == 0 ? 0.0 : DP_L;
        ax = with_high(ax, (u32)ix);

        // ss = s_h + s_l = (x - bp) / (x + bp).
        const f64 u = ax - bp;
        const f64 v = 1.0 / (ax + bp);
        const f64 ss = u * v;
        const f64 s_h = without_low(ss);
        const f64 t_h = with_high(0.0, (((u32)ix >> 1) | 0x20000000u) + 0x00080000u + (k << 18));
        const f64 t_l = ax - (t_h - bp);
        const f64 s_l = v * ((u - s_h * t_h) - s_h * t_l);

        // log(ax).
        const f64 s2 = ss * ss;
        f64 r = s2 * s2 * (L1 + s2 * (L2 + s2 * (L3 + s2 * (L4 + s2 * (L5 + s2 * L6)))));
        r += s_l * (s_h + ss);
        const f64 sh2 = s_h * s_h;
        const f64 th = without_low(3.0 + sh2 + r);
        const f64 tl = r - ((th - 3.0) - sh2);
        const f64 uu = s_h * th;
        const f64 vv = s_l * th + tl * ss;

        // 2 / (3 log2) * (ss + ..).
        const f64 p_h = without_low(uu + vv);
        const f64 p_l = vv - (p_h - uu);
        const f64 z_h = CP_H * p_h;
        const f64 z_l = CP_L * p_h + p_l * CP + dp_l;
        const f64 t = (f64)n;
        t1 = without_low(((z_h + z_l) + dp_h) + t);
        t2 = z_l - (((t1 - t) - dp_h) - z_h);
    }

    // (y1 + y2) * (t1 + t2).
    const f64 y1 = without_low(y);
    const f64 p_l = (y - y1) * t1 + y * t2;
    f64 p_h = y1 * t1;
    f64 z = p_l + p_h;
    i32 j = (i32)(bits_of(z) >> 32);
    i32 i = (i32)bits_of(z);
    if (j >= 0x40900000) {
        if (((j - 0x40900000) | i) != 0 || p_l + OVT > z - p_h) return infinity();
    } else if ((j & 0x7fffffff) >= 0x4090cc00) {
        if ((((u32)j - 0xc090cc00u) | (u32)i) != 0 || p_l <= z - p_h) return 0.0;
    }

    // 2^(p_h + p_l).
    i = j & 0x7fffffff;
    i32 k = (i >> 20) - 0x3ff;
    i32 n = 0;
    if (i > 0x3fe00000) {
        n = j + (0x00100000 >> (k + 1));
        k = ((n & 0x7fffffff) >> 20) - 0x3ff;
        const f64 t = with_high(0.0, (u32)(n & ~(0x000fffff >> k)));
        n = ((n & 0x000fffff) | 0x00100000) >> (20 - k);
        if (j < 0) n = -n;
        p_h -= t;
    }
    const f64 t = without_low(p_l + p_h);
    const f64 u = t * LG2_H;
    const f64 v = (p_l - (t - p_h)) * LG2 + t * LG2_L;
    z = u + v;
    const f64 w = v - (z - u);
    const f64 tt = z * z;
    const f64 tp = z - tt * (P1 + tt * (P2 + tt * (P3 + tt * (P4 + tt * P5))));
    const f64 r = (z * tp) / (tp - 2.0) - (w + z * w);
    z = 1.0 - (r - z);
    j = (i32)((u32)(bits_of(z) >> 32) + ((u32)n << 20));
    if ((j >> 20) <= 0) return scaled_down(z, n);
    return with_high(z, (u32)j);
}
