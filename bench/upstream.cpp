// upstream - fast single-threaded mock engine behind the relay under test.
//
//   upstream --port 9000 [--ms 0] [--rate 50] [--size 250] [--secs 10]
//       the defaults of the query parameters below
//
//   GET  /ok /health      200 "ok", at once
//   GET  /stream?rate=E&size=B&secs=T&framing=sse|raw|ohttp
//       chunked stream, E events/s of B bytes for T s, the first at once. rate=0: one event, then silence for
//       T s (idle stream). POST works too.
//   POST /ohttp/{peer}    stand-in for a node answering a sealed request
//       a body that begins with / names what to do: "/ok", "/stream?rate=50", "/bulk?bytes=N"; any other is
//       /stream
//   GET  /bulk?bytes=N    N bytes with Content-Length
//   POST /sink            swallows the body (Content-Length or chunked), answers {"bytes":N}
//   GET  /v1/models       one model
//   POST /v1/chat/completions   "stream":true: OpenAI SSE ("max_tokens" events, then [DONE]), else as below
//   POST anything else ?ms=D    fixed JSON (chat completion, ~600 bytes) after D ms
//
// Every event carries "~t<monotonic ns at write>~i<index>~", which survives re-framing and JSON
// re-serialising, so loadgen can tell transit time, jitter and lost events. framing=ohttp writes
// draft-ietf-ohai-chunked-ohttp shapes: 32 B nonce, then varint-length records, a zero varint and a final
// record (contents are opaque to a relay). Back-pressure: a stream with more than 256 KiB unsent waits (as an
// engine with flow control does).
#include <memory>
#include <queue>
#include <random>

#include "common.hpp"
#include "mock_shapes.hpp"

namespace {
int ep;
std::minstd_rand phases(1);  // the same in every run
Args* args;
string filler(1 << 20, 'x');

struct Conn {
  int fd;
  uint64_t gen = 0;
  string in, out;
  size_t out_off = 0;
  // request in progress
  bool head_done = false, chunked = false, keep = true;
  i64 left = 0, got = 0;
  string method, body;
  mock::target wants;
  bool sealed = false;
  enum { SIZE, DATA, CRLF, TRAILER } cst = SIZE;
  // response in progress
  enum { NONE, DELAY, STREAM, BULK } job = NONE;
  double rate = 0;
  i64 size = 0, start = 0, idx = 0, count = 0, end = 0, next = 0, bulk_left = 0;
  string framing;
  bool chat = false;
};
vector<std::unique_ptr<Conn>> conns;
uint64_t gens = 0;
struct Timer {
  i64 at;
  int fd;
  uint64_t gen;
  bool operator>(const Timer& o) const { return at > o.at; }
};
std::priority_queue<Timer, vector<Timer>, std::greater<>> timers;

void drop(Conn& c) {
  int fd = c.fd;
  close(fd);
  conns[size_t(fd)].reset();
}

// Sends what it can; false when the connection died.
bool flush(Conn& c) {
  bool ok = send_more(c.fd, c.out, c.out_off);
  if (ok && c.out_off < c.out.size()) return true;
  if (ok) c.out.clear(), c.out_off = 0;
  if (ok && c.job == Conn::BULK) {
    ok = send_filler(c.fd, filler, c.bulk_left);
    if (c.bulk_left == 0) c.job = Conn::NONE;
  }
  if (!ok) drop(c);
  return ok;
}
void respond(Conn& c, const string& type, const string& body) {
  c.out += "HTTP/1.1 200 OK\r\nContent-Type: " + type + "\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}
const string& fixed_json() {
  static const string s =
      R"({"id":"chatcmpl-mock","object":"chat.completion","created":1,"model":"mock",)"
      R"("choices":[{"index":0,"message":{"role":"assistant","content":")" +
      string(400, 'y') +
      R"("},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":80,"total_tokens":89}})";
  return s;
}
void emit(Conn& c) {  // one event
  const string stamp = mock::stamp(now_ns(), c.idx++);
  if (c.framing == "ohttp") return mock::put_chunk(c.out, mock::sealed_record(stamp, c.size));
  const bool raw = c.framing == "raw";
  const string pre =
      raw ? "" : R"(data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":")";
  const string post = raw ? "" : "\"}}]}\n\n";
  const i64 pad = c.size - i64(pre.size() + post.size() + stamp.size());
  mock::put_chunk(c.out, pre + stamp + string(size_t(std::max<i64>(pad, 0)), 'x') + post);
}
void finish_stream(Conn& c) {
  if (c.chat) mock::put_chunk(c.out, "data: [DONE]\n\n");
  if (c.framing == "ohttp") mock::put_chunk(c.out, mock::sealed_end());
  c.out += "0\r\n\r\n";
  c.job = Conn::NONE;
}
void start_stream(Conn& c, i64 count) {
  c.rate = c.wants.number("rate", args->num("rate", 50));
  c.size = i64(c.wants.number("size", args->num("size", 250)));
  c.framing = c.wants.text("framing", c.sealed ? "ohttp" : "sse");
  c.start = now_ns(), c.end = c.start + i64(c.wants.number("secs", args->num("secs", 10)) * SEC);
  c.count = count, c.idx = 0, c.job = Conn::STREAM;
  string type = c.framing == "sse"     ? "text/event-stream"
                : c.framing == "ohttp" ? mock::sealed_type
                                       : "application/octet-stream";
  c.out += "HTTP/1.1 200 OK\r\nContent-Type: " + type +
           "\r\nCache-Control: no-store\r\nTransfer-Encoding: chunked\r\n\r\n";
  if (c.framing == "ohttp") mock::put_chunk(c.out, mock::sealed_nonce());
  emit(c);
  // a random phase keeps streams that started together from firing together
  c.next =
      c.rate > 0
          ? c.start + i64(double(SEC) / c.rate * (0.1 + 0.9 * phases() / double(std::minstd_rand::max())))
          : c.end;
  timers.push({c.next, c.fd, c.gen});
}
void handle(Conn& c) {  // whole request read
  c.sealed = c.wants.path.starts_with("/ohttp/");
  if (c.sealed && c.body.starts_with('/')) c.wants = mock::target::parse(c.body);
  bool chat = c.wants.path.ends_with("/chat/completions");
  c.chat = false;
  if (c.wants.path.ends_with("/stream") || c.wants.path.starts_with("/ohttp/")) {
    start_stream(c, INT64_MAX);
    return;
  }
  if (chat &&
      (c.body.find("\"stream\":true") != string::npos || c.body.find("\"stream\": true") != string::npos)) {
    auto p = c.body.find("\"max_tokens\":");
    c.chat = true;
    start_stream(c, p == string::npos ? INT64_MAX : atoll(c.body.c_str() + p + 13));
    return;
  }
  if (c.wants.path.ends_with("/bulk")) {
    c.bulk_left = i64(c.wants.number("bytes", 1 << 20)), c.job = Conn::BULK;
    c.out += "HTTP/1.1 200 OK\r\nContent-Type: " +
             string(c.sealed ? mock::sealed_type : "application/octet-stream") +
             "\r\nContent-Length: " + std::to_string(c.bulk_left) + "\r\n\r\n";
    return;
  }
  if (c.wants.path.ends_with("/sink")) {
    respond(c, "application/json", "{\"bytes\":" + std::to_string(c.got) + "}");
    return;
  }
  if (c.wants.path.ends_with("/v1/models")) {
    respond(c, "application/json",
            R"({"object":"list","data":[{"id":"mock","object":"model","owned_by":"perf"}]})");
    return;
  }
  if (c.sealed) {
    respond(c, mock::sealed_type, "ok");
    return;
  }
  if (c.method == "GET") {
    respond(c, "text/plain", "ok");
    return;
  }
  double ms = c.wants.number("ms", args->num("ms", 0));
  if (ms <= 0) {
    respond(c, "application/json", fixed_json());
    return;
  }
  c.job = Conn::DELAY;
  timers.push({now_ns() + i64(ms * 1e6), c.fd, c.gen});
}
void on_body(Conn& c, const char* p, size_t n) {
  c.got += i64(n);
  if (c.body.size() < 65536) c.body.append(p, n);
}

// Parses as much as is there. True when the request is complete (c.in holds what follows).
bool parse(Conn& c) {
  if (!c.head_done) {
    auto e = c.in.find("\r\n\r\n");
    if (e == string::npos) return false;
    string head = c.in.substr(0, e + 2);
    c.in.erase(0, e + 4);
    const size_t s1 = head.find(' '), s2 = head.find(' ', s1 + 1);
    c.method = head.substr(0, s1);
    c.wants = mock::target::parse(string_view(head).substr(s1 + 1, s2 - s1 - 1));
    c.left = 0, c.got = 0, c.body.clear(), c.chunked = false, c.cst = Conn::SIZE, c.head_done = true,
    c.keep = true;
    for (auto& ch : head) ch = char(tolower(ch));
    if (auto p = head.find("\r\ncontent-length:"); p != string::npos) c.left = atoll(head.c_str() + p + 17);
    if (head.find("\r\ntransfer-encoding: chunked") != string::npos) c.chunked = true;
    if (head.find("\r\nconnection: close") != string::npos) c.keep = false;
    if (head.find("\r\nexpect: 100-continue") != string::npos) {
      c.out += "HTTP/1.1 100 Continue\r\n\r\n";
      flush(c);
    }
  }
  if (!c.chunked) {
    size_t n = size_t(std::min<i64>(c.left, i64(c.in.size())));
    on_body(c, c.in.data(), n);
    c.in.erase(0, n);
    return (c.left -= i64(n)) == 0;
  }
  for (;;) {
    if (c.cst == Conn::DATA) {
      size_t n = size_t(std::min<i64>(c.left, i64(c.in.size())));
      on_body(c, c.in.data(), n);
      c.in.erase(0, n);
      if ((c.left -= i64(n)) > 0) return false;
      c.cst = Conn::CRLF;
    }
    auto e = c.in.find("\r\n");
    if (e == string::npos) return false;
    string line = c.in.substr(0, e);
    c.in.erase(0, e + 2);
    if (c.cst == Conn::CRLF)
      c.cst = Conn::SIZE;
    else if (c.cst == Conn::TRAILER) {
      if (line.empty()) return true;
    } else {
      c.left = strtoll(line.c_str(), nullptr, 16);
      c.cst = c.left > 0 ? Conn::DATA : Conn::TRAILER;
    }
  }
}
void on_timer(Conn& c) {
  if (c.job == Conn::DELAY) {
    respond(c, "application/json", fixed_json());
    c.job = Conn::NONE;
    flush(c);
    return;
  }
  if (c.job != Conn::STREAM) return;
  i64 now = now_ns();
  if (now >= c.end || c.idx >= c.count) {
    finish_stream(c);
    flush(c);
    return;
  }
  if (c.rate <= 0) {
    timers.push({c.end, c.fd, c.gen});
    return;
  }
  if (c.out.size() - c.out_off < 256 * 1024) emit(c);
  c.next += i64(double(SEC) / c.rate);
  timers.push({c.next, c.fd, c.gen});
  flush(c);
}
}  // namespace

int main(int argc, char** argv) {
  Args a(argc, argv, 1, {});
  args = &a;
  process_setup();
  int ls = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
  setsockopt(ls, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  sockaddr_in sa{};
  sa.sin_family = AF_INET, sa.sin_port = htons(uint16_t(a.num("port", 9000))),
  sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(ls, reinterpret_cast<sockaddr*>(&sa), sizeof sa) != 0 || listen(ls, 16384) != 0)
    die("cannot listen: " + string(strerror(errno)));
  ep = epoll_create1(EPOLL_CLOEXEC);
  epoll_event le{EPOLLIN, {.fd = ls}};
  epoll_ctl(ep, EPOLL_CTL_ADD, ls, &le);
  vector<epoll_event> ev(512);
  vector<char> buf(256 * 1024);
  for (;;) {
    i64 wait = timers.empty() ? SEC : std::max<i64>(0, timers.top().at - now_ns());
    int n = wait_events(ep, ev.data(), int(ev.size()), wait);
    for (int i = 0; i < n; i++) {
      int fd = ev[size_t(i)].data.fd;
      if (fd == ls) {
        for (int k; (k = accept4(ls, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
          setsockopt(k, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
          if (conns.size() <= size_t(k)) conns.resize(size_t(k) + 1024);
          conns[size_t(k)] = std::make_unique<Conn>();
          conns[size_t(k)]->fd = k, conns[size_t(k)]->gen = ++gens;
          epoll_event ce{EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, {.fd = k}};
          epoll_ctl(ep, EPOLL_CTL_ADD, k, &ce);
        }
        continue;
      }
      if (!conns[size_t(fd)]) continue;
      Conn& c = *conns[size_t(fd)];
      if ((ev[size_t(i)].events & EPOLLOUT) && (!c.out.empty() || c.job == Conn::BULK) && !flush(c)) continue;
      bool dead = false;
      for (;;) {
        ssize_t r = recv(fd, buf.data(), buf.size(), 0);
        if (r == 0 || (r < 0 && errno != EAGAIN)) {
          dead = true;
          break;
        }
        if (r < 0) break;
        // fast path for large uploads: body bytes never touch c.in
        if (c.head_done && !c.chunked && c.left > r && c.in.empty()) {
          c.left -= r, c.got += r;
          continue;
        }
        c.in.append(buf.data(), size_t(r));
        while (c.job == Conn::NONE && !c.in.empty() && parse(c)) {
          c.head_done = false;
          handle(c);
        }
        if (r < ssize_t(buf.size()) && !(ev[size_t(i)].events & EPOLLRDHUP)) break;
      }
      if (dead) {
        drop(c);
        continue;
      }
      if (!c.out.empty() || c.job == Conn::BULK) flush(c);
    }
    for (i64 now = now_ns(); !timers.empty() && timers.top().at <= now;) {
      Timer t = timers.top();
      timers.pop();
      if (auto& c = conns[size_t(t.fd)]; c && c->gen == t.gen) on_timer(*c);
    }
  }
}
