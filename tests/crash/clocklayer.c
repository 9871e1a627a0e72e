/* Clocks that can be set for some processes alone. For LD_PRELOAD, on Linux.

   CLOCKLAYER_FILE   a file of two numbers of 8 bytes, in seconds: added to the wall clock (CLOCK_REALTIME, time,
                     gettimeofday), and to CLOCK_BOOTTIME, which counts on while a machine sleeps. It is mapped, so that
                     who writes into it sets the clocks of all at once.
*/
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile const long long *added(void) {
    static volatile const long long *both; static int asked; static const long long none[2];
    if (!asked) {
        const char *name = getenv("CLOCKLAYER_FILE");
        int fd = name ? syscall(SYS_openat, AT_FDCWD, name, O_RDONLY | O_CLOEXEC, 0) : -1;
        void *at = fd >= 0 ? mmap(NULL, 16, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
        if (fd >= 0) close(fd);
        both = at == MAP_FAILED ? none : at;
        asked = 1;
    }
    return both;
}

int clock_gettime(clockid_t clock, struct timespec *at) {
    int said = syscall(SYS_clock_gettime, clock, at);
    if (said == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) at->tv_sec += added()[0];
    if (said == 0 && clock == CLOCK_BOOTTIME) at->tv_sec += added()[1];
    return said;
}

time_t time(time_t *into) {
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    if (into) *into = at.tv_sec;
    return at.tv_sec;
}

int gettimeofday(struct timeval *restrict into, void *restrict zone) {
    struct timespec at;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &at);
    into->tv_sec = at.tv_sec;
    into->tv_usec = at.tv_nsec / 1000;
    return 0;
}
