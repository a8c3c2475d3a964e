#include "client/known_nodes.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>

#include "base/limits.hpp"
#include "codec/base64.hpp"
#include "codec/json.hpp"

namespace tp::client {

namespace {

// A record older than this has expired whatever it says (E2EE section 2).
bool is_past_mattering(unix_seconds issued, unix_seconds now) {
  return issued + limits::record_lifetime_max_s + 2 * limits::record_skew_s < now;
}

errc errc_of(int error) {
  return error == EACCES || error == EPERM ? errc::permission_denied : errc::io_error;
}

result<void> write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return errc::io_error;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace

result<void> known_nodes::load(const std::filesystem::path& file, unix_seconds now) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return std::filesystem::exists(file) ? result<void>(errc::permission_denied) : result<void>();
  std::string text;
  char block[65'536];
  while (in.read(block, sizeof block) || in.gcount() > 0) {
    text.append(block, static_cast<std::size_t>(in.gcount()));
    if (text.size() > limits::known_nodes_file_bytes_max) return errc::invalid_json;
  }
  const result<json::value> parsed = codec::parse_json(text, {.bytes = limits::known_nodes_file_bytes_max});
  if (parsed.has_error() || !parsed->is_object()) return errc::invalid_json;
  const json::array* nodes = codec::find_array(parsed->get_object(), "nodes");
  if (nodes == nullptr) return errc::invalid_json;
  for (const json::value& each : *nodes) {
    if (!each.is_object() || entries_.size() >= limits::known_nodes_max) continue;
    const json::object& node = each.get_object();
    const json::string* id = codec::find_string(node, "peer_id");
    const json::string* record = codec::find_string(node, "record");
    const std::optional<std::int64_t> seq = codec::find_integer(node, "seq");
    const std::optional<std::int64_t> issued = codec::find_integer(node, "issued");
    if (id == nullptr || record == nullptr || !seq || !issued || is_past_mattering(*issued, now)) continue;
    const result<codec::peer_id> peer = codec::peer_id::parse(codec::text_of(*id));
    result<bytes> raw = codec::base64_decode(codec::text_of(*record));
    if (peer.has_error() || raw.has_error()) continue;
    entries_[*peer] = entry{{*seq, std::move(*raw)}, *issued};
  }
  return {};
}

result<void> known_nodes::save(const std::filesystem::path& file) {
  if (!changed_) return {};
  json::array nodes;
  for (const auto& [peer, each] : entries_) {
    json::object node;
    node["peer_id"] = peer.text();
    node["seq"] = each.record.seq;
    node["issued"] = each.issued;
    node["record"] = codec::base64_encode(each.record.record);
    nodes.push_back(std::move(node));
  }
  json::object whole;
  whole["nodes"] = std::move(nodes);
  const std::string text = codec::to_text(whole);

  const std::string temporary = file.string() + ".new." + std::to_string(::getpid());
  const int descriptor =
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) return errc_of(errno);
  const result<void> written = write_all(descriptor, text);
  const bool closed = ::close(descriptor) == 0;
  if (written.has_error() || !closed || ::rename(temporary.c_str(), file.c_str()) != 0) {
    ::unlink(temporary.c_str());
    return errc::io_error;
  }
  changed_ = false;
  return {};
}

const e2ee::last_record* known_nodes::last(const codec::peer_id& peer) const {
  const auto found = entries_.find(peer);
  return found == entries_.end() ? nullptr : &found->second.record;
}

void known_nodes::remember(const e2ee::verified_record& record) {
  const auto found = entries_.find(record.peer());
  if (found != entries_.end() && found->second.record.seq == record.fields().seq) return;
  if (found == entries_.end() && entries_.size() >= limits::known_nodes_max) drop_oldest();
  entries_[record.peer()] = entry{record.as_last(), record.fields().issued};
  changed_ = true;
}

void known_nodes::drop_oldest() {
  const auto oldest = std::min_element(entries_.begin(), entries_.end(), [](const auto& a, const auto& b) {
    return a.second.issued < b.second.issued;
  });
  if (oldest != entries_.end()) entries_.erase(oldest);
}

}  // namespace tp::client
