/* Preloaded into a node of a fault run: leads its connections to MongoDB over lines of its own, and sets its wall clock off.
 *
 * NODE_SHIM_PORTS: "27017=4001,27018=4002": what is to go to the first port of loopback goes to the second.
 * NODE_SHIM_CLOCK: a file of eight bytes, the seconds by which the clock is off; it may change at any time.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *off_by;
static int (*real_connect)(int, const struct sockaddr *, socklen_t);
static int (*real_clock_gettime)(clockid_t, struct timespec *);

__attribute__((constructor)) static void begin(void) {
    real_connect = dlsym(RTLD_NEXT, "connect");
    real_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
    const char *path = getenv("NODE_SHIM_CLOCK");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file >= 0) {
        void *shared = mmap(NULL, sizeof *off_by, PROT_READ, MAP_SHARED, file, 0);
        if (shared != MAP_FAILED) off_by = shared;
        close(file);
    }
}

int connect(int fd, const struct sockaddr *address, socklen_t length) {
    const char *ports = getenv("NODE_SHIM_PORTS");
    if (ports && address->sa_family == AF_INET && length >= sizeof(struct sockaddr_in)) {
        struct sockaddr_in there;
        memcpy(&there, address, sizeof there);
        for (const char *pair = ports; pair && *pair; pair = strchr(pair, ',') ? strchr(pair, ',') + 1 : NULL) {
            char *next;
            long from = strtol(pair, &next, 10);
            if (*next == '=' && ntohs(there.sin_port) == from) {
                there.sin_port = htons((uint16_t)strtol(next + 1, NULL, 10));
                return real_connect(fd, (struct sockaddr *)&there, sizeof there);
            }
        }
    }
    return real_connect(fd, address, length);
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    int failed = real_clock_gettime(clock, time);
    if (!failed && off_by && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) time->tv_sec += *off_by;
    return failed;
}
