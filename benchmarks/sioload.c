// sioload: a single-threaded epoll load generator that speaks Socket.IO v5 over WebSocket.
// Build:  cc -O2 -o sioload sioload.c -lm        Usage: any unknown option prints it.
// Closed loop: each publisher keeps up to W messages un-acknowledged. A delivery is any event whose frame
// holds "ts=<ns>" (put %TS% behind "ts=" in the send template), or the text given with -M; an ack whose frame holds "error" is a nack.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTING, UPGRADING, OPENING, NSP, JOINING, READY, DEAD };
typedef struct {
  int fd, state, id, room, publisher, outstanding;
  uint64_t next_ack, connect_at;
  char *in; size_t in_len, in_cap;
  char *out; size_t out_len, out_off, out_cap;
} Conn;

static Conn *conns; static int nconn = 100, nrooms = 1, npub = 1, window = 16, duration = 5, warmup = 1, port = 8080, batch_connect = 200;
static const char *host = "127.0.0.1", *path = "/socket.io/?EIO=4&transport=websocket", *nsp = "/", *authf = NULL, *joinf = "[\"join\",{\"room\":\"r%ROOM%\"}]",
  *sendf = "[\"message\",{\"room\":\"r%ROOM%\",\"text\":\"ts=%TS% %BODY%\"}]", *authfile = NULL, *hdr = "", *mark = "ts=", *more = "";
static char **authlines; static int nauth, body_size = 64, idle_only = 0, quiet = 0;
static int ep, ready, dead, connecting, started;
static uint64_t acks, deliveries, sent, nack, bytes_in, t_start, t_end, conn_lat_sum;
static uint64_t *lat; static size_t lat_n, lat_cap = 1 << 22; static uint64_t *alat; static size_t alat_n;
static int pids[64], npids; static char *body;

static uint64_t now_ns(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return (uint64_t)t.tv_sec * 1000000000ull + t.tv_nsec; }
static void die(const char *m) { perror(m); exit(1); }

// copies column k (0-based, tab separated) of the connection's line in the -A file
static size_t column(char *dst, Conn *c, int k) {
  if (!nauth) return 0;
  const char *s = authlines[c->id % nauth], *e;
  while (k-- && s) { s = strchr(s, '\t'); if (s) s++; }
  if (!s) return 0;
  e = strchr(s, '\t'); size_t n = e ? (size_t)(e - s) : strlen(s);
  memcpy(dst, s, n); return n;
}
static void expand(char *dst, size_t cap, const char *tpl, Conn *c, uint64_t ts) {
  size_t o = 0;
  for (const char *p = tpl; *p && o + 2048 + body_size < cap;) {
    if (!strncmp(p, "%ROOM%", 6)) { o += sprintf(dst + o, "%d", c->room); p += 6; }
    else if (!strncmp(p, "%ID%", 4)) { o += sprintf(dst + o, "%d", c->id); p += 4; }
    else if (!strncmp(p, "%PEER%", 6)) { o += sprintf(dst + o, "%d", c->id ^ 1); p += 6; }
    else if (!strncmp(p, "%TS%", 4)) { o += sprintf(dst + o, "%llu", (unsigned long long)ts); p += 4; }
    else if (!strncmp(p, "%BODY%", 6)) { o += sprintf(dst + o, "%s", body); p += 6; }
    else if (!strncmp(p, "%N%", 3)) { static unsigned long long n; o += sprintf(dst + o, "%llu", ++n); p += 3; }
    else if (p[0] == '%' && p[1] >= '1' && p[1] <= '9' && p[2] == '%') { o += column(dst + o, c, p[1] - '1'); p += 3; }
    else dst[o++] = *p++;
  }
  dst[o] = 0;
}
static void arm(Conn *c) {
  struct epoll_event e = {.events = EPOLLIN | (c->out_len > c->out_off || c->state == CONNECTING ? EPOLLOUT : 0), .data.ptr = c};
  epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
}
static void flush_out(Conn *c) {
  while (c->out_off < c->out_len) {
    ssize_t n = write(c->fd, c->out + c->out_off, c->out_len - c->out_off);
    if (n < 0) { if (errno == EAGAIN) { arm(c); return; } c->state = DEAD; dead++; close(c->fd); return; }
    c->out_off += n;
  }
  c->out_off = c->out_len = 0;
}
static void raw(Conn *c, const void *p, size_t n) {
  if (c->out_len + n > c->out_cap) { c->out_cap = (c->out_len + n) * 2; c->out = realloc(c->out, c->out_cap); }
  memcpy(c->out + c->out_len, p, n); c->out_len += n;
}
static void frame(Conn *c, int op, const char *p, size_t n) {
  unsigned char h[14]; size_t k = 0;
  h[k++] = 0x80 | op;
  if (n < 126) h[k++] = 0x80 | n; else if (n < 65536) { h[k++] = 0x80 | 126; h[k++] = n >> 8; h[k++] = n; } else exit(9);
  h[k++] = 0; h[k++] = 0; h[k++] = 0; h[k++] = 0;  // zero mask
  raw(c, h, k); raw(c, p, n); 
}
static void text(Conn *c, const char *s) { frame(c, 1, s, strlen(s)); flush_out(c); }
static void send_event(Conn *c, const char *tpl, int with_ack, uint64_t ackid) {
  static char ev[70000], buf[70000];
  expand(ev, sizeof ev, tpl, c, now_ns());
  char pre[128]; int n = sprintf(pre, "42"); if (strcmp(nsp, "/")) n += sprintf(pre + n, "%s,", nsp);
  if (with_ack) n += sprintf(pre + n, "%llu", (unsigned long long)ackid);
  snprintf(buf, sizeof buf, "%s%s", pre, ev); text(c, buf);
}
static uint64_t ackt(Conn *c, uint64_t id, uint64_t set) { // per-connection ring of send times
  static uint64_t *ring; if (!ring) ring = calloc((size_t)nconn * 64, 8);
  uint64_t *p = &ring[(size_t)c->id * 64 + (id & 63)]; if (set) *p = set; return *p;
}
static void pump(Conn *c) {
  if (!c->publisher || !started) return;
  while (c->state == READY && c->outstanding < window && now_ns() < t_end) {
    uint64_t id = c->next_ack++; ackt(c, id, now_ns()); c->outstanding++; sent++;
    send_event(c, sendf, 1, id);
  }
}
static void on_text(Conn *c, char *s, size_t n) {
  char save = s[n]; s[n] = 0;
  if (s[0] == '2' && n == 1) text(c, "3");
  else if (s[0] == '0') {
    char b[8192], a[8000] = ""; if (authf) expand(a, sizeof a, authf, c, 0);
    if (!strcmp(nsp, "/")) snprintf(b, sizeof b, "40%s", a); else snprintf(b, sizeof b, "40%s,%s", nsp, a);
    c->state = NSP; text(c, b);
  } else if (s[0] == '4' && s[1] == '0' && c->state == NSP) {
    for (const char *n = more; *n;) { // further namespaces, with the same payload; nobody waits for their answers
      const char *e = strchr(n, ','); size_t k = e ? (size_t)(e - n) : strlen(n);
      char b[8192], a[8000] = ""; if (authf) expand(a, sizeof a, authf, c, 0);
      snprintf(b, sizeof b, "40%.*s,%s", (int)k, n, a); text(c, b); n += k + (e ? 1 : 0);
    }
    if (joinf[0]) { c->state = JOINING; send_event(c, joinf, 1, 0); c->next_ack = 1; }
    else { c->state = READY; ready++; connecting--; conn_lat_sum += now_ns() - c->connect_at; }
  } else if (s[0] == '4' && s[1] == '4') { if (!quiet) fprintf(stderr, "connect error: %.200s\n", s); c->state = DEAD; dead++; connecting--; close(c->fd); }
  else if (s[0] == '4' && s[1] == '3') {
    if (c->state == JOINING) { c->state = READY; ready++; connecting--; conn_lat_sum += now_ns() - c->connect_at; if (strstr(s, "\"error\"") && !quiet) { fprintf(stderr, "join: %.300s\n", s); quiet = 1; } }
    else {
      const char *p = s + 2; if (*p == '/') { p = strchr(p, ','); p = p ? p + 1 : s + 2; }
      uint64_t id = strtoull(p, NULL, 10), t = now_ns(); c->outstanding--;
      if (strstr(s, "\"error\"")) { nack++; if (!quiet) { fprintf(stderr, "nack: %.300s\n", s); quiet = 1; } }
      if (t >= t_start && t < t_end) { acks++; if (alat_n < lat_cap) alat[alat_n++] = t - ackt(c, id, 0); }
      pump(c);
    }
  } else if (s[0] == '4' && s[1] == '2') {
    char *q = strstr(s, mark); uint64_t t = now_ns();
    if (q && t >= t_start && t < t_end) { deliveries++; q = strstr(s, "ts="); uint64_t ts = q ? strtoull(q + 3, NULL, 10) : 0; if (lat_n < lat_cap && ts) lat[lat_n++] = t - ts; }
  }
  s[n] = save;
}
static void on_readable(Conn *c) {
  for (;;) {
    if (c->in_cap - c->in_len < 16384) { c->in_cap = c->in_cap ? c->in_cap * 2 : 32768; c->in = realloc(c->in, c->in_cap + 8); }
    ssize_t n = read(c->fd, c->in + c->in_len, c->in_cap - c->in_len);
    if (n < 0 && errno == EAGAIN) break;
    if (n <= 0) { if (c->state != DEAD) { if (c->state < READY) connecting--; c->state = DEAD; dead++; close(c->fd); } return; }
    c->in_len += n; bytes_in += n;
    size_t o = 0;
    if (c->state == UPGRADING) {
      char *e = memmem(c->in, c->in_len, "\r\n\r\n", 4); if (!e) break;
      if (memcmp(c->in, "HTTP/1.1 101", 12)) { if (!quiet) { c->in[c->in_len] = 0; fprintf(stderr, "upgrade refused: %.200s\n", c->in); } c->state = DEAD; dead++; connecting--; close(c->fd); return; }
      o = e + 4 - c->in; c->state = OPENING;
    }
    if (c->state > UPGRADING) while (c->in_len - o >= 2) {
      unsigned char *p = (unsigned char *)c->in + o; uint64_t len = p[1] & 127; size_t h = 2;
      if (len == 126) { if (c->in_len - o < 4) break; len = p[2] << 8 | p[3]; h = 4; }
      else if (len == 127) { if (c->in_len - o < 10) break; len = 0; for (int i = 0; i < 8; i++) len = len << 8 | p[2 + i]; h = 10; }
      if (c->in_len - o < h + len) break;
      int op = p[0] & 15;
      if (op == 1) on_text(c, c->in + o + h, len);
      else if (op == 9) { frame(c, 10, c->in + o + h, len); flush_out(c); }
      else if (op == 8) { if (c->state != DEAD) { if (c->state < READY) connecting--; c->state = DEAD; dead++; close(c->fd); } return; }
      if (c->state == DEAD) return;
      o += h + len;
    }
    memmove(c->in, c->in + o, c->in_len - o); c->in_len -= o;
    if ((size_t)n < 16384) break;
  }
  if (c->in_len == 0 && c->in_cap > 65536) { free(c->in); c->in = NULL; c->in_cap = 0; }
}
static void start_conn(Conn *c) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)}; inet_pton(AF_INET, host, &a.sin_addr);
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0); if (c->fd < 0) die("socket");
  int one = 1; setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  // spread source addresses over 127/8 so that more than 28k connections fit
  struct sockaddr_in s = {.sin_family = AF_INET}; s.sin_addr.s_addr = htonl(0x7f000002 + c->id / 20000); setsockopt(c->fd, SOL_IP, 24, &one, sizeof one); bind(c->fd, (void *)&s, sizeof s);
  c->state = CONNECTING; c->connect_at = now_ns(); connecting++;
  connect(c->fd, (void *)&a, sizeof a);
  struct epoll_event e = {.events = EPOLLIN | EPOLLOUT, .data.ptr = c}; epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e);
}
static int cmp(const void *a, const void *b) { uint64_t x = *(uint64_t *)a, y = *(uint64_t *)b; return x < y ? -1 : x > y; }
static double pct(uint64_t *v, size_t n, double p) { return n ? v[(size_t)(p * (n - 1))] / 1e6 : NAN; }
static double cpu_of(int pid) { char f[64], b[1024]; sprintf(f, "/proc/%d/stat", pid); FILE *fp = fopen(f, "r"); if (!fp) return 0; size_t n = fread(b, 1, 1023, fp); b[n] = 0; fclose(fp); char *p = strrchr(b, ')'); unsigned long u, s; sscanf(p + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &u, &s); return (u + s) / (double)sysconf(_SC_CLK_TCK); }
static long rss_kb(int pid) { char f[64], l[256]; sprintf(f, "/proc/%d/status", pid); FILE *fp = fopen(f, "r"); long v = 0; if (!fp) return 0; while (fgets(l, 256, fp)) if (sscanf(l, "VmRSS: %ld", &v) == 1) break; fclose(fp); return v; }
static void spin(uint64_t until, int all_ready) {
  struct epoll_event ev[1024];
  while (now_ns() < until && !(all_ready && ready + dead >= nconn)) {
    int n = epoll_wait(ep, ev, 1024, 10);
    for (int i = 0; i < n; i++) {
      Conn *c = ev[i].data.ptr; if (c->state == DEAD) continue;
      if (c->state == CONNECTING && ev[i].events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) {
        int err = 0; socklen_t l = sizeof err; getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &l);
        if (err) { if (!quiet) { fprintf(stderr, "connect: %s\n", strerror(err)); quiet = 1; } c->state = DEAD; dead++; connecting--; close(c->fd); continue; }
        char b[2048]; int k = sprintf(b, "GET %s HTTP/1.1\r\nHost: %s:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n", path, host, port, hdr);
        c->state = UPGRADING; raw(c, b, k); flush_out(c); arm(c); continue;
      }
      if (ev[i].events & EPOLLOUT) { flush_out(c); if (c->state != DEAD) arm(c); }
      if (c->state != DEAD && ev[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) on_readable(c);
    }
    static int next; while (connecting < batch_connect && next < nconn) start_conn(&conns[next++]);
  }
}
int main(int argc, char **argv) {
  int o; while ((o = getopt(argc, argv, "h:p:u:n:a:A:j:s:c:r:P:w:d:W:b:k:B:iqH:M:N:")) != -1) switch (o) {
    case 'h': host = optarg; break; case 'p': port = atoi(optarg); break; case 'u': path = optarg; break; case 'n': nsp = optarg; break;
    case 'a': authf = optarg; break; case 'A': authfile = optarg; break; case 'j': joinf = optarg; break; case 's': sendf = optarg; break;
    case 'c': nconn = atoi(optarg); break; case 'r': nrooms = atoi(optarg); break; case 'P': npub = atoi(optarg); break; case 'w': window = atoi(optarg); break;
    case 'd': duration = atoi(optarg); break; case 'W': warmup = atoi(optarg); break; case 'b': body_size = atoi(optarg); break; case 'k': pids[npids++] = atoi(optarg); break;
    case 'B': batch_connect = atoi(optarg); break; case 'i': idle_only = 1; break; case 'q': quiet = 1; break; case 'H': hdr = optarg; break; case 'M': mark = optarg; break; case 'N': more = optarg; break;
    default: fprintf(stderr, "usage: -h host -p port -u path -n namespace -a authTemplate -A authFile -j joinEvent -s sendEvent -c conns -r rooms -P publishersPerRoom -w window -d secs -W warmup -b bodyBytes -k serverPid -B connectBatch -i(idle)\n"); return 2; }
  if (window > 60) window = 60;
  struct rlimit rl = {1000000, 1000000}; if (setrlimit(RLIMIT_NOFILE, &rl)) { getrlimit(RLIMIT_NOFILE, &rl); rl.rlim_cur = rl.rlim_max; setrlimit(RLIMIT_NOFILE, &rl); }
  if (authfile) { FILE *f = fopen(authfile, "r"); if (!f) die(authfile); char *l = NULL; size_t z = 0; ssize_t k; while ((k = getline(&l, &z, f)) > 0) { if (l[k - 1] == '\n') l[k - 1] = 0; authlines = realloc(authlines, (nauth + 1) * sizeof *authlines); authlines[nauth++] = strdup(l); } fclose(f); }
  body = malloc(body_size + 1); memset(body, 'x', body_size); body[body_size] = 0;
  conns = calloc(nconn, sizeof *conns); lat = malloc(lat_cap * 8); alat = malloc(lat_cap * 8); ep = epoll_create1(0);
  long rss0 = 0; for (int i = 0; i < npids; i++) rss0 += rss_kb(pids[i]);
  double cc0 = 0; for (int i = 0; i < npids; i++) cc0 += cpu_of(pids[i]);
  for (int i = 0; i < nconn; i++) { conns[i].id = i; conns[i].room = i % nrooms; conns[i].publisher = i / nrooms < npub; conns[i].state = CONNECTING; }
  uint64_t t0 = now_ns(); spin(t0 + 120ull * 1000000000ull, 1); double ct = (now_ns() - t0) / 1e9;
  double cc1 = 0; for (int i = 0; i < npids; i++) cc1 += cpu_of(pids[i]);
  if (idle_only) spin(now_ns() + (uint64_t)duration * 1000000000ull, 0);
  long rss1 = 0; for (int i = 0; i < npids; i++) rss1 += rss_kb(pids[i]);
  printf("{\"connections\": %d, \"failed\": %d, \"connect_per_s\": %.0f, \"connect_cpu_us\": %.0f, \"rss_before_kb\": %ld, \"rss_kb\": %ld, \"kb_per_conn\": %.2f", ready, dead, ready / ct, (cc1 - cc0) * 1e6 / (ready ? ready : 1), rss0, rss1, ready ? (rss1 - rss0) / (double)ready : 0);
  if (!idle_only) {
    uint64_t t = now_ns(); t_start = t + (uint64_t)warmup * 1000000000ull; t_end = t_start + (uint64_t)duration * 1000000000ull; started = 1;
    for (int i = 0; i < nconn; i++) pump(&conns[i]);
    spin(t_start, 0); double c0 = 0, c1 = 0; for (int i = 0; i < npids; i++) c0 += cpu_of(pids[i]);
    struct rusage u0, u1; getrusage(RUSAGE_SELF, &u0);
    spin(t_end, 0); for (int i = 0; i < npids; i++) c1 += cpu_of(pids[i]); getrusage(RUSAGE_SELF, &u1);
    spin(now_ns() + 500000000ull, 0);
    long rss2 = 0; for (int i = 0; i < npids; i++) rss2 += rss_kb(pids[i]);
    qsort(lat, lat_n, 8, cmp); qsort(alat, alat_n, 8, cmp);
    double lc = (u1.ru_utime.tv_sec - u0.ru_utime.tv_sec) + (u1.ru_stime.tv_sec - u0.ru_stime.tv_sec) + (u1.ru_utime.tv_usec - u0.ru_utime.tv_usec + u1.ru_stime.tv_usec - u0.ru_stime.tv_usec) / 1e6;
    printf(", \"acks_per_s\": %.0f, \"deliveries_per_s\": %.0f, \"nacks\": %llu, \"ack_p50_ms\": %.2f, \"ack_p99_ms\": %.2f, \"p50_ms\": %.2f, \"p99_ms\": %.2f, \"max_ms\": %.2f, \"server_cpu\": %.2f, \"load_cpu\": %.2f, \"rss_end_kb\": %ld, \"died\": %d",
      acks / (double)duration, deliveries / (double)duration, (unsigned long long)nack, pct(alat, alat_n, .5), pct(alat, alat_n, .99), pct(lat, lat_n, .5), pct(lat, lat_n, .99), pct(lat, lat_n, 1), (c1 - c0) / duration, lc / duration, rss2, dead);
  }
  puts("}"); return 0;
}
