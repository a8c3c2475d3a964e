#include "base/metrics.hpp"

#include <algorithm>

namespace tp {

namespace {

std::string number(double value) {
  std::string text = std::to_string(value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

void write_sample(std::string& out, std::string_view name, std::string_view suffix, std::string_view labels,
                  std::string_view value) {
  out.append(name).append(suffix);
  if (!labels.empty()) out.append("{").append(labels).append("}");
  out.append(" ").append(value).append("\n");
}

}  // namespace

void histogram::observe(std::chrono::nanoseconds duration) noexcept {
  const double seconds = std::chrono::duration<double>(duration).count();
  std::size_t i = 0;
  while (i < bounds_seconds.size() && seconds > bounds_seconds[i]) ++i;
  buckets_[i].fetch_add(1, std::memory_order_relaxed);
  sum_ns_.fetch_add(static_cast<std::uint64_t>(duration.count()), std::memory_order_relaxed);
}

counter& metrics::make_counter(literal name, literal help, literal labels) {
  counter& made = counters_.emplace_back();
  entries_.push_back({kind::counter, name.text(), help.text(), labels.text(), &made, {}});
  return made;
}

gauge& metrics::make_gauge(literal name, literal help, literal labels) {
  gauge& made = gauges_.emplace_back();
  entries_.push_back({kind::gauge, name.text(), help.text(), labels.text(), &made, {}});
  return made;
}

histogram& metrics::make_histogram(literal name, literal help, literal labels) {
  histogram& made = histograms_.emplace_back();
  entries_.push_back({kind::histogram, name.text(), help.text(), labels.text(), &made, {}});
  return made;
}

void metrics::make_probe(literal name, literal help, std::function<std::int64_t()> read) {
  entries_.push_back({kind::probe, name.text(), help.text(), {}, nullptr, std::move(read)});
}

void metrics::write_histogram(std::string& out, const entry& e) const {
  const auto& h = *static_cast<const histogram*>(e.metric);
  const std::string comma = e.labels.empty() ? "" : ",";
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < h.buckets_.size(); ++i) {
    total += h.buckets_[i].load(std::memory_order_relaxed);
    const std::string bound =
        i < histogram::bounds_seconds.size() ? number(histogram::bounds_seconds[i]) : std::string("+Inf");
    write_sample(out, e.name, "_bucket", std::string(e.labels) + comma + "le=\"" + bound + "\"",
                 std::to_string(total));
  }
  const double sum = static_cast<double>(h.sum_ns_.load(std::memory_order_relaxed)) / 1e9;
  write_sample(out, e.name, "_sum", e.labels, std::to_string(sum));
  write_sample(out, e.name, "_count", e.labels, std::to_string(total));
}

std::string metrics::prometheus_text() const {
  std::string out;
  const auto put = [this, &out](const entry& e) {
    switch (e.type) {
      case kind::counter:
        write_sample(out, e.name, "", e.labels,
                     std::to_string(static_cast<const counter*>(e.metric)->value()));
        break;
      case kind::gauge:
        write_sample(out, e.name, "", e.labels, std::to_string(static_cast<const gauge*>(e.metric)->value()));
        break;
      case kind::histogram:
        write_histogram(out, e);
        break;
      case kind::probe:
        write_sample(out, e.name, "", e.labels, std::to_string(e.read()));
        break;
    }
  };
  // The format wants a family in one piece under one heading, whenever its members were registered.
  for (auto first = entries_.begin(); first != entries_.end(); ++first) {
    const auto is_kin = [first](const entry& e) { return e.name == first->name; };
    if (std::find_if(entries_.begin(), first, is_kin) != first) continue;
    const bool counts = first->type == kind::counter;
    const char* type = counts ? "counter" : first->type == kind::histogram ? "histogram" : "gauge";
    out.append("# HELP ").append(first->name).append(" ").append(first->help).append("\n");
    out.append("# TYPE ").append(first->name).append(" ").append(type).append("\n");
    for (auto member = first; member != entries_.end(); ++member) {
      if (is_kin(*member)) put(*member);
    }
  }
  return out;
}

}  // namespace tp
