// loadgen bulk: one large body a connection.
#include "loadgen.hpp"

namespace loadgen {

int bulk_mode() {
  const bool up = args->str("dir", "down") == "up";
  const i64 size = i64(args->num("bytes", 256 << 20));
  const size_t count = size_t(args->num("c", 1));
  if (up) {
    requests.clear();
    requests.push_back("POST " + url->path + " HTTP/1.1\r\nHost: " + url->host +
                       "\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n");
  }
  string block(1 << 20, 'u');
  i64 errors = 0, received = 0;
  size_t done = 0;
  Snapshot s0 = Snapshot::take();
  for (size_t i = 0; i < count; i++) {
    Conn& c = new_conn();
    c.body_left = up ? size : 0;
    start(c, now_ns());
  }
  auto finished = [&](Conn& c, bool ok) {
    if (!ok || c.p.status != 200 || (!up && c.got != size)) errors++;
    c.busy = false, done++;
    hang_up(c);
  };
  run_loop(
      [&](Conn& c, uint32_t e) {
        if (!c.busy) return;
        if (e & EPOLLOUT) {
          c.connected = true;
          if (!pump_out(c) || (c.off == c.req->size() && !send_filler(c.fd, block, c.body_left))) {
            finished(c, false);
            return;
          }
        }
        if (!(e & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))) return;
        i64 at = 0;
        int r = pump_in(
            c, EPOLLRDHUP, SIZE_MAX, at, [&](const char*, size_t n) { c.got += i64(n), received += i64(n); },
            [] {});
        if (r != 0) finished(c, r > 0);
      },
      [&]() -> i64 {
        i64 now = now_ns();
        for (auto& c : conns)
          if (c->busy && now > c->deadline) finished(*c, false);
        return done == count ? -1 : now + SEC / 10;
      });
  Snapshot s1 = Snapshot::take();
  double dt = double(s1.at - s0.at) / 1e9, total = double(size) * double(count);
  Json j;
  j.str("mode", up ? "bulk-up" : "bulk-down");
  j.num("bytes", total), j.num("secs", dt), j.num("gbit_s", total * 8 / 1e9 / dt),
      j.num("errors", double(errors));
  report_cpu(j, s0, s1, total / 1e9);  // unit: one GB
  for (size_t i = 0; i < groups.size(); i++)
    j.num(groups[i].name + "_cpu_s_per_gb", (s1.g[i].cpu_s - s0.g[i].cpu_s) / (total / 1e9));
  puts(j.done().c_str());
  return errors ? 1 : 0;
}

}  // namespace loadgen
