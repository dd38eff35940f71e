#pragma once

typedef unsigned int u32;
typedef float f32;
typedef double f64;
