// Stands in for the CUDA compiler: the kernels as functions of the host, called once a thread.
#pragma once

#include <cmath>
#include <cstring>

#define BARLOOM_HOST

struct Coordinate {
    unsigned int x;
};
static thread_local Coordinate threadIdx, blockIdx, blockDim;

static inline long long __double_as_longlong(double x) {
    long long bits;
    std::memcpy(&bits, &x, sizeof bits);
    return bits;
}
static inline double __longlong_as_double(long long bits) {
    double x;
    std::memcpy(&x, &bits, sizeof x);
    return x;
}
using std::sqrt;
