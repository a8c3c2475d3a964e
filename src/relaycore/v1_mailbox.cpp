#include "relaycore/v1_mailbox.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "base/limits.hpp"
#include "codec/hex.hpp"

namespace tp::relaycore {

namespace {

enum class stage { queued, at_work, answered };

constexpr std::size_t session_bytes = 16;

}  // namespace

struct v1_mailbox::exchange {
  v1_exchange_id id = 0;
  stage at = stage::queued;
  std::string client_key;
  std::string address;     // who asked
  std::string server_key;  // whom
  std::string origin;      // who was given it; empty: one of ours
  bool unnamed = false;    // came without a client key
  v1_form form = v1_form::whole;
  std::string session;  // of a stream, once at work
  v1_sealed sealed;     // the request, then the answer
  std::vector<std::string> chunks;
  v1_end end = v1_end::open;  // of the stream
  std::size_t bytes = 0;
  steady_time expires{};

  bool is_stream() const { return !session.empty(); }
};

v1_mailbox::v1_mailbox(settings with, random_source& random)
    : nodes_(with.proof, std::move(with.challenge)), wake_(std::move(with.wake)), random_(random) {}

v1_mailbox::~v1_mailbox() = default;

// ---- the books

v1_mailbox::exchange* v1_mailbox::find(v1_exchange_id id) {
  const auto known = exchanges_.find(id);
  return known == exchanges_.end() ? nullptr : &known->second;
}

result<void> v1_mailbox::room(const exchange& each, std::size_t more, std::size_t count) const {
  if (const auto mine = by_client_.find(each.client_key);
      mine != by_client_.end() && !each.client_key.empty()) {
    std::size_t bytes = more;
    for (const v1_exchange_id id : mine->second) bytes += exchanges_.at(id).bytes;
    if (mine->second.size() + count > limits::v1_client_max) return errc::too_many;
    if (bytes > limits::v1_client_bytes_max) return errc::too_many;
  }
  if (const auto asked = by_address_.find(each.address); asked != by_address_.end()) {
    if (asked->second.count + count > limits::v1_address_max) return errc::too_many;
    if (asked->second.bytes + more > limits::v1_address_bytes_max) return errc::too_many;
  }
  if (exchanges_.size() + count > limits::v1_exchanges_max) return errc::node_busy;
  if (bytes_ + more > limits::v1_bytes_max) return errc::node_busy;
  return {};
}

void v1_mailbox::resize(exchange& each, std::size_t bytes) {
  usage& of_address = by_address_[each.address];
  bytes_ = bytes_ - each.bytes + bytes;
  of_address.bytes = of_address.bytes - each.bytes + bytes;
  each.bytes = bytes;
}

void v1_mailbox::add_to_client(exchange& each, const std::string& client_key) {
  each.client_key = client_key;
  id_list& ids = by_client_[client_key];
  ids.insert(std::upper_bound(ids.begin(), ids.end(), each.id), each.id);
}

void v1_mailbox::take_from_client(const exchange& each) {
  const auto mine = by_client_.find(each.client_key);
  if (mine == by_client_.end()) return;
  std::erase(mine->second, each.id);
  if (mine->second.empty()) by_client_.erase(mine);
}

void v1_mailbox::erase(v1_exchange_id id) {
  const auto known = exchanges_.find(id);
  if (known == exchanges_.end()) return;
  exchange& each = known->second;
  v1_node* const node = each.at == stage::queued ? nodes_.find(each.server_key) : nullptr;
  if (node != nullptr && std::erase(node->queue, id) != 0) node->queued_bytes -= each.bytes;
  resize(each, 0);
  const auto asked = by_address_.find(each.address);
  if (--asked->second.count == 0) by_address_.erase(asked);
  if (each.is_stream()) by_session_.erase(each.session);
  take_from_client(each);
  exchanges_.erase(known);
}

void v1_mailbox::drop_queue(std::deque<v1_exchange_id> queue) {
  for (const v1_exchange_id id : queue) erase(id);
}

std::string v1_mailbox::new_session() {
  bytes raw(session_bytes);
  random_.fill(raw);
  return codec::hex_encode(raw);
}

// ---- nodes

void v1_mailbox::link_node(const std::string& server_key, std::string peer) {
  drop_queue(nodes_.link(server_key, std::move(peer)));
}

void v1_mailbox::unlink_node(std::string_view peer) { nodes_.unlink(peer); }

bool v1_mailbox::unregister(std::string_view server_key, std::string_view origin) {
  v1_node* const node = nodes_.find(server_key);
  if (node == nullptr || node->is_ours() || node->holder != origin) return false;
  drop_queue(std::exchange(node->queue, {}));
  nodes_.erase(server_key);
  return true;
}

void v1_mailbox::node_waits(std::string_view server_key, std::string_view origin, steady_time until) {
  v1_node* const node = nodes_.find(server_key);
  if (node != nullptr && node->holder == origin) node->seen = std::max(node->seen, until);
}

result<v1_poll_answer> v1_mailbox::poll(const v1_poll& request, std::string_view origin, steady_time now) {
  auto arrived = nodes_.on_poll(request.server_key, origin, request.challenge_response, now);
  if (!arrived) return arrived.error();
  v1_poll_answer told;
  told.challenge = std::move(arrived->challenge);
  if (!told.challenge.empty()) told.next_ping = limits::v1_ping_after_work;  // its answer is short work
  if (arrived->node == nullptr) return told;
  v1_node& node = *arrived->node;
  const std::size_t batch = std::min(request.batch, limits::v1_batch_max);
  while (!node.queue.empty() && told.work.size() < batch) {
    exchange& each = exchanges_.at(node.queue.front());
    node.queue.pop_front();
    node.queued_bytes -= each.bytes;
    each.at = stage::at_work;
    each.origin = origin;
    each.expires = now + limits::v1_work_time;
    resize(each, 0);
    if (each.form == v1_form::stream) {
      each.session = new_session();
      by_session_.emplace(each.session, each.id);
    }
    told.work.push_back({each.client_key, std::exchange(each.sealed, {}), each.session});
  }
  if (!told.work.empty()) told.next_ping = limits::v1_ping_after_work;
  return told;
}

// ---- requests

result<v1_receipt> v1_mailbox::post(v1_request request, std::string_view address, steady_time now) {
  v1_node* const node = nodes_.find(request.server_key);
  if (node == nullptr) return errc::node_not_found;
  exchange each;
  each.client_key = request.client_key;
  each.address = address;
  each.unnamed = request.client_key.empty();
  each.form = request.form;
  const bool ours = node->is_ours();
  const std::size_t size = ours ? 0 : request.sealed.bytes();  // the caller has the body meanwhile
  const auto fits = room(each, size, 1);
  if (!fits) return fits.error();
  const bool queue_full =
      node->queue.size() >= limits::v1_queue_max || node->queued_bytes + size > limits::v1_queue_bytes_max;
  if (!ours && queue_full) return errc::node_busy;

  if (!each.unnamed) drop_unnamed_answers(request.client_key);
  each.id = ++last_id_;
  each.server_key = std::move(request.server_key);
  exchange& kept = exchanges_.emplace(each.id, std::move(each)).first->second;
  ++by_address_[kept.address].count;
  add_to_client(kept, request.client_key);
  if (ours) {
    kept.at = stage::at_work;
    kept.expires = now + limits::v1_work_time;
    if (kept.form == v1_form::stream) {
      kept.session = new_session();
      by_session_.emplace(kept.session, kept.id);
    }
    return v1_receipt{kept.id, node->peer, kept.session};
  }
  kept.expires = now + limits::v1_queue_time;
  kept.sealed = std::move(request.sealed);
  resize(kept, size);
  node->queue.push_back(kept.id);
  node->queued_bytes += size;
  if (wake_.work) wake_.work(kept.server_key);
  return v1_receipt{kept.id, {}, {}};
}

// Answers to requests that named nobody: from now on this client has requests of its own.
void v1_mailbox::drop_unnamed_answers(std::string_view client_key) {
  const auto mine = by_client_.find(client_key);
  if (mine == by_client_.end()) return;
  const id_list ids = mine->second;
  for (const v1_exchange_id id : ids) {
    if (exchanges_.at(id).unnamed) erase(id);
  }
}

// ---- answers

v1_mailbox::exchange* v1_mailbox::at_work(std::string_view client_key, std::string_view origin) {
  const auto mine = by_client_.find(client_key);
  if (mine == by_client_.end()) return nullptr;
  for (const v1_exchange_id id : mine->second) {
    exchange& each = exchanges_.at(id);
    const bool fits = each.at == stage::at_work && each.end == v1_end::open;
    if (fits && !each.origin.empty() && each.origin == origin) return &each;
  }
  return nullptr;
}

// Gives a request that named nobody to the client it turned out to be for.
result<void> v1_mailbox::name_client(exchange& each, const std::string& client_key, std::size_t more) {
  const auto mine = by_client_.find(client_key);
  const bool has_own =
      mine != by_client_.end() && std::any_of(mine->second.begin(), mine->second.end(),
                                              [&](v1_exchange_id id) { return !exchanges_.at(id).unnamed; });
  if (has_own || client_key.empty()) return errc::not_found;
  exchange as_named;
  as_named.client_key = client_key;
  as_named.address = each.address;
  const auto fits = room(as_named, more, 1);
  if (!fits) return fits.error();
  take_from_client(each);
  add_to_client(each, client_key);
  return {};
}

result<void> v1_mailbox::store(exchange& each, v1_sealed sealed, steady_time now) {
  const std::size_t size = sealed.bytes();
  const auto fits = room(each, size, 0);
  if (!fits) return fits.error();
  if (each.is_stream()) by_session_.erase(std::exchange(each.session, {}));  // a whole answer instead
  each.chunks.clear();
  each.at = stage::answered;
  each.expires = now + limits::v1_answer_time;
  each.sealed = std::move(sealed);
  resize(each, size);
  if (wake_.mail) wake_.mail(each.client_key);
  return {};
}

result<void> v1_mailbox::answer(v1_answer sent, std::string_view origin, steady_time now) {
  exchange* each = at_work(sent.client_key, origin);
  if (each == nullptr) each = at_work("", origin);
  if (each == nullptr) return errc::not_found;
  return finish(each->id, std::move(sent), now);
}

result<void> v1_mailbox::finish(v1_exchange_id id, v1_answer sent, steady_time now) {
  exchange* const each = find(id);
  if (each == nullptr || each->at != stage::at_work) return errc::not_found;
  if (each->client_key.empty()) {
    const auto named = name_client(*each, sent.client_key, sent.sealed.bytes());
    if (!named) return named.error();
  }
  return store(*each, std::move(sent.sealed), now);
}

void v1_mailbox::abandon(v1_exchange_id id) { erase(id); }

std::optional<v1_sealed> v1_mailbox::retrieve(std::string_view client_key, steady_time now) {
  const auto mine = by_client_.find(client_key);
  if (mine == by_client_.end() || client_key.empty()) return std::nullopt;
  for (const v1_exchange_id id : mine->second) {
    exchange& each = exchanges_.at(id);
    if (each.at != stage::answered || each.expires <= now) continue;
    v1_sealed sealed = std::move(each.sealed);
    erase(id);
    return sealed;
  }
  return std::nullopt;
}

// ---- streams

result<void> v1_mailbox::append(exchange& each, std::string json, v1_end end, steady_time now) {
  if (each.chunks.size() >= limits::v1_chunks_max) return errc::too_many;
  const auto fits = room(each, json.size(), 0);
  if (!fits) return fits.error();
  resize(each, each.bytes + json.size());
  each.chunks.push_back(std::move(json));
  each.end = end;
  each.expires = now + (end == v1_end::final ? limits::v1_answer_time : limits::v1_work_time);
  if (wake_.mail) wake_.mail(each.client_key);
  return {};
}

result<void> v1_mailbox::chunk(v1_chunk sent, std::string_view origin, steady_time now) {
  const auto known = by_session_.find(sent.session);
  if (known == by_session_.end()) return errc::not_found;
  exchange& each = exchanges_.at(known->second);
  if (each.end == v1_end::final || each.origin.empty() || each.origin != origin) return errc::not_found;
  return append(each, std::move(sent.json), sent.end, now);
}

result<void> v1_mailbox::push_chunk(v1_exchange_id id, std::string json, v1_end end, steady_time now) {
  exchange* const each = find(id);
  if (each == nullptr || !each->is_stream() || each->end == v1_end::final) return errc::not_found;
  return append(*each, std::move(json), end, now);
}

std::optional<v1_chunks> v1_mailbox::retrieve_stream(std::string_view client_key, steady_time now) {
  const auto mine = by_client_.find(client_key);
  if (mine == by_client_.end()) return std::nullopt;
  exchange* best = nullptr;
  for (const v1_exchange_id id : mine->second) {
    exchange& each = exchanges_.at(id);
    if (!each.is_stream() || each.expires <= now) continue;
    const bool ready = !each.chunks.empty() || each.end == v1_end::final;
    if (best == nullptr || ready) best = &each;
    if (ready) break;
  }
  if (best == nullptr) return std::nullopt;
  v1_chunks told{best->session, std::exchange(best->chunks, {}), best->end};
  resize(*best, 0);
  if (told.end == v1_end::final) erase(best->id);
  return told;
}

// ---- time

void v1_mailbox::expire(steady_time now) {
  std::vector<v1_exchange_id> gone;
  std::set<std::string_view> busy;  // a node at work is not polling
  for (const auto& [id, each] : exchanges_) {
    if (each.expires <= now) {
      gone.push_back(id);
    } else if (each.at == stage::at_work && each.end == v1_end::open) {
      busy.insert(each.server_key);
    }
  }
  for (const std::string& key : nodes_.stale(now)) {
    if (busy.contains(key)) continue;
    drop_queue(std::exchange(nodes_.find(key)->queue, {}));
    nodes_.erase(key);
  }
  for (const v1_exchange_id id : gone) erase(id);
  nodes_.expire_challenges(now);
}

}  // namespace tp::relaycore
