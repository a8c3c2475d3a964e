// What the modes of loadgen share: the response parser, connections, requests, resource snapshots, the event
// loop. One thread; the state of the one run this process is made for.
#pragma once

#include <cerrno>
#include <functional>
#include <memory>

#include "common.hpp"

namespace loadgen {

inline Args* args;
inline int ep;
inline i64 timeout_ns;
inline vector<string> requests;  // complete request bytes, used round-robin
inline size_t next_request = 0;
inline std::unique_ptr<Url> url;
inline vector<ProcGroup> groups;

// Incremental HTTP/1.1 response parser.
struct Parser {
  enum St : uint8_t { HEAD, FIXED, SIZE, DATA, DATA_END, TRAILER, TO_CLOSE, DONE, BAD } st = HEAD;
  int status = 0;
  bool keep = true;
  i64 left = 0;
  string hold;  // partial head or chunk-size line
  void reset() { st = HEAD, status = 0, keep = true, hold.clear(); }
  // body(ptr,len) gets decoded bytes, chunk_end() runs at each chunk boundary. Returns bytes used; stops at
  // DONE.
  template <class B, class C>
  size_t feed(const char* p, size_t n, B&& body, C&& chunk_end) {
    size_t used = 0;
    while (used < n && st != DONE && st != BAD) {
      const char* q = p + used;
      size_t m = n - used;
      switch (st) {
        case HEAD: {
          size_t before = hold.size();
          hold.append(q, m);
          auto e = hold.find("\r\n\r\n", before > 3 ? before - 3 : 0);
          if (e == string::npos) return n;
          used += e + 4 - before;
          hold.resize(e + 2);
          head();
          hold.clear();
          break;
        }
        case FIXED:
        case DATA:
        case TO_CLOSE: {
          size_t k = st == TO_CLOSE ? m : size_t(std::min<i64>(left, i64(m)));
          body(q, k);
          used += k;
          if (st != TO_CLOSE && (left -= i64(k)) == 0) st = st == FIXED ? DONE : DATA_END;
          break;
        }
        default: {  // line oriented parts of chunked coding
          auto nl = static_cast<const char*>(memchr(q, '\n', m));
          hold.append(q, nl ? size_t(nl - q) + 1 : m);
          used += nl ? size_t(nl - q) + 1 : m;
          if (!nl) return used;
          bool blank = hold == "\r\n" || hold == "\n";
          if (st == DATA_END) {
            st = blank ? SIZE : BAD;
            chunk_end();
          } else if (st == TRAILER) {
            if (blank) st = DONE;
          } else {
            left = strtoll(hold.c_str(), nullptr, 16);
            st = left > 0 ? DATA : TRAILER;
          }
          hold.clear();
        }
      }
    }
    return used;
  }
  void head() {
    for (auto& c : hold) c = char(tolower(c));
    status = hold.size() > 12 ? atoi(hold.c_str() + 9) : 0;
    if (status >= 100 && status < 200) {
      st = HEAD;
      return;
    }
    keep = hold.find("\r\nconnection: close") == string::npos;
    auto cl = hold.find("\r\ncontent-length:");
    if (hold.find("\r\ntransfer-encoding: chunked") != string::npos)
      st = SIZE;
    else if (cl != string::npos) {
      left = atoll(hold.c_str() + cl + 17);
      st = left > 0 ? FIXED : DONE;
    } else if (status == 204 || status == 304)
      st = DONE;
    else
      st = TO_CLOSE, keep = false;
  }
};

struct Conn {
  int fd = -1;
  uint32_t id = 0;
  Parser p;
  bool connected = false, busy = false, counted = true;
  const string* req = nullptr;
  size_t off = 0;
  i64 due = 0, sent = 0, deadline = 0;
  // stream mode
  bool slow = false, first = false;
  string carry;
  i64 prev_at = 0, prev_stamp = 0, prev_idx = -1, nonce_left = 0;
  // bulk mode
  i64 body_left = 0, got = 0;
};
inline vector<std::unique_ptr<Conn>> conns;
inline vector<char> buf(256 * 1024);

inline void load_requests() {
  url = std::make_unique<Url>(args->str("url"));
  vector<string> bodies;
  auto slurp = [](const string& f) {
    FILE* h = fopen(f.c_str(), "rb");
    if (!h) die("cannot read " + f);
    string s;
    for (size_t n; (n = fread(buf.data(), 1, buf.size(), h)) > 0;) s.append(buf.data(), n);
    fclose(h);
    return s;
  };
  if (args->has("body")) bodies.push_back(slurp(args->str("body")));
  if (args->has("body-pack")) {
    string s = slurp(args->str("body-pack"));
    for (size_t o = 0; o + 4 <= s.size();) {
      uint32_t n;
      memcpy(&n, s.data() + o, 4);
      if (o + 4 + n > s.size()) die("truncated body pack");
      bodies.push_back(s.substr(o + 4, n));
      o += 4 + n;
    }
  }
  bool has_body = !bodies.empty();
  if (!has_body) bodies.emplace_back();
  string method = args->str("method", has_body ? "POST" : "GET"), extra;
  auto [a, z] = args->kv.equal_range("H");
  for (auto i = a; i != z; ++i) extra += i->second + "\r\n";
  vector<string> paths;
  if (args->has("paths")) {
    string s = slurp(args->str("paths"));
    for (size_t o = 0, e; o < s.size(); o = e + 1) {
      e = std::min(s.find('\n', o), s.size());
      if (e > o) paths.push_back(s.substr(o, e - o));
    }
  }
  if (paths.empty()) paths.push_back(url->path);
  for (size_t i = 0; i < std::max(bodies.size(), paths.size()); i++) {
    const string &b = bodies[i % bodies.size()], &path = paths[i % paths.size()];
    requests.push_back(method + " " + path + " HTTP/1.1\r\nHost: " + url->host + ":" + url->port + "\r\n" +
                       extra + (has_body ? "Content-Length: " + std::to_string(b.size()) + "\r\n" : "") +
                       "\r\n" + b);
  }
}
inline void load_groups() {  // name=pid+pid,name=pid
  string s = args->str("pids");
  for (size_t o = 0; o < s.size();) {
    size_t e = std::min(s.find(',', o), s.size()), q = s.find('=', o);
    if (q == string::npos || q > e) die("--pids name=pid+pid,...");
    ProcGroup g{s.substr(o, q - o), {}, {}};
    for (size_t p = q + 1; p < e; p = std::min(s.find('+', p), e) + 1) g.roots.push_back(atoi(s.c_str() + p));
    g.resolve();
    groups.push_back(g);
    o = e + 1;
  }
}

// Resources at one moment, and the report of a window between two of them.
struct Snapshot {
  i64 at = 0;
  double self = 0;
  Machine m;
  vector<ProcSample> g;
  static Snapshot take(bool pss = false) {
    Snapshot s;
    for (auto& x : groups) s.g.push_back(x.sample(pss));
    s.m = Machine::sample();
    timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    s.self = double(t.tv_sec) + double(t.tv_nsec) / 1e9;
    s.at = now_ns();
    return s;
  }
};
inline void report_cpu(Json& j, const Snapshot& a, const Snapshot& b, double units) {
  double secs = double(b.at - a.at) / 1e9, known = b.self - a.self;
  for (size_t i = 0; i < groups.size(); i++) {
    double cpu = b.g[i].cpu_s - a.g[i].cpu_s;
    known += cpu;
    j.num(groups[i].name + "_cpu_s", cpu);
    j.num(groups[i].name + "_us_per_unit", units > 0 ? cpu * 1e6 / units : -1);
    const double user = b.g[i].user_s - a.g[i].user_s, both = user + b.g[i].system_s - a.g[i].system_s;
    j.num(groups[i].name + "_user_ticks", user * 100), j.num(groups[i].name + "_all_ticks", both * 100);
    j.num(groups[i].name + "_rss_kib", double(b.g[i].rss_kib));
    j.num(groups[i].name + "_hwm_kib", double(b.g[i].hwm_kib));
  }
  j.num("client_cpu_s", b.self - a.self);
  j.num("client_util", (b.self - a.self) / secs);
  j.num("machine_other_s", std::max(0.0, b.m.busy_s - a.m.busy_s - known));
  j.num("machine_idle_frac",
        (b.m.idle_s - a.m.idle_s) /
            std::max(1e-9, b.m.idle_s - a.m.idle_s + b.m.busy_s - a.m.busy_s + b.m.steal_s - a.m.steal_s));
  j.num("machine_steal_s", b.m.steal_s - a.m.steal_s);
}
inline void report_latency(Json& j, const string& name, Samples& s) {
  for (double p : {50.0, 90.0, 99.0, 99.9, 100.0}) {
    char k[16];
    snprintf(k, sizeof k, p == 100 ? "_max" : "_p%g", p);
    j.num(name + k, s.us(p));
  }
  j.num(name + "_mean", s.mean_us());
}

inline void dial(Conn& c) {
  c.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (c.fd < 0) die(string("socket: ") + strerror(errno));
  int one = 1, small = 4096;
  setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (c.slow) setsockopt(c.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  c.connected = false;
  connect(c.fd, reinterpret_cast<sockaddr*>(&url->addr), sizeof url->addr);
  epoll_event e{EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, {.u32 = c.id}};
  epoll_ctl(ep, EPOLL_CTL_ADD, c.fd, &e);
}
inline void hang_up(Conn& c) {
  if (c.fd >= 0) close(c.fd);
  c.fd = -1, c.connected = false;
}
inline Conn& new_conn() {
  conns.push_back(std::make_unique<Conn>());
  conns.back()->id = uint32_t(conns.size() - 1);
  return *conns.back();
}
// Starts a request on c, dialling when needed. due: the moment latency counts from.
inline void start(Conn& c, i64 due) {
  c.req = &requests[next_request++ % requests.size()];
  c.off = 0, c.busy = true, c.due = due, c.sent = 0, c.deadline = now_ns() + timeout_ns;
  c.p.reset();
  c.first = false, c.prev_at = 0, c.prev_stamp = 0, c.prev_idx = -1, c.carry.clear(), c.nonce_left = 32;
  if (c.fd < 0) dial(c);
}
inline bool pump_out(Conn& c) {  // false: connection failed
  if (!send_more(c.fd, *c.req, c.off)) return false;
  if (c.off == c.req->size() && c.sent == 0) c.sent = now_ns();
  return true;
}
// Notes that a dialled connection stands; false: dialling failed.
inline bool check_dialled(Conn& c, uint32_t events) {
  if (!(events & EPOLLOUT) || c.connected) return true;
  int err = 0;
  socklen_t l = sizeof err;
  getsockopt(c.fd, SOL_SOCKET, SO_ERROR, &err, &l);
  c.connected = err == 0;
  return c.connected;
}

// Reads c dry. body/chunk_end go to the parser. Returns 0 = more to come, 1 = response complete, -1 = failed.
template <class B, class C>
int pump_in(Conn& c, uint32_t events, size_t limit, i64& at, B&& body, C&& chunk_end) {
  for (;;) {
    ssize_t r = recv(c.fd, buf.data(), std::min(limit, buf.size()), 0);
    if (r < 0) return errno == EAGAIN ? 0 : -1;
    if (r == 0) return c.p.st == Parser::TO_CLOSE ? 1 : -1;
    at = now_ns();
    c.p.feed(buf.data(), size_t(r), body, chunk_end);
    if (c.p.st == Parser::BAD) return -1;
    if (c.p.st == Parser::DONE) return 1;
    if (limit < buf.size()) return 0;
    if (r < ssize_t(buf.size()) && !(events & (EPOLLRDHUP | EPOLLHUP))) return 0;
  }
}

// Runs the event loop until `until` or stop() is true. tick is called after each batch and returns the next
// wake-up time.
inline void run_loop(const std::function<void(Conn&, uint32_t)>& on_event, const std::function<i64()>& tick) {
  vector<epoll_event> ev(1024);
  for (;;) {
    i64 wake = tick();
    if (wake < 0) return;
    int n = wait_events(ep, ev.data(), int(ev.size()), std::max<i64>(0, wake - now_ns()));
    for (int i = 0; i < n; i++) {
      Conn& c = *conns[ev[size_t(i)].data.u32];
      if (c.fd >= 0) on_event(c, ev[size_t(i)].events);
    }
  }
}

int http_mode();
int stream_mode();
int bulk_mode();

}  // namespace loadgen
