// tokenplace keys: the identity of this machine's node. OHTTP keys rotate by themselves and live in memory
// only.
#include <cstdio>

#include "cli/commands.hpp"
#include "codec/json.hpp"
#include "crypto/key_file.hpp"

namespace tp::cli {

namespace {

void show(const context& of, const std::filesystem::path& file, const codec::peer_id& peer) {
  if (of.values.flag("json")) {
    json::object out;
    out["peer_id"] = peer.text();
    out["file"] = file.string();
    std::printf("%s\n", codec::to_text(out).c_str());
    return;
  }
  std::printf("%s\n", peer.text().c_str());
  complain("this machine's node, from " + file.string());
}

int fail(const std::filesystem::path& file, errc why) {
  switch (why) {
    case errc::file_not_found:
      complain("there is no identity yet in " + file.string() +
               "; tokenplace server or tokenplace keys rotate makes one");
      break;
    case errc::permission_denied:
      complain(file.string() + " must belong to you and be readable by you only (chmod 600)");
      break;
    case errc::key_file_invalid:
      complain(file.string() + " is not an Ed25519 private key; move it away");
      break;
    default:
      complain(file.string() + ": " + std::string(name(why)));
  }
  return 1;
}

// The old key is kept under its own id, so that a mistake can be undone.
int rotate(const context& of, const std::filesystem::path& file) {
  const result<crypto::ed25519_key> old = crypto::load_identity(file);
  if (old.has_error() && old.error() != errc::file_not_found) return fail(file, to_errc(old.error()));
  if (old.has_value()) {
    const std::string id = codec::peer_id::from_public_key(old->public_key()).text();
    const std::filesystem::path kept = file.string() + "." + id.substr(id.size() - 8) + ".old";
    std::error_code error;
    std::filesystem::rename(file, kept, error);
    if (error) return fail(file, errc::io_error);
    complain("the old identity is now " + kept.string());
  }
  const result<crypto::ed25519_key> fresh = crypto::load_or_create_identity(file, of.with.random);
  if (fresh.has_error()) return fail(file, to_errc(fresh.error()));
  show(of, file, codec::peer_id::from_public_key(fresh->public_key()));
  complain("restart the node to use it; whoever pinned the old id must be told the new one");
  return 0;
}

}  // namespace

int run_keys(const context& of) {
  const result<std::filesystem::path> folder = state_dir(of.values);
  if (folder.has_error()) {
    complain(of.values.refusal_line("state-dir", "the folder cannot be made or used"));
    return 1;
  }
  const std::filesystem::path file = *folder / "identity.key";
  if (!of.words.empty() && of.words.front() == "rotate") return rotate(of, file);
  const result<crypto::ed25519_key> key = crypto::load_identity(file);
  if (key.has_error()) return fail(file, to_errc(key.error()));
  show(of, file, codec::peer_id::from_public_key(key->public_key()));
  return 0;
}

}  // namespace tp::cli
