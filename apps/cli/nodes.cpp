// tokenplace nodes, tokenplace models: what a relay's directory offers, after verification.
#include <cstdio>

#include "base/limits.hpp"
#include "cli/commands.hpp"
#include "cli/table.hpp"
#include "cli/terminal_text.hpp"
#include "client/gateway.hpp"

namespace tp::cli {

namespace {

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

json::object node_object(const client::node_entry& node) {
  const e2ee::record_fields& fields = node.record.fields();
  json::object out;
  out["peer_id"] = node.record.peer().text();
  out["name"] = fields.name;
  json::array models;
  for (const e2ee::model_entry& each : fields.models) {
    json::object model;
    model["id"] = each.id;
    model["context_length"] = each.context_length;
    json::array capabilities;
    for (const std::string& one : each.capabilities) capabilities.push_back(json::string(one));
    model["capabilities"] = std::move(capabilities);
    models.push_back(std::move(model));
  }
  out["models"] = std::move(models);
  out["max_concurrency"] = fields.max_concurrency;
  json::object load;
  load["in_flight"] = node.load.in_flight;
  load["capacity"] = node.load.capacity;
  load["queued"] = node.load.queued;
  out["load"] = std::move(load);
  out["connected_since"] = node.connected_since;
  out["expires"] = fields.expires;
  return out;
}

std::string nodes_json(const client::node_list& list) {
  json::object whole;
  whole["object"] = "list";
  json::array data;
  for (const client::node_entry& node : list.nodes) data.push_back(node_object(node));
  whole["data"] = std::move(data);
  whole["dropped"] = list.dropped;
  return codec::to_text(whole) + "\n";
}

std::string since(unix_seconds then, unix_seconds now) {
  const std::int64_t seconds = now - then;
  if (then <= 0 || seconds < 0) return "-";
  if (seconds < 120) return std::to_string(seconds) + " s";
  if (seconds < 7'200) return std::to_string(seconds / 60) + " min";
  return std::to_string(seconds / 3'600) + " h";
}

std::string nodes_table(const client::node_list& list, unix_seconds now) {
  std::vector<std::vector<std::string>> rows{{"NODE", "NAME", "MODELS", "LOAD", "QUEUED", "CONNECTED"}};
  for (const client::node_entry& node : list.nodes) {
    const e2ee::record_fields& fields = node.record.fields();
    std::string models;
    for (const e2ee::model_entry& each : fields.models)
      models.append(models.empty() ? "" : ", ").append(each.id);
    rows.push_back({node.record.peer().text(), clean_line(fields.name), clean_line(models),
                    std::to_string(node.load.in_flight) + "/" + std::to_string(fields.max_concurrency),
                    std::to_string(node.load.queued), since(node.connected_since, now)});
  }
  return table_text(rows);
}

std::optional<client::node_list> fetch(const context& of) {
  const std::unique_ptr<relay_access> relay = relay_access::open(of, of.values.text("relay"));
  if (relay == nullptr) return std::nullopt;
  const async::deadline until = async::deadline::after(limits::first_head_time);
  outcome<client::node_list> out = run_interruptibly(of.loop, relay->nodes().fetch(until));
  if (out.value.has_error()) {
    complain(explain(to_errc(out.value.error())));
    return std::nullopt;
  }
  if (out.value->dropped > 0) {
    complain(std::to_string(out.value->dropped) +
             " entries were left out because their signed record is not good (" +
             std::string(name(out.value->dropped_because)) + ")");
  }
  return std::move(*out.value);
}

}  // namespace

int run_nodes(const context& of) {
  const std::optional<client::node_list> list = fetch(of);
  if (!list) return 1;
  if (of.values.flag("json")) {
    print(nodes_json(*list));
    return 0;
  }
  if (list->nodes.empty()) {
    complain("no node is connected to this relay; start one with tokenplace server or tokenplace up");
    return 0;
  }
  print(nodes_table(*list, of.with.clock.unix_now()));
  return 0;
}

int run_models(const context& of) {
  const std::optional<client::node_list> list = fetch(of);
  if (!list) return 1;
  if (of.values.flag("json")) {
    print(client::model_list_of(*list) + "\n");
    return 0;
  }
  std::vector<std::vector<std::string>> rows{{"MODEL", "CONTEXT", "CAN", "NODE"}};
  for (const client::node_entry& node : list->nodes) {
    for (const e2ee::model_entry& each : node.record.fields().models) {
      std::string can;
      for (const std::string& one : each.capabilities) can.append(can.empty() ? "" : " ").append(one);
      rows.push_back({clean_line(each.id), std::to_string(each.context_length), clean_line(can),
                      clean_line(node.record.fields().name)});
    }
  }
  if (rows.size() == 1) complain("no connected node serves a model");
  if (rows.size() > 1) print(table_text(rows));
  return 0;
}

}  // namespace tp::cli
