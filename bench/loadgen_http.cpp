// loadgen http: requests answered whole, closed loop or open loop.
#include "loadgen.hpp"

namespace loadgen {

int http_mode() {
  const size_t cap = size_t(args->num("c", args->has("rate") ? 4096 : 32));
  const double rate = args->num("rate", 0);
  const i64 begin = now_ns(), t0 = begin + i64(args->num("warmup", 0.5) * SEC),
            t1 = t0 + i64(args->num("secs", 5) * SEC);
  Samples lat, slip;  // slip: how late the generator itself was
  i64 errors = 0, bad_status = 0, reconnects = 0, bytes = 0, sent = 0;
  Snapshot s0, s1;
  bool opened = false, closed = false;
  vector<Conn*> idle;
  vector<i64> backlog;
  size_t backlog_head = 0;
  i64 next_due = begin, planned = 0;
  const i64 hard_end = t1 + timeout_ns;

  auto launch = [&](Conn& c, i64 due) {
    start(c, due);
    if (c.connected && !pump_out(c)) {
      hang_up(c);
      reconnects++;
      start(c, due);
    }
    if (c.sent && due >= t0 && rate > 0) slip.add(c.sent - due);
    if (due >= t0) sent++;
  };
  auto finished = [&](Conn& c, bool ok) {
    i64 now = now_ns();
    c.busy = false;
    if (c.due >= t0) {
      // a failure still counts at the time it took, so that a dying target cannot look fast
      if (!ok)
        errors++;
      else if (c.p.status < 200 || c.p.status > 299)
        bad_status++;
      lat.add(now - c.due);
    }
    if (!ok || !c.p.keep) hang_up(c);
    if (rate <= 0) {
      if (now < t1) launch(c, now);
      return;
    }
    if (backlog_head < backlog.size())
      launch(c, backlog[backlog_head++]);
    else
      idle.push_back(&c);
  };
  if (rate <= 0)
    for (size_t i = 0; i < cap; i++) launch(new_conn(), now_ns());

  i64 last_sweep = begin;
  run_loop(
      [&](Conn& c, uint32_t e) {
        if (!check_dialled(c, e)) {
          finished(c, false);
          return;
        }
        if (c.busy && c.off < c.req->size() && !pump_out(c)) {
          finished(c, false);
          return;
        }
        if (!(e & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))) return;
        if (!c.busy) {
          hang_up(c);
          reconnects++;
          return;
        }  // server closed an idle connection
        i64 at = 0;
        int r = pump_in(c, e, buf.size(), at, [&](const char*, size_t n) { bytes += i64(n); }, [] {});
        if (r < 0 && c.p.st == Parser::HEAD && c.p.hold.empty() && c.sent &&
            reconnects < i64(conns.size()) * 100 && c.p.status == 0) {
          // keep-alive connection closed before any answer: one more try on a fresh connection, same due time
          i64 due = c.due;
          hang_up(c);
          reconnects++;
          start(c, due);
          return;
        }
        if (r != 0) finished(c, r > 0);
      },
      [&]() -> i64 {
        i64 now = now_ns();
        if (!opened && now >= t0) {
          s0 = Snapshot::take();
          opened = true;
        }
        if (!closed && now >= t1) {
          s1 = Snapshot::take();
          closed = true;
        }
        i64 wake = now + SEC / 10;
        if (rate > 0 && now < t1) {
          while (next_due <= now && next_due < t1) {
            i64 due = next_due;
            planned++;
            next_due = args->has("poisson") ? due + i64(-std::log(1 - drand48()) * SEC / rate)
                                            : begin + i64(double(planned) * SEC / rate);
            if (!idle.empty()) {
              Conn* c = idle.back();
              idle.pop_back();
              launch(*c, due);
            } else if (conns.size() < cap)
              launch(new_conn(), due);
            else
              backlog.push_back(due);
            if ((planned & 31) == 0) now = now_ns();
          }
          wake = std::min(wake, next_due);
        }
        if (now - last_sweep > SEC / 5) {
          last_sweep = now;
          for (auto& c : conns)
            if (c->busy && now > c->deadline) finished(*c, false);
        }
        if (now >= t1) {
          bool any = backlog_head < backlog.size();
          for (auto& c : conns) any |= c->busy;
          if (!any || now > hard_end) return -1;
          return now + SEC / 1000;
        }
        if (!opened) wake = std::min(wake, t0);
        return std::min(wake, t1);
      });
  i64 never = i64(backlog.size() - backlog_head);
  for (auto& c : conns)
    if (c->busy) never++;
  double secs = double(t1 - t0) / 1e9;
  Json j;
  j.str("mode", rate > 0 ? "http-open" : "http-closed");
  j.num("n", double(lat.v.size())), j.num("secs", secs), j.num("rps", double(lat.v.size()) / secs);
  if (rate > 0)
    j.num("offered_rps", rate), j.num("gen_slip_p50", slip.us(50)), j.num("gen_slip_p99", slip.us(99));
  j.num("errors", double(errors + never)), j.num("bad_status", double(bad_status)),
      j.num("reconnects", double(reconnects));
  j.num("conns", double(conns.size())), j.num("body_mbps", double(bytes) * 8 / 1e6 / secs);
  double units = double(lat.v.size());
  report_latency(j, "lat", lat);
  report_cpu(j, s0, s1, units);
  puts(j.done().c_str());
  return errors + never + bad_status ? 1 : 0;
}

}  // namespace loadgen
