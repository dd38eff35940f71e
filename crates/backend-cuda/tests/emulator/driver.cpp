// A CUDA driver with one device, whose memory is the host's and whose kernels are kernels.cu
// compiled for the host.
//
// What is queued in a stream is done when the stream is waited for, not before: a result that is
// read too early is not there. Addresses are checked to be of memory that is allocated.
//
// BARLOOM_FAKE_FAULT=name:n:code makes call n (from 1) of a function answer with a code;
// BARLOOM_FAKE_MEMORY is how many bytes the device has.

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "host.h"

#include "kernels.cu"

enum Code { OK = 0, INVALID = 1, OUT_OF_MEMORY = 2, NO_CONTEXT = 201, NOT_FOUND = 500 };

// The one context of the device, and the thread's.
static void* const CONTEXT = (void*)0x100;
static thread_local void* current;

static std::mutex lock;
static std::map<u64, u64> allocated;
static u64 held;
static std::map<std::string, u64> calls;

struct Queue {
    std::vector<std::function<void()>> work;
};

static u64 memory_bytes() {
    const char* bytes = getenv("BARLOOM_FAKE_MEMORY");
    return bytes ? strtoull(bytes, nullptr, 10) : 1ull << 34;
}

// The code that a call is to fail with, or OK.
static int fault(const char* name) {
    const u64 number = ++calls[name];
    const char* fault = getenv("BARLOOM_FAKE_FAULT");
    char function[64];
    unsigned long long nth;
    int code;
    if (!fault || sscanf(fault, "%63[^:]:%llu:%d", function, &nth, &code) != 3) return OK;
    return name == std::string(function) && nth == number ? code : OK;
}

// Whether these bytes are within one allocation.
static bool is_allocated(u64 address, u64 bytes) {
    auto after = allocated.upper_bound(address);
    if (after == allocated.begin()) return false;
    --after;
    return address + bytes <= after->first + after->second;
}

#define CALL(name)                                     \
    std::lock_guard<std::mutex> guard(lock);           \
    if (const int code = fault(name)) return code

// A call that goes to the thread's context.
#define CALL_IN_CONTEXT(name)                          \
    CALL(name);                                        \
    if (current != CONTEXT) return NO_CONTEXT

extern "C" {

int cuInit(unsigned) { CALL("cuInit"); return OK; }
int cuDriverGetVersion(int* version) { *version = 12040; return OK; }
int cuDeviceGetCount(int* count) { *count = 1; return OK; }
int cuDeviceGet(int* device, int ordinal) { *device = 0; return ordinal == 0 ? OK : 101; }
int cuDeviceGetName(char* name, int room, int) { snprintf(name, room, "Emulator"); return OK; }
int cuDeviceTotalMem_v2(size_t* bytes, int) { *bytes = memory_bytes(); return OK; }
int cuDeviceGetAttribute(int* value, int attribute, int) {
    *value = attribute == 75 ? 7 : attribute == 76 ? 5 : 0;
    return OK;
}
int cuGetErrorName(int code, const char** text) {
    *text = code == OUT_OF_MEMORY ? "CUDA_ERROR_OUT_OF_MEMORY" : "CUDA_ERROR_OTHER";
    return OK;
}
int cuGetErrorString(int code, const char** text) {
    *text = code == OUT_OF_MEMORY ? "out of memory" : "another error";
    return OK;
}

int cuDevicePrimaryCtxRetain(void** context, int) {
    CALL("cuDevicePrimaryCtxRetain");
    *context = CONTEXT;
    return OK;
}
int cuDevicePrimaryCtxRelease_v2(int) { return OK; }
int cuCtxSynchronize() { CALL_IN_CONTEXT("cuCtxSynchronize"); return OK; }
int cuCtxSetCurrent(void* context) {
    CALL("cuCtxSetCurrent");
    current = context;
    return OK;
}
int cuCtxGetCurrent(void** context) { *context = current; return OK; }

int cuModuleLoadDataEx(void** module, const void* image, unsigned options, void*, void*) {
    CALL_IN_CONTEXT("cuModuleLoadDataEx");
    const std::string ptx = (const char*)image;
    if (options != 0 || ptx.find(".version") == std::string::npos) return 218;
    *module = new std::string(ptx);
    return OK;
}
int cuModuleUnload(void* module) { delete (std::string*)module; return OK; }

static const char* const KERNELS[] = {"barloom_draw", "barloom_trade", "barloom_reward",
                                      "barloom_moments", "barloom_windows",
                                      "barloom_snapshots"};

int cuModuleGetFunction(void** function, void* module, const char* name) {
    CALL("cuModuleGetFunction");
    const std::string entry = std::string(".entry ") + name + "(";
    if (((std::string*)module)->find(entry) == std::string::npos) return NOT_FOUND;
    for (const char* const& kernel : KERNELS) {
        if (std::string(kernel) == name) {
            *function = (void*)&kernel;
            return OK;
        }
    }
    return NOT_FOUND;
}

int cuMemGetInfo_v2(size_t* free, size_t* all) {
    CALL_IN_CONTEXT("cuMemGetInfo_v2");
    *all = memory_bytes();
    *free = *all - held;
    return OK;
}
int cuMemAlloc_v2(u64* address, size_t bytes) {
    CALL_IN_CONTEXT("cuMemAlloc_v2");
    if (bytes == 0) return INVALID;
    if (held + bytes > memory_bytes()) return OUT_OF_MEMORY;
    void* memory = aligned_alloc(256, (bytes + 255) / 256 * 256);
    // What new memory holds must not matter.
    std::memset(memory, 0xa5, bytes);
    *address = (u64)memory;
    allocated[*address] = bytes;
    held += bytes;
    return OK;
}
int cuMemFree_v2(u64 address) {
    CALL_IN_CONTEXT("cuMemFree_v2");
    const auto found = allocated.find(address);
    if (found == allocated.end()) return INVALID;
    held -= found->second;
    allocated.erase(found);
    free((void*)address);
    return OK;
}
int cuMemAllocHost_v2(void** memory, size_t bytes) {
    CALL_IN_CONTEXT("cuMemAllocHost_v2");
    *memory = aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
    return *memory ? OK : OUT_OF_MEMORY;
}
int cuMemFreeHost(void* memory) { free(memory); return OK; }
int cuMemcpyHtoD_v2(u64 to, const void* from, size_t bytes) {
    CALL_IN_CONTEXT("cuMemcpyHtoD_v2");
    if (!is_allocated(to, bytes)) return INVALID;
    std::memcpy((void*)to, from, bytes);
    return OK;
}

int cuStreamCreate(void** stream, unsigned) { *stream = new Queue; return OK; }
int cuStreamCreateWithPriority(void** stream, unsigned, int) { return cuStreamCreate(stream, 0); }
int cuStreamDestroy_v2(void* stream) { delete (Queue*)stream; return OK; }
int cuStreamSynchronize(void* stream) {
    CALL_IN_CONTEXT("cuStreamSynchronize");
    std::vector<std::function<void()>> work;
    work.swap(((Queue*)stream)->work);
    for (const auto& one : work) one();
    return OK;
}
// An event is the stream that it was recorded in: all that is queued there by then, and maybe more.
int cuMemsetD8_v2(u64 to, unsigned char byte, size_t bytes) {
    if (!is_allocated(to, bytes)) return INVALID;
    std::memset((void*)to, byte, bytes);
    return OK;
}
int cuMemcpyDtoH_v2(void* to, u64 from, size_t bytes) {
    if (!is_allocated(from, bytes)) return INVALID;
    std::memcpy(to, (void*)from, bytes);
    return OK;
}
int cuEventCreate(void** event, unsigned) { *event = new void*(nullptr); return OK; }
int cuEventDestroy_v2(void* event) { delete (void**)event; return OK; }
int cuEventRecord(void* event, void* stream) { *(void**)event = stream; return OK; }
int cuStreamWaitEvent(void* stream, void* event, unsigned) {
    CALL_IN_CONTEXT("cuStreamWaitEvent");
    Queue* other = *(Queue**)event;
    ((Queue*)stream)->work.push_back([=] {
        std::vector<std::function<void()>> work;
        work.swap(other->work);
        for (const auto& one : work) one();
    });
    return OK;
}
int cuMemcpyHtoDAsync_v2(u64 to, const void* from, size_t bytes, void* stream) {
    CALL_IN_CONTEXT("cuMemcpyHtoDAsync_v2");
    if (!is_allocated(to, bytes)) return INVALID;
    ((Queue*)stream)->work.push_back([=] { std::memcpy((void*)to, from, bytes); });
    return OK;
}
int cuMemcpyDtoHAsync_v2(void* to, u64 from, size_t bytes, void* stream) {
    CALL_IN_CONTEXT("cuMemcpyDtoHAsync_v2");
    if (!is_allocated(from, bytes)) return INVALID;
    ((Queue*)stream)->work.push_back([=] { std::memcpy(to, (void*)from, bytes); });
    return OK;
}

int cuMemcpyDtoDAsync_v2(u64 to, u64 from, size_t bytes, void* stream) {
    CALL_IN_CONTEXT("cuMemcpyDtoDAsync_v2");
    if (!is_allocated(from, bytes) || !is_allocated(to, bytes)) return INVALID;
    ((Queue*)stream)->work.push_back([=] { std::memcpy((void*)to, (void*)from, bytes); });
    return OK;
}

// Queues a kernel with copies of its arguments.
#define QUEUE(run) ((Queue*)stream)->work.push_back([=] { each(blocks, threads, [&] { run; }); })

static void each(unsigned blocks, unsigned threads, const std::function<void()>& run) {
    blockDim.x = threads;
    for (blockIdx.x = 0; blockIdx.x < blocks; ++blockIdx.x) {
        for (threadIdx.x = 0; threadIdx.x < threads; ++threadIdx.x) run();
    }
}

int cuLaunchKernel(void* function, unsigned blocks, unsigned y, unsigned z, unsigned threads,
                   unsigned threads_y, unsigned threads_z, unsigned shared, void* stream,
                   void** arguments, void** extra) {
    CALL_IN_CONTEXT("cuLaunchKernel");
    if (y != 1 || z != 1 || threads_y != 1 || threads_z != 1 || shared != 0 || extra) return INVALID;
    const std::string name = *(const char* const*)function;
    if (name == "barloom_draw") {
        const Draws draws = *(Draws*)arguments[0];
        const Samples samples = *(Samples*)arguments[1];
        QUEUE(barloom_draw(draws, samples));
    } else if (name == "barloom_trade") {
        const Trading trading = *(Trading*)arguments[0];
        const Samples samples = *(Samples*)arguments[1];
        QUEUE(barloom_trade(trading, samples));
    } else if (name == "barloom_reward") {
        const Trading trading = *(Trading*)arguments[0];
        const Metric metric = *(Metric*)arguments[1];
        const Samples samples = *(Samples*)arguments[2];
        QUEUE(barloom_reward(trading, metric, samples));
    } else if (name == "barloom_snapshots") {
        const Snapshot snapshot = *(Snapshot*)arguments[0];
        const Samples samples = *(Samples*)arguments[1];
        QUEUE(barloom_snapshots(snapshot, samples));
    } else {
        const Channel channel = *(Channel*)arguments[0];
        const Samples samples = *(Samples*)arguments[1];
        if (name == "barloom_moments") {
            QUEUE(barloom_moments(channel, samples));
        } else {
            QUEUE(barloom_windows(channel, samples));
        }
    }
    return OK;
}

// For tests alone.

double emulate_log(double x) { return libm_log(x); }
double emulate_pow(double x, double y) { return libm_pow(x, y); }
u64 emulate_held() { return held; }
}
