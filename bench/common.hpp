// Small helpers shared by loadgen and upstream:
// clock, url and argument parsing, sockets, percentiles, process CPU/RSS accounting.
#pragma once
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <map>
#include <string>
#include <string_view>
#include <vector>

using i64 = int64_t;
using std::string, std::string_view, std::vector;
constexpr i64 SEC = 1'000'000'000;

inline i64 now_ns() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);  // one clock for every process of this machine: stamps compare
  return t.tv_sec * SEC + t.tv_nsec;
}
[[noreturn]] inline void die(const string& why) {
  fprintf(stderr, "error: %s\n", why.c_str());
  exit(2);
}
inline void process_setup() {  // many sockets, precise timers
  rlimit r{};
  getrlimit(RLIMIT_NOFILE, &r);
  r.rlim_cur = r.rlim_max;
  setrlimit(RLIMIT_NOFILE, &r);
  prctl(PR_SET_TIMERSLACK, 1);
}
inline int wait_events(int ep, epoll_event* ev, int n, i64 timeout_ns) {  // ns-precise epoll_wait
  timespec ts{timeout_ns / SEC, timeout_ns % SEC};
  return epoll_pwait2(ep, ev, n, timeout_ns < 0 ? nullptr : &ts, nullptr);
}

// Hands over what the socket takes of `data` from `done` on. False: the connection failed.
inline bool send_more(int fd, string_view data, size_t& done) {
  while (done < data.size()) {
    ssize_t n = send(fd, data.data() + done, data.size() - done, MSG_NOSIGNAL);
    if (n < 0) return errno == EAGAIN || errno == ENOTCONN;
    done += size_t(n);
  }
  return true;
}
// The same for `left` bytes of no meaning, as many of `block` at a time.
inline bool send_filler(int fd, string_view block, i64& left) {
  while (left > 0) {
    const string_view part = block.substr(0, size_t(std::min<i64>(left, i64(block.size()))));
    size_t done = 0;
    const bool ok = send_more(fd, part, done);
    left -= i64(done);
    if (!ok || done < part.size()) return ok;
  }
  return true;
}

inline void pause_ns(i64 time) { poll(nullptr, 0, int(time / 1'000'000)); }

// --name value / --flag; the last of a repeated option wins (-H adds up).
struct Args {
  std::multimap<string, string> kv;
  Args(int argc, char** argv, int from, const vector<string>& flags) {
    for (int i = from; i < argc; i++) {
      string k = argv[i];
      if (k.rfind("--", 0) == 0)
        k = k.substr(2);
      else if (k.rfind("-", 0) == 0)
        k = k.substr(1);
      else
        die("unexpected argument " + k);
      if (std::find(flags.begin(), flags.end(), k) != flags.end()) {
        kv.emplace(k, "1");
        continue;
      }
      if (++i >= argc) die("missing value for " + k);
      kv.emplace(k, argv[i]);
    }
  }
  bool has(const string& k) const { return kv.count(k) > 0; }
  string str(const string& k, const string& d = "") const {
    return has(k) ? std::prev(kv.upper_bound(k))->second : d;
  }
  double num(const string& k, double d) const { return has(k) ? atof(str(k).c_str()) : d; }
};

struct Url {
  string host, port = "80", path = "/";
  sockaddr_in addr{};
  explicit Url(string u) {
    if (u.rfind("http://", 0) != 0) die("only http:// urls: " + u);
    u = u.substr(7);
    if (auto s = u.find('/'); s != string::npos) {
      path = u.substr(s);
      u = u.substr(0, s);
    }
    host = u;
    if (auto c = u.rfind(':'); c != string::npos) {
      host = u.substr(0, c);
      port = u.substr(c + 1);
    }
    addrinfo hints{}, *res = nullptr;
    hints.ai_family = AF_INET;
    if (getaddrinfo(host.c_str(), port.c_str(), &hints, &res) != 0) die("cannot resolve " + host);
    memcpy(&addr, res->ai_addr, sizeof addr);
    freeaddrinfo(res);
  }
};

// Exact percentile of raw samples in ns, printed in microseconds.
struct Samples {
  vector<i64> v;
  bool sorted = false;
  void add(i64 x) {
    v.push_back(x);
    sorted = false;
  }
  double us(double p) {
    if (v.empty()) return -1;
    if (!sorted) {
      std::sort(v.begin(), v.end());
      sorted = true;
    }
    size_t i = std::min(v.size() - 1, size_t(std::ceil(p / 100 * double(v.size()))));
    if (i > 0 && p < 100) i--;
    return double(v[i]) / 1000;
  }
  double mean_us() const {
    double s = 0;
    for (auto x : v) s += double(x);
    return v.empty() ? -1 : s / double(v.size()) / 1000;
  }
};

// Flat JSON object, one line.
struct Json {
  string s = "{";
  void key(const string& k) {
    if (s.size() > 1) s += ",";
    s += "\"" + k + "\":";
  }
  void num(const string& k, double x) {
    char b[40];
    snprintf(b, sizeof b, "%.10g", std::isfinite(x) ? x : -1.0);
    key(k);
    s += b;
  }
  void str(const string& k, const string& x) {
    key(k);
    s += "\"" + x + "\"";
  }
  string done() const { return s + "}"; }
};

// CPU and memory of a named group: the given root pids and their descendants at the time of resolve().
// sample() is cheap (tens of microseconds), because it runs in the middle of a measurement.
struct ProcSample {
  double cpu_s = 0, user_s = 0, system_s = 0;
  i64 rss_kib = 0, hwm_kib = 0, pss_kib = 0, procs = 0, threads = 0;
};
struct ProcGroup {
  string name;
  vector<int> roots, pids;
  void resolve() {
    std::multimap<int, int> kids;  // ppid -> pid
    if (DIR* d = opendir("/proc")) {
      while (dirent* e = readdir(d)) {
        int pid = atoi(e->d_name), ppid = 0;
        char b[512];
        if (pid <= 0 || slurp("/proc/" + string(e->d_name) + "/stat", b, sizeof b) <= 0) continue;
        const char* p = strrchr(b, ')');
        if (p && sscanf(p + 1, " %*c %d", &ppid) == 1) kids.emplace(ppid, pid);
      }
      closedir(d);
    }
    pids = roots;
    for (size_t k = 0; k < pids.size(); k++) {
      auto [a, z] = kids.equal_range(pids[k]);
      for (auto i = a; i != z; ++i) pids.push_back(i->second);
    }
  }
  ProcSample sample(bool pss = false) const {
    ProcSample out;
    for (int pid : pids) {
      clockid_t clk;  // process CPU clock: ns resolution, includes threads that have ended
      timespec t{};
      if (clock_getcpuclockid(pid, &clk) != 0 || clock_gettime(clk, &t) != 0) continue;
      out.cpu_s += double(t.tv_sec) + double(t.tv_nsec) / 1e9;
      out.procs++;
      char b[4096];
      string dir = "/proc/" + std::to_string(pid);
      if (slurp(dir + "/stat", b, sizeof b) >
          0) {  // in ticks: only good for the share of user space over long windows
        unsigned long user = 0, system = 0;
        const char* p = strrchr(b, ')');
        if (p && sscanf(p + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) == 2) {
          const double hz = double(sysconf(_SC_CLK_TCK));
          out.user_s += double(user) / hz, out.system_s += double(system) / hz;
        }
      }
      if (slurp(dir + "/status", b, sizeof b) > 0) {
        out.rss_kib += field(b, "VmRSS:");
        out.hwm_kib += field(b, "VmHWM:");
        out.threads += field(b, "Threads:");
      }
      if (pss && slurp(dir + "/smaps_rollup", b, sizeof b) > 0) out.pss_kib += field(b, "Pss:");
    }
    return out;
  }
  static ssize_t slurp(const string& path, char* b, size_t n) {
    int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    ssize_t r = read(fd, b, n - 1);
    close(fd);
    b[r > 0 ? r : 0] = 0;
    return r;
  }
  static i64 field(const char* b, const char* k) {
    const char* p = strstr(b, k);
    return p ? atoll(p + strlen(k)) : 0;
  }
};

// Whole-machine CPU seconds, to tell how much somebody else was running.
struct Machine {
  double busy_s = 0, idle_s = 0, steal_s = 0;
  i64 tcp_mem_kib = 0;  // kernel socket buffers, not in anybody's RSS
  static Machine sample() {
    Machine m;
    char b[4096];
    double u = 0, n = 0, s = 0, id = 0, io = 0, irq = 0, soft = 0, st = 0;
    double hz = double(sysconf(_SC_CLK_TCK));
    if (ProcGroup::slurp("/proc/stat", b, sizeof b) > 0 &&
        sscanf(b, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", &u, &n, &s, &id, &io, &irq, &soft, &st) == 8) {
      m.busy_s = (u + n + s + irq + soft) / hz, m.idle_s = (id + io) / hz, m.steal_s = st / hz;
    }
    if (ProcGroup::slurp("/proc/net/sockstat", b, sizeof b) > 0)
      if (const char* p = strstr(b, "TCP:"))
        if ((p = strstr(p, "mem "))) m.tcp_mem_kib = atoll(p + 4) * 4;
    return m;
  }
};
