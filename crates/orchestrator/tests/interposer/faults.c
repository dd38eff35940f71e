// Stands before the C library in a process that writes files, and at the N-th call that changes
// one makes it fail, or ends the process. For tests, by LD_PRELOAD:
//   BARLOOM_FAULT_AT     the number of the call, from 1; none fails without it
//   BARLOOM_FAULT        "kill", or the number of an error that the one call gives
//   BARLOOM_FAULT_STAYS  if set, every later call that takes room fails like it: a full disk
//   BARLOOM_FAULT_COUNT  a file that gets the number of calls when the process ends
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long calls;

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

// The error that this call gives, or 0.
static int fault(int takes_room) {
    const long number = atomic_fetch_add(&calls, 1) + 1;
    const char* at = getenv("BARLOOM_FAULT_AT");
    const char* what = getenv("BARLOOM_FAULT");
    if (!at || !what || number < atol(at)) return 0;
    if (number > atol(at) && !(getenv("BARLOOM_FAULT_STAYS") && takes_room)) return 0;
    if (strcmp(what, "kill") == 0) {
        kill(getpid(), SIGKILL);
        pause();
    }
    return atoi(what);
}

static int is_file(int fd) {
    struct stat about;
    return fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
}

__attribute__((destructor)) static void tell(void) {
    const char* path = getenv("BARLOOM_FAULT_COUNT");
    if (!path) return;
    const int fd = NEXT(open)(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    char text[32];
    const int length = snprintf(text, sizeof text, "%ld", atomic_load(&calls));
    if (fd >= 0 && NEXT(write)(fd, text, length) == length) close(fd);
}

#define FAIL(takes_room)                       \
    do {                                       \
        const int error = fault(takes_room);   \
        if (error) { errno = error; return -1; } \
    } while (0)

ssize_t write(int fd, const void* bytes, size_t count) {
    if (!is_file(fd)) return NEXT(write)(fd, bytes, count);
    const int error = fault(1);
    if (error == 0) return NEXT(write)(fd, bytes, count);
    // A disk that fills up takes some of it.
    if (error == ENOSPC && count > 1) NEXT(write)(fd, bytes, count / 2);
    errno = error;
    return -1;
}

ssize_t writev(int fd, const struct iovec* pieces, int count) {
    if (is_file(fd)) FAIL(1);
    return NEXT(writev)(fd, pieces, count);
}

int open64(const char* path, int flags, ...) {
    mode_t mode = 0;
    if (flags & O_CREAT) {
        va_list rest;
        va_start(rest, flags);
        mode = va_arg(rest, mode_t);
        va_end(rest);
        if (strncmp(path, "/dev/", 5) != 0) FAIL(1);
    }
    return NEXT(open64)(path, flags, mode);
}

int mkdir(const char* path, mode_t mode) { FAIL(1); return NEXT(mkdir)(path, mode); }
int fsync(int fd) { FAIL(0); return NEXT(fsync)(fd); }
int rename(const char* from, const char* to) { FAIL(0); return NEXT(rename)(from, to); }
int unlink(const char* path) { FAIL(0); return NEXT(unlink)(path); }
int rmdir(const char* path) { FAIL(0); return NEXT(rmdir)(path); }
int linkat(int a, const char* from, int b, const char* to, int flags) {
    FAIL(1);
    return NEXT(linkat)(a, from, b, to, flags);
}
