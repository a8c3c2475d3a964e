#include "base/metrics.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace tp {
namespace {

using namespace std::chrono_literals;

TEST(metrics, exist_at_zero_from_the_start) {
  metrics registry;
  registry.make_counter("tp_requests_total", "Requests answered.");
  registry.make_gauge("tp_nodes", "Nodes connected.");
  EXPECT_EQ(registry.prometheus_text(),
            "# HELP tp_requests_total Requests answered.\n"
            "# TYPE tp_requests_total counter\n"
            "tp_requests_total 0\n"
            "# HELP tp_nodes Nodes connected.\n"
            "# TYPE tp_nodes gauge\n"
            "tp_nodes 0\n");
}

TEST(metrics, show_what_was_counted) {
  metrics registry;
  counter& requests = registry.make_counter("a", "A.");
  gauge& nodes = registry.make_gauge("b", "B.");
  requests.add();
  requests.add(41);
  nodes.set(5);
  nodes.add(-7);
  const std::string text = registry.prometheus_text();
  EXPECT_NE(text.find("\na 42\n"), std::string::npos);
  EXPECT_NE(text.find("\nb -2\n"), std::string::npos);
}

TEST(metrics, labels_share_one_family) {
  metrics registry;
  registry.make_counter("closed", "Closed.", "reason=\"stalled\"").add(1);
  registry.make_counter("closed", "Closed.", "reason=\"expired\"").add(2);
  EXPECT_EQ(registry.prometheus_text(),
            "# HELP closed Closed.\n"
            "# TYPE closed counter\n"
            "closed{reason=\"stalled\"} 1\n"
            "closed{reason=\"expired\"} 2\n");
}

TEST(metrics, a_family_registered_in_parts_stands_together) {
  metrics registry;
  registry.make_counter("closed", "Closed.", "reason=\"stalled\"").add(1);
  registry.make_gauge("open", "Open.").set(3);
  registry.make_counter("closed", "Closed.", "reason=\"expired\"").add(2);
  EXPECT_EQ(registry.prometheus_text(),
            "# HELP closed Closed.\n"
            "# TYPE closed counter\n"
            "closed{reason=\"stalled\"} 1\n"
            "closed{reason=\"expired\"} 2\n"
            "# HELP open Open.\n"
            "# TYPE open gauge\n"
            "open 3\n");
}

TEST(metrics, probes_are_read_when_the_text_is_made) {
  metrics registry;
  std::int64_t queued = 0;
  registry.make_probe("queued", "Waiting.", [&queued] { return queued; });
  queued = 9;
  EXPECT_EQ(registry.prometheus_text(), "# HELP queued Waiting.\n# TYPE queued gauge\nqueued 9\n");
}

TEST(metrics, histogram_buckets_are_cumulative) {
  metrics registry;
  histogram& wait = registry.make_histogram("wait_seconds", "Wait.");
  wait.observe(1ms);  // a bound belongs to its own bucket
  wait.observe(2ms);
  wait.observe(70ms);
  wait.observe(61s);
  EXPECT_EQ(registry.prometheus_text(),
            "# HELP wait_seconds Wait.\n"
            "# TYPE wait_seconds histogram\n"
            "wait_seconds_bucket{le=\"0.001\"} 1\n"
            "wait_seconds_bucket{le=\"0.0025\"} 2\n"
            "wait_seconds_bucket{le=\"0.005\"} 2\n"
            "wait_seconds_bucket{le=\"0.01\"} 2\n"
            "wait_seconds_bucket{le=\"0.025\"} 2\n"
            "wait_seconds_bucket{le=\"0.05\"} 2\n"
            "wait_seconds_bucket{le=\"0.1\"} 3\n"
            "wait_seconds_bucket{le=\"0.5\"} 3\n"
            "wait_seconds_bucket{le=\"1\"} 3\n"
            "wait_seconds_bucket{le=\"5\"} 3\n"
            "wait_seconds_bucket{le=\"15\"} 3\n"
            "wait_seconds_bucket{le=\"60\"} 3\n"
            "wait_seconds_bucket{le=\"+Inf\"} 4\n"
            "wait_seconds_sum 61.073000\n"
            "wait_seconds_count 4\n");
}

TEST(metrics, histogram_labels_stand_before_the_bound) {
  metrics registry;
  registry.make_histogram("h", "H.", "kind=\"x\"");
  const std::string text = registry.prometheus_text();
  EXPECT_NE(text.find("\nh_bucket{kind=\"x\",le=\"0.001\"} 0\n"), std::string::npos);
  EXPECT_NE(text.find("\nh_sum{kind=\"x\"} 0.000000\n"), std::string::npos);
  EXPECT_NE(text.find("\nh_count{kind=\"x\"} 0\n"), std::string::npos);
}

TEST(metrics, references_stay_valid_while_more_are_made) {
  metrics registry;
  counter& first = registry.make_counter("first", "F.");
  for (int i = 0; i < 1'000; ++i) registry.make_counter("more", "M.");
  first.add(3);
  EXPECT_NE(registry.prometheus_text().find("\nfirst 3\n"), std::string::npos);
}

}  // namespace
}  // namespace tp
