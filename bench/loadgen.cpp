// loadgen - single-threaded epoll load generator; prints one flat JSON object (all times in microseconds).
//
//   loadgen http   --url U [-c 32] [--rate R [--poisson]] [--secs 5] [--warmup 0.5]
//       closed loop with c keep-alive connections; with --rate an open loop: request i is due at t0+i/R
//       whether or not earlier ones came back, latency counts from the due time (no coordinated omission), c
//       caps the connections.
//   loadgen stream --url U [-c 50] [--secs 5] [--settle 1] [--stagger-ms 2] [--events sse|chunk|ohttp|raw]
//                  [--cadence HZ] [--slow N --slow-bps B] [--repeat] [--whole]
//       c concurrent streaming responses. The measured window opens `settle` s after the last stream got its
//       first byte and lasts `secs` (--whole: from the first request on). Events are SSE blocks, HTTP chunks,
//       chunked-OHTTP records, or reads. An event with upstream's "~t<ns>~i<n>~" stamp yields transit time,
//       jitter against the sender's spacing, and lost events; without stamps --cadence gives the nominal rate
//       for jitter. The first N streams are slow readers (B bytes/s).
//       --repeat restarts finished streams. ttfb = request written -> first body byte.
//   loadgen bulk   --url U --dir down|up [--bytes 268435456] [-c 1]
//       one large body per connection.
//   loadgen spin   --cpu N
//       keeps core N from halting, at the lowest priority, until its parent ends (suite.py, class Awake).
//
//   All but spin: --method M, -H 'K: v'..., --timeout 10,
//       --paths FILE       one target a line, used in turn instead of the URL's
//       --body FILE        one body for every request
//       --body-pack FILE   records of u32le length + bytes, used in turn: sealed requests work only once
//       --pids name=pid+pid,name2=pid   CPU and memory of these, descendants included
//
// CPU numbers: <name>_us_per_unit = CPU time (all threads, user+system) of the group inside the measured
// window / units (requests or events) completed in it. client_* is loadgen itself; machine_other_s is CPU
// spent by anyone not listed.
#include "loadgen.hpp"

#include <sched.h>
#include <sys/syscall.h>

namespace loadgen {
namespace {

// Nice 19 with a 0.1 ms slice: the scheduler lets anything else have the core at once, in this session and
// outside it.
int spin_mode() {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(size_t(args->num("cpu", 0)), &set);
  sched_setaffinity(0, sizeof set, &set);
  struct Attr {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
  };
  Attr at{48, SCHED_BATCH, 0, 19, 0, 100000, 0, 0};
  if (syscall(SYS_sched_setattr, 0, &at, 0) != 0) die(string("sched_setattr: ") + strerror(errno));
  for (pid_t parent = getppid(); getppid() == parent;)
    for (volatile int i = 0; i < 100'000'000; i = i + 1) {
    }
  return 0;
}

}  // namespace
}  // namespace loadgen

int main(int argc, char** argv) {
  using namespace loadgen;
  if (argc < 2) die("loadgen http|stream|bulk --url ... (see the header of loadgen.cpp)");
  string mode = argv[1];
  Args a(argc, argv, 2, {"poisson", "repeat", "whole"});
  args = &a;
  process_setup();
  timeout_ns = i64(a.num("timeout", mode == "bulk" ? 60 : 10) * SEC);
  if (mode == "spin") return spin_mode();
  ep = epoll_create1(EPOLL_CLOEXEC);
  load_requests();
  load_groups();
  if (mode == "http") return http_mode();
  if (mode == "stream") return stream_mode();
  if (mode == "bulk") return bulk_mode();
  die("unknown mode " + mode);
}
