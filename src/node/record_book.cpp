#include "node/record_book.hpp"

#include <algorithm>
#include <fstream>

#include "base/limits.hpp"

namespace tp::node {

namespace {

std::int64_t read_seq(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::int64_t seq = 0;
  return in >> seq ? seq : 0;
}

result<void> write_seq(const std::filesystem::path& file, std::int64_t seq) {
  std::filesystem::path fresh = file;
  fresh += ".new";
  std::ofstream out(fresh, std::ios::trunc);
  out << seq << "\n";
  out.close();
  if (!out) return errc::io_error;
  std::error_code failed;
  std::filesystem::rename(fresh, file, failed);
  if (failed) return errc::io_error;
  return {};
}

}  // namespace

record_book::record_book(const settings& config, const crypto::ed25519_key& identity, e2ee::key_ring& keys,
                         services& with)
    : config_(config),
      identity_(identity),
      keys_(keys),
      with_(with),
      seq_file_(config.state_dir / "record.seq"),
      seq_(read_seq(seq_file_)) {}

bool record_book::due(const std::vector<engine::model_info>& models) const {
  if (body_.empty()) return true;
  if (with_.clock.unix_now() - renewed_ >= config_.time.record_renewal.count()) return true;
  return models != models_;
}

result<void> record_book::renew(const std::vector<engine::model_info>& models) {
  const unix_seconds now = with_.clock.unix_now();
  e2ee::record_fields fields;
  fields.seq = std::max(seq_ + 1, with_.clock.unix_milliseconds());
  fields.issued = now;
  fields.expires = now + config_.time.record_lifetime.count();
  fields.name = config_.name;
  fields.ohttp_keys = keys_.key_list();
  fields.max_concurrency = static_cast<std::int64_t>(config_.concurrency);
  for (const engine::model_info& model : models) {
    if (fields.models.size() == limits::record_models_max) break;
    e2ee::model_entry entry;
    entry.id = model.id;
    entry.context_length =
        std::max<std::int64_t>(model.context_length, 1);  // the record has no word for "unknown"
    entry.capabilities = model.capabilities;
    fields.models.push_back(std::move(entry));
  }
  const auto record = e2ee::sign_record(fields, identity_);
  if (!record) return record.error();
  const auto kept = write_seq(seq_file_, fields.seq);
  if (!kept) return kept.error();
  keys_.listed(fields.expires);
  seq_ = fields.seq;
  renewed_ = now;
  models_ = models;
  json::object body = e2ee::to_json(*record);
  body.erase("peer_id");  // the session says who we are
  body_ = codec::to_text(body);
  return {};
}

}  // namespace tp::node
