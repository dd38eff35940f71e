/* A CUDA driver with as much as tests ask for. DEVICES is how many devices it has, INIT what cuInit
   answers. */
#include <stddef.h>
#include <stdio.h>

#ifndef DEVICES
#define DEVICES 2
#endif
#ifndef INIT
#define INIT 0
#endif

#ifdef INIT_IS_MISSING
int unrelated(void) { return 0; }
#else
int cuInit(unsigned flags) { return flags == 0 ? INIT : 1; }
#endif

int cuDriverGetVersion(int *version) { *version = 13020; return 0; }

int cuDeviceGetCount(int *count) { *count = DEVICES; return 0; }

int cuDeviceGet(int *device, int ordinal) { *device = 40 + ordinal; return ordinal < DEVICES ? 0 : 101; }

int cuDeviceGetName(char *name, int room, int device) {
    snprintf(name, room, "Fake %d", device);
    return 0;
}

int cuDeviceTotalMem_v2(size_t *bytes, int device) {
    *bytes = ((size_t)device << 30) + ((size_t)1 << 29);
    return 0;
}

int cuDeviceGetAttribute(int *value, int attribute, int device) {
    if (attribute != 75 && attribute != 76) return 1;
    *value = attribute == 75 ? 9 : device - 40;
    return 0;
}

int cuGetErrorName(int code, const char **text) {
    *text = code == 803 ? "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH"
          : code == 222 ? "CUDA_ERROR_UNSUPPORTED_PTX_VERSION" : "CUDA_ERROR_OTHER";
    return 0;
}

int cuGetErrorString(int code, const char **text) {
    *text = code == 2 ? "fake: out of memory" : "fake: some error";
    return 0;
}

int cuMemAlloc_v2(unsigned long long *pointer, size_t bytes) {
    if (bytes > 1 << 20) return 2;
    *pointer = 0x5000000 + bytes;
    return 0;
}

int cuMemFree_v2(unsigned long long pointer) { return pointer > 0x5000000 ? 0 : 1; }

int cuModuleLoadDataEx(void **module, const void *image, unsigned options, void *names, void *values) {
    return 222;
}

/* Answers what it is told to. */
int cuCtxSetLimit(int limit, size_t value) { return (int)value; }

/* Answers the number of the first argument that is not its own number. */
int cuLaunchKernel(void *function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                   unsigned block_y, unsigned block_z, unsigned shared, void *stream, void **parameters,
                   void **extra) {
    size_t got[11] = {(size_t)function, grid_x, grid_y, grid_z, block_x, block_y, block_z, shared,
                      (size_t)stream, (size_t)parameters, (size_t)extra};
    for (int i = 0; i < 11; i++)
        if (got[i] != (size_t)i + 1) return i + 1;
    return 0;
}
