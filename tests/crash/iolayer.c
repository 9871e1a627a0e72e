/* What a process does to files below one folder: written down, or made to fail. For LD_PRELOAD, on Linux.

   IOLAYER_ROOT   only paths below it count (no blanks in them)
   IOLAYER_LOG    record: operations are appended here, each "LETTER LENGTH PATH [NUMBER|PATH]\n" and LENGTH bytes of data
   IOLAYER_FAIL   fail: "KIND N ERRNO [always]": the N-th call of that kind (write, fsync, rename, open, mkdir), counted
                  over all processes by the size of the file IOLAYER_COUNT, fails with that error number
*/
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) ({ static __typeof__(name) *real; if (!real) real = dlsym(RTLD_NEXT, #name); real; })

static const char *root(void) { static const char *r; static int asked; if (!asked) { r = getenv("IOLAYER_ROOT"); asked = 1; } return r; }
static int below(const char *path) { const char *r = root(); return r && path && strncmp(path, r, strlen(r)) == 0 && !strstr(path, "-shm"); }

static int of_fd(int fd, char *path) {
    char link[64]; int saved = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_MAX - 1);
    errno = saved;
    if (n <= 0) return 0;
    path[n] = 0;
    return below(path) && !strstr(path, " (deleted)");
}

static const char *at(int dir, const char *path, char *whole) {
    if (!path) return "";
    if (path[0] == '/') { snprintf(whole, PATH_MAX, "%s", path); return whole; }
    char base[PATH_MAX]; ssize_t n; char link[64]; int saved = errno;
    if (dir == AT_FDCWD) snprintf(link, sizeof link, "/proc/self/cwd"); else snprintf(link, sizeof link, "/proc/self/fd/%d", dir);
    n = syscall(SYS_readlinkat, AT_FDCWD, link, base, sizeof base - 1);
    errno = saved;
    if (n <= 0) return "";
    base[n] = 0;
    snprintf(whole, PATH_MAX, "%s/%s", base, path);
    return whole;
}

static int opened_log(void) {
    const char *name = getenv("IOLAYER_LOG");
    int log = name ? syscall(SYS_openat, AT_FDCWD, name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;
    int high = log >= 0 ? fcntl(log, F_DUPFD_CLOEXEC, 200) : -1;
    if (high >= 0) { syscall(SYS_close, log); log = high; }
    return log;
}

static void note(char letter, const char *path, const char *more, const void *data, size_t size) {
    static int log = -2; int saved = errno;
    if (log == -2) log = opened_log();
    if (log >= 0) {
        char head[2 * PATH_MAX + 64];
        int n = snprintf(head, sizeof head, "%c %zu %s %s\n", letter, size, path, more);
        struct iovec parts[2] = {{head, n}, {(void *)data, size}};
        /* A process that closes all it has inherited closes the log too: then it is opened again, and nothing is missed. */
        if (syscall(SYS_writev, log, parts, size ? 2 : 1) < 0 && errno == EBADF && (log = opened_log()) >= 0)
            syscall(SYS_writev, log, parts, size ? 2 : 1);
    }
    errno = saved;
}

static int fails(const char *kind) {
    static char wanted[32]; static long number = -1; static int error, always;
    if (number == -1) {
        const char *said = getenv("IOLAYER_FAIL"); char tail[16] = "";
        if (!said || sscanf(said, "%31s %ld %d %15s", wanted, &number, &error, tail) < 3) number = 0;
        always = tail[0] != 0;
    }
    if (number <= 0 || strcmp(kind, wanted)) return 0;
    int fd = syscall(SYS_openat, AT_FDCWD, getenv("IOLAYER_COUNT"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return 0;
    syscall(SYS_write, fd, ".", 1);
    long count = syscall(SYS_lseek, fd, 0, SEEK_CUR);
    syscall(SYS_close, fd);
    if (count == number || (always && count > number)) { errno = error; return 1; }
    return 0;
}

static int opened(int dir, const char *path, int flags, mode_t mode) {
    char whole[PATH_MAX]; int saved = errno, mine = below(at(dir, path, whole)) && !(flags & O_PATH);
    struct stat state;
    int there = !mine || syscall(SYS_newfstatat, AT_FDCWD, whole, &state, AT_SYMLINK_NOFOLLOW) == 0;
    errno = saved;
    if (mine && (flags & (O_WRONLY | O_RDWR | O_CREAT)) && fails("open")) return -1;
    int fd = syscall(SYS_openat, dir, path, flags, mode);
    if (fd >= 0 && mine) {
        if (!there) note('C', whole, "", "", 0);
        else if ((flags & O_TRUNC) && (flags & (O_WRONLY | O_RDWR))) note('T', whole, "0", "", 0);
    }
    return fd;
}
#define MODE mode_t mode = 0; if (flags & (O_CREAT | O_TMPFILE)) { va_list l; va_start(l, flags); mode = va_arg(l, mode_t); va_end(l); }
int open(const char *path, int flags, ...) { MODE return opened(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE return opened(AT_FDCWD, path, flags | O_LARGEFILE, mode); }
int openat(int dir, const char *path, int flags, ...) { MODE return opened(dir, path, flags, mode); }
int openat64(int dir, const char *path, int flags, ...) { MODE return opened(dir, path, flags | O_LARGEFILE, mode); }
int creat(const char *path, mode_t mode) { return opened(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
FILE *fopen(const char *path, const char *mode) {
    char whole[PATH_MAX];
    if (!below(at(AT_FDCWD, path, whole)) || mode[0] == 'r') return REAL(fopen)(path, mode);
    int fd = opened(AT_FDCWD, path, O_WRONLY | O_CREAT | (mode[0] == 'w' ? O_TRUNC : O_APPEND), 0666);
    return fd < 0 ? NULL : fdopen(fd, mode);
}

static void wrote(int fd, const void *data, size_t size, off_t offset) {
    char path[PATH_MAX], more[32];
    if (!of_fd(fd, path)) return;
    snprintf(more, sizeof more, "%lld", (long long)offset);
    note('W', path, more, data, size);
}
#define MINE(fd) ({ char path_[PATH_MAX]; of_fd(fd, path_); })
ssize_t write(int fd, const void *data, size_t size) {
    int mine = root() && fd > 2 && MINE(fd);
    if (mine && fails("write")) return -1;
    ssize_t n = syscall(SYS_write, fd, data, size);
    if (n > 0 && root() && (mine || MINE(fd))) { int saved = errno; off_t end = syscall(SYS_lseek, fd, 0, SEEK_CUR); errno = saved; wrote(fd, data, n, end - n); }
    return n;
}
ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) {
    int mine = root() && MINE(fd);
    if (mine && fails("write")) return -1;
    ssize_t n = syscall(SYS_pwrite64, fd, data, size, offset);
    if (n > 0 && mine) wrote(fd, data, n, offset);
    return n;
}
ssize_t pwrite64(int fd, const void *data, size_t size, off_t offset) { return pwrite(fd, data, size, offset); }
ssize_t writev(int fd, const struct iovec *parts, int count) {
    ssize_t all = 0;
    if (!root() || !MINE(fd)) return syscall(SYS_writev, fd, parts, count);
    for (int i = 0; i < count; i++) { ssize_t n = write(fd, parts[i].iov_base, parts[i].iov_len); if (n < 0) return all ? all : -1; all += n; if ((size_t)n < parts[i].iov_len) break; }
    return all;
}
ssize_t sendfile(int out, int in, off_t *offset, size_t count) { if (root() && MINE(out)) { errno = EINVAL; return -1; } return syscall(SYS_sendfile, out, in, offset, count); }
ssize_t sendfile64(int out, int in, off_t *offset, size_t count) { return sendfile(out, in, offset, count); }
ssize_t copy_file_range(int in, off_t *a, int out, off_t *b, size_t n, unsigned flags) { if (root() && MINE(out)) { errno = EXDEV; return -1; } return syscall(SYS_copy_file_range, in, a, out, b, n, flags); }

/* A sync is noted with all that the file holds then: what was written past this layer (stdio, mmap) is in it too. */
static void content(const char *path) {
    int saved = errno, fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat state; char *data = NULL; ssize_t n = 0;
    if (fd >= 0 && syscall(SYS_fstat, fd, &state) == 0 && S_ISREG(state.st_mode) && (data = malloc(state.st_size + 1)))
        n = syscall(SYS_pread64, fd, data, state.st_size, 0);
    note('S', path, "", data ? data : "", n > 0 ? n : 0);
    free(data);
    if (fd >= 0) syscall(SYS_close, fd);
    errno = saved;
}

static int synced(int fd, long number) {
    char path[PATH_MAX]; int mine = root() && of_fd(fd, path);
    if (mine && fails("fsync")) return -1;
    int done = syscall(number, fd);
    if (done == 0 && mine) content(path);
    return done;
}
int fsync(int fd) { return synced(fd, SYS_fsync); }
int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }

static int two(char letter, int old_dir, const char *old, int new_dir, const char *new, int (*act)(int, const char *, int, const char *)) {
    char a[PATH_MAX], b[PATH_MAX]; int mine = below(at(new_dir, new, b)); at(old_dir, old, a);
    if (mine && letter == 'R' && fails("rename")) return -1;
    int done = act(old_dir, old, new_dir, new);
    if (done == 0 && mine) note(letter, a, b, "", 0);
    return done;
}
static int do_rename(int a, const char *b, int c, const char *d) { return syscall(SYS_renameat, a, b, c, d); }
static int do_link(int a, const char *b, int c, const char *d) { return syscall(SYS_linkat, a, b, c, d, 0); }
int rename(const char *old, const char *new) { return two('R', AT_FDCWD, old, AT_FDCWD, new, do_rename); }
int renameat(int a, const char *old, int b, const char *new) { return two('R', a, old, b, new, do_rename); }
int link(const char *old, const char *new) { return two('L', AT_FDCWD, old, AT_FDCWD, new, do_link); }
int linkat(int a, const char *old, int b, const char *new, int flags) { (void)flags; return two('L', a, old, b, new, do_link); }

static int one(char letter, int dir, const char *path, const char *kind, long number, long extra) {
    char whole[PATH_MAX]; int mine = below(at(dir, path, whole));
    if (mine && kind && fails(kind)) return -1;
    int done = syscall(number, dir, path, extra);
    if (done == 0 && mine) note(letter, whole, "", "", 0);
    return done;
}
int mkdir(const char *path, mode_t mode) { return one('M', AT_FDCWD, path, "mkdir", SYS_mkdirat, mode); }
int mkdirat(int dir, const char *path, mode_t mode) { return one('M', dir, path, "mkdir", SYS_mkdirat, mode); }
int unlink(const char *path) { return one('U', AT_FDCWD, path, NULL, SYS_unlinkat, 0); }
int unlinkat(int dir, const char *path, int flags) { return one(flags & AT_REMOVEDIR ? 'D' : 'U', dir, path, NULL, SYS_unlinkat, flags); }
int rmdir(const char *path) { return one('D', AT_FDCWD, path, NULL, SYS_unlinkat, AT_REMOVEDIR); }
int symlink(const char *to, const char *path) {
    char whole[PATH_MAX]; int mine = below(at(AT_FDCWD, path, whole)), done = syscall(SYS_symlinkat, to, AT_FDCWD, path);
    if (done == 0 && mine) note('Y', whole, to, "", 0);
    return done;
}
int ftruncate(int fd, off_t size) {
    char path[PATH_MAX], more[32]; int mine = root() && of_fd(fd, path), done = syscall(SYS_ftruncate, fd, size);
    if (done == 0 && mine) { snprintf(more, sizeof more, "%lld", (long long)size); note('T', path, more, "", 0); }
    return done;
}
int ftruncate64(int fd, off_t size) { return ftruncate(fd, size); }
int posix_fallocate(int fd, off_t from, off_t size) {
    char path[PATH_MAX], more[32]; int mine = root() && of_fd(fd, path);
    int done = syscall(SYS_fallocate, fd, 0, from, size) == 0 ? 0 : errno;
    if (done == 0 && mine) { snprintf(more, sizeof more, "%lld", (long long)(from + size)); note('A', path, more, "", 0); }
    return done;
}
int posix_fallocate64(int fd, off_t from, off_t size) { return posix_fallocate(fd, from, size); }
