// loadgen stream: many answers that go on arriving.
#include "loadgen.hpp"

namespace loadgen {
namespace {

// Length of the first complete event in [p,p+n), or 0.
size_t sse_event(const char* p, size_t n) {
  for (size_t i = 0; i + 1 < n;) {
    auto nl = static_cast<const char*>(memchr(p + i, '\n', n - 1 - i));
    if (!nl) return 0;
    i = size_t(nl - p) + 1;
    if (p[i] == '\n') return i + 1;
    if (p[i] == '\r' && i + 1 < n && p[i + 1] == '\n') return i + 2;
  }
  return 0;
}
size_t ohttp_record(const char* p,
                    size_t n) {  // QUIC varint length + bytes; a zero length opens the final record
  if (n == 0) return 0;
  auto u = reinterpret_cast<const unsigned char*>(p);
  size_t w = size_t(1) << (u[0] >> 6);
  if (n < w) return 0;
  uint64_t len = u[0] & 63;
  for (size_t i = 1; i < w; i++) len = len << 8 | u[i];
  if (len == 0) return n;
  return n >= w + len ? w + len : 0;
}
i64 digits_after(const char* p, size_t n, const char* key) {
  auto q = static_cast<const char*>(memmem(p, std::min<size_t>(n, 512), key, 2));
  return q ? strtoll(q + 2, nullptr, 10) : -1;
}

}  // namespace

int stream_mode() {
  const size_t count = size_t(args->num("c", 50)), slow = size_t(args->num("slow", 0));
  const string kind = args->str("events", "sse");
  const bool repeat = args->has("repeat"), whole = args->has("whole");
  const double slow_bps = args->num("slow-bps", 1000), cadence = args->num("cadence", 0);
  const i64 stagger = i64(args->num("stagger-ms", 2) * 1e6), settle = i64(args->num("settle", 1) * SEC),
            secs = i64(args->num("secs", 5) * SEC);
  const i64 begin = now_ns();
  i64 t0 = whole ? begin : INT64_MAX, t1 = whole ? begin + secs : INT64_MAX, next_start = begin,
      slow_tick = begin;
  Samples ttfb, transit, jitter, gap;
  i64 events = 0, bytes = 0, reads = 0, errors = 0, bad_status = 0, ended = 0, seq_errors = 0, slow_bytes = 0,
      slow_closed = 0, started = 0;
  Snapshot pre = Snapshot::take(true), s0, s1;
  bool opened = false;

  auto on_record = [&](Conn& c, const char* p, size_t n, i64 at) {
    i64 stamp = digits_after(p, n, "~t"), idx = stamp < 0 ? -1 : digits_after(p, n, "~i");
    if (idx >= 0) {
      if (idx != c.prev_idx + 1) seq_errors++;
      c.prev_idx = idx;
    }
    bool in = at >= t0 && at < t1 && !c.slow;
    if (in) {
      events++;
      if (stamp >= 0) transit.add(at - stamp);
      if (c.prev_at) {
        i64 d = at - c.prev_at;
        gap.add(d);
        if (stamp >= 0 && c.prev_stamp > 0)
          jitter.add(std::abs(d - (stamp - c.prev_stamp)));
        else if (cadence > 0)
          jitter.add(std::abs(d - i64(SEC / cadence)));
      }
    }
    c.prev_at = at, c.prev_stamp = stamp;
  };
  auto on_body = [&](Conn& c, const char* p, size_t n, i64 at) {
    if (!c.first) {
      c.first = true;
      if (!c.slow) ttfb.add(at - (c.sent ? c.sent : at));
    }
    if (c.slow)
      slow_bytes += i64(n);
    else if (at >= t0 && at < t1)
      bytes += i64(n), reads++;
    if (kind == "raw") {
      on_record(c, p, n, at);
      return;
    }
    if (kind == "chunk") {
      if (c.carry.size() < 4096) c.carry.append(p, n);
      return;
    }
    if (kind == "ohttp" && c.nonce_left > 0) {
      size_t k = size_t(std::min<i64>(c.nonce_left, i64(n)));
      c.nonce_left -= i64(k), p += k, n -= k;
    }
    auto cut = kind == "ohttp" ? ohttp_record : sse_event;
    if (!c.carry.empty()) {
      c.carry.append(p, n);
      size_t o = 0;
      for (size_t k; (k = cut(c.carry.data() + o, c.carry.size() - o)) > 0; o += k)
        on_record(c, c.carry.data() + o, k, at);
      c.carry.erase(0, o);
    } else {
      size_t o = 0;
      for (size_t k; (k = cut(p + o, n - o)) > 0; o += k) on_record(c, p + o, k, at);
      if (o < n) c.carry.assign(p + o, n - o);
    }
  };
  auto finished = [&](Conn& c, int r) {
    c.busy = false;
    if (c.slow)
      slow_closed++;
    else if (r < 0)
      errors++;
    else if (c.p.status < 200 || c.p.status > 299)
      bad_status++;
    else
      ended++;
    if (r < 0 || !c.p.keep) hang_up(c);
    if (repeat && now_ns() < t1) {
      started++;
      start(c, now_ns());
      if (c.connected) pump_out(c);
    }
  };
  auto read_some = [&](Conn& c, uint32_t e, size_t limit) {
    i64 at = 0;
    return pump_in(
        c, e, limit, at, [&](const char* p, size_t n) { on_body(c, p, n, at); },
        [&] {
          if (kind == "chunk") {
            on_record(c, c.carry.data(), c.carry.size(), at);
            c.carry.clear();
          }
        });
  };
  run_loop(
      [&](Conn& c, uint32_t e) {
        if (!check_dialled(c, e)) {
          finished(c, -1);
          return;
        }
        if (!c.busy) {
          if (e & (EPOLLRDHUP | EPOLLHUP)) hang_up(c);
          return;
        }
        if (c.off < c.req->size() && !pump_out(c)) {
          finished(c, -1);
          return;
        }
        if (c.slow || !(e & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))) return;
        if (int r = read_some(c, e, buf.size()); r != 0) finished(c, r);
      },
      [&]() -> i64 {
        i64 now = now_ns(), wake = now + SEC / 10;
        while (conns.size() < count && next_start <= now) {
          Conn& c = new_conn();
          c.slow = c.id < slow;
          started++;
          start(c, now);
          next_start += stagger;
        }
        if (conns.size() < count) wake = std::min(wake, next_start);
        if (!whole && t0 == INT64_MAX && conns.size() == count) {
          bool all = true;  // a slow reader's first byte also counts
          for (auto& c : conns)
            if (!c->first && c->busy && now < c->deadline) {
              all = false;
              break;
            }
          if (all) t0 = now + settle, t1 = t0 + secs;
        }
        if (!opened && now >= t0) {
          s0 = Snapshot::take();
          opened = true;
        }
        if (slow && now >= slow_tick) {  // slow readers take slow_bps/20 bytes every 50 ms
          slow_tick = now + SEC / 20;
          for (size_t i = 0; i < std::min(slow, conns.size()); i++)
            if (Conn& c = *conns[i]; c.busy && c.connected)
              if (int r = read_some(c, 0, size_t(std::max(1.0, slow_bps / 20))); r != 0) finished(c, r);
        }
        if (slow) wake = std::min(wake, slow_tick);
        bool any = conns.size() < count;
        for (auto& c : conns)
          if (c->busy) {
            any = true;
            break;
          }
        if (now >= t1 || !any) {
          if (!opened) s0 = pre;
          s1 = Snapshot::take(true);
          return -1;
        }
        return std::min(wake, opened ? t1 : t0);
      });
  // after: everything hung up, give the target a second
  for (auto& c : conns) {
    if (c->busy && !c->first && !c->slow) errors++;
    hang_up(*c);
  }
  if (!groups.empty()) pause_ns(7 * SEC / 10);
  Snapshot post = groups.empty() ? s1 : Snapshot::take(true);
  double dt = double(s1.at - s0.at) / 1e9;
  Json j;
  j.str("mode", "stream"), j.str("events_as", kind);
  j.num("streams", double(count)), j.num("secs", dt), j.num("events", double(events)),
      j.num("events_per_s", double(events) / dt);
  j.num("mbps", double(bytes) * 8 / 1e6 / dt),
      j.num("reads_per_event", events ? double(reads) / double(events) : -1);
  j.num("started", double(started)), j.num("ended", double(ended)), j.num("errors", double(errors)),
      j.num("bad_status", double(bad_status)), j.num("seq_errors", double(seq_errors));
  if (slow) j.num("slow_bytes", double(slow_bytes)), j.num("slow_closed", double(slow_closed));
  report_latency(j, "ttfb", ttfb);
  if (!transit.v.empty()) report_latency(j, "transit", transit);
  if (!jitter.v.empty()) report_latency(j, "jitter", jitter);
  report_latency(j, "gap", gap);
  report_cpu(j, s0, s1, double(events));
  for (size_t i = 0; i < groups.size(); i++) {
    auto& n = groups[i].name;
    j.num(n + "_rss_before_kib", double(pre.g[i].rss_kib)),
        j.num(n + "_rss_open_kib", double(s1.g[i].rss_kib)),
        j.num(n + "_rss_after_kib", double(post.g[i].rss_kib));
    j.num(n + "_pss_open_kib", double(s1.g[i].pss_kib));
    j.num(n + "_kib_per_stream", double(s1.g[i].rss_kib - pre.g[i].rss_kib) / double(count));
    j.num(n + "_setup_us_per_stream", whole ? -1 : (s0.g[i].cpu_s - pre.g[i].cpu_s) * 1e6 / double(count));
  }
  j.num("kernel_tcp_kib", double(s1.m.tcp_mem_kib - pre.m.tcp_mem_kib));
  puts(j.done().c_str());
  return errors + bad_status + seq_errors ? 1 : 0;
}

}  // namespace loadgen
