// tokenplace doctor: from the outside in, one check after the other, each with what to do. Nothing is
// changed.
#include <cstdio>
#include <cstdlib>

#include "base/limits.hpp"
#include "cli/asker.hpp"
#include "cli/commands.hpp"
#include "cli/terminal_text.hpp"
#include "codec/http_date.hpp"

namespace tp::cli {

namespace {

enum class verdict { good, bad, not_checked };

struct finding {
  verdict what = verdict::good;
  std::string name;
  std::string detail;
  std::string advice;  // what to do, if bad
};

std::string_view name(verdict what) {
  switch (what) {
    case verdict::good:
      return "ok";
    case verdict::bad:
      return "bad";
    case verdict::not_checked:
      return "skipped";
  }
  return "unknown";
}

constexpr auto short_wait = std::chrono::seconds(10);
constexpr std::int64_t clock_difference_max_s = limits::date_window_s / 2;

class examination {
 public:
  examination(const context& of, relay_access& relay)
      : of_(of),
        relay_(relay),
        pin_(pinned_node(of.values)),
        asker_(relay, of.values.text("model"), pin_, of.values.secret("node-api-key")) {}

  task<void> run() {
    const bool reached = co_await relay_answers();
    if (!reached) {
      skip("clock");
      skip("nodes");
      skip("model");
      skip("sealed answer");
      co_return async::success();
    }
    const bool has_node = co_await nodes_are_good();
    if (!has_node) {
      skip("model");
      skip("sealed answer");
      co_return async::success();
    }
    const bool has_model = co_await model_is_there();
    if (!has_model) {
      skip("sealed answer");
      co_return async::success();
    }
    co_await answer_comes();
    co_return async::success();
  }

  const std::vector<finding>& findings() const { return findings_; }

 private:
  void note(verdict what, std::string name, std::string detail, std::string advice = {}) {
    findings_.push_back({what, std::move(name), std::move(detail), std::move(advice)});
  }
  void skip(std::string name) { note(verdict::not_checked, std::move(name), "not checked"); }

  asio::awaitable<bool> relay_answers() {
    net::http_request request;
    request.target = "/healthz";
    const async::deadline until = async::deadline::after(short_wait);
    const result<std::unique_ptr<net::http_response>> answer =
        co_await relay_.http().send(std::move(request), until);
    if (answer.has_error()) {
      note(verdict::bad, "relay",
           of_.values.text("relay") + ": " + std::string(tp::name(to_errc(answer.error()))),
           "start one with tokenplace up or tokenplace relay, or correct --relay");
      co_return false;
    }
    const int status = (*answer)->status();
    if (status != 200) {
      note(verdict::bad, "relay", of_.values.text("relay") + " answers " + std::to_string(status),
           status == 503 ? "it is shutting down; try again in a moment"
                         : "this is no token.place relay; correct --relay");
      co_return status == 503;
    }
    note(verdict::good, "relay", of_.values.text("relay") + " answers");
    check_clock((*answer)->fields().find("date"));
    co_return true;
  }

  void check_clock(std::optional<std::string_view> date) {
    const result<unix_seconds> theirs = codec::parse_http_date(date.value_or(std::string_view()));
    if (theirs.has_error()) return skip("clock");
    const std::int64_t difference = std::abs(of_.with.clock.unix_now() - *theirs);
    const std::string detail = std::to_string(difference) + " s apart from the relay's";
    if (difference <= clock_difference_max_s) return note(verdict::good, "clock", detail);
    note(verdict::bad, "clock", detail, "set this machine's clock, e.g. timedatectl set-ntp true");
  }

  asio::awaitable<bool> nodes_are_good() {
    const async::deadline until = async::deadline::after(short_wait);
    const result<client::node_list> list = co_await relay_.nodes().fetch(until);
    if (list.has_error()) {
      note(verdict::bad, "nodes", explain(to_errc(list.error())), "correct --relay, or update the relay");
      co_return false;
    }
    if (list->dropped > 0) {
      note(verdict::bad, "records",
           std::to_string(list->dropped) + " not good: " + std::string(tp::name(list->dropped_because)),
           "their owners must update the node or set its clock; nobody is sent there");
    }
    if (list->nodes.empty()) {
      note(verdict::bad, "nodes", "none is connected",
           "start one with tokenplace server, and look at its log");
      co_return false;
    }
    if (pin_) {
      for (const client::node_entry& node : list->nodes) {
        if (node.record.peer() != *pin_) continue;
        note(verdict::good, "nodes", "the wanted node is connected, its record is good");
        co_return true;
      }
      note(verdict::bad, "nodes", "the wanted node is not connected", "start it, or leave out --node");
      co_return false;
    }
    note(verdict::good, "nodes", std::to_string(list->nodes.size()) + " connected, records good");
    co_return true;
  }

  asio::awaitable<bool> model_is_there() {
    const async::deadline until = async::deadline::after(short_wait);
    const result<std::string> model = co_await asker_.choose_model(until);
    const auto list = co_await relay_.nodes().recent(until);
    bool served = false;
    if (model.has_value() && list.has_value()) {
      for (const client::node_entry& node : (*list)->nodes) {
        served = served || ((!pin_ || node.record.peer() == *pin_) && node.record.serves(*model));
      }
    }
    if (served) {
      note(verdict::good, "model", clean_line(*model) + " is served");
      co_return true;
    }
    note(verdict::bad, "model", "no connected node serves it",
         "see tokenplace models; give the node --model");
    co_return false;
  }

  asio::awaitable<void> answer_comes() {
    conversation talk("");
    talk.ask("Say yes.");
    asking how;
    how.form = answer_form::whole;
    how.max_tokens = 1;
    asker::hooks hooks;
    hooks.on_node = [](const answered&) {};
    hooks.on_text = [](std::string_view) {};
    const steady_time before = of_.with.clock.steady_now();
    const async::deadline until = async::deadline::after(limits::first_head_time);
    const result<answered> answer = co_await asker_.ask(talk, how, hooks, until);
    if (answer.has_error()) {
      note(verdict::bad, "sealed answer", explain(to_errc(answer.error())),
           "try again; choose another --node if it stays");
      co_return;
    }
    if (!answer->error.empty()) {
      note(verdict::bad, "sealed answer", answer->error,
           answer->by_relay ? "the relay refused; wait or choose another"
                            : "look at the node's engine and its log");
      co_return;
    }
    using std::chrono::duration_cast;
    const auto took = duration_cast<std::chrono::milliseconds>(of_.with.clock.steady_now() - before);
    note(verdict::good, "sealed answer",
         "one token in " + std::to_string(took.count()) + " ms, sealed both ways");
  }

  const context& of_;
  relay_access& relay_;
  std::optional<codec::peer_id> pin_;
  asker asker_;
  std::vector<finding> findings_;
};

void print_for_people(const std::vector<finding>& findings) {
  for (const finding& each : findings) {
    const std::string_view verdict_name = name(each.what);
    std::printf("%-8.*s %-14s %s\n", static_cast<int>(verdict_name.size()), verdict_name.data(),
                each.name.c_str(), each.detail.c_str());
    if (!each.advice.empty()) std::printf("         %-14s → %s\n", "", each.advice.c_str());
  }
}

void print_for_programs(const std::vector<finding>& findings) {
  json::array checks;
  for (const finding& each : findings) {
    json::object check;
    check["check"] = each.name;
    check["verdict"] = name(each.what);
    check["detail"] = each.detail;
    check["advice"] = each.advice;
    checks.push_back(std::move(check));
  }
  json::object whole;
  whole["checks"] = std::move(checks);
  std::printf("%s\n", codec::to_text(whole).c_str());
}

}  // namespace

int run_doctor(const context& of) {
  const std::unique_ptr<relay_access> relay = relay_access::open(of, of.values.text("relay"));
  if (relay == nullptr) return 1;
  examination check(of, *relay);
  const outcome<void> out = run_interruptibly(of.loop, check.run());
  if (out.how == ended::interrupted) return 1;
  (of.values.flag("json") ? print_for_programs : print_for_people)(check.findings());
  for (const finding& each : check.findings()) {
    if (each.what == verdict::bad) return 1;
  }
  return 0;
}

}  // namespace tp::cli
