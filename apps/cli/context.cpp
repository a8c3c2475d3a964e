#include "cli/context.hpp"

#include <sys/stat.h>

#include <cstdio>

#include "openai/error_answer.hpp"
#include "reasons.hpp"

namespace tp::cli {

void complain(std::string_view text) {
  std::fprintf(stderr, "tokenplace: %.*s\n", static_cast<int>(text.size()), text.data());
}

std::string explain(errc failure) {
  switch (failure) {
    case errc::relay_unreachable:
      return "the relay cannot be reached; is it running, and is --relay right? (tokenplace up starts one "
             "here)";
    case errc::tls_failed:
      return "the relay's certificate is not trusted, or it speaks no TLS; name its certificate with "
             "--relay-ca FILE, or check the address";
    case errc::node_not_found:
      return "no such node is connected to this relay; see tokenplace nodes";
    case errc::not_found:
      return "no connected node serves this model; see tokenplace models";
    case errc::cancelled:
      return "stopped";
    case errc::invalid_json:
      return "this is no token.place relay: its list of nodes cannot be read";
    default:
      break;
  }
  std::string text = openai::upstream_answer(failure).message;
  return text.append(" (").append(name(failure)).append(")");
}

std::unique_ptr<relay_access> relay_access::open(const context& of, std::string_view relay_url) {
  const result<codec::url> origin = codec::parse_url(relay_url);
  if (origin.has_error()) {
    complain("the relay's address is not a URL");
    return nullptr;
  }
  std::unique_ptr<relay_access> made(new relay_access());
  if (codec::is_secure(*origin)) {
    const std::string& roots = of.values.text("relay-ca");
    const std::string unreadable = apps::unreadable_file(of.values, "relay-ca");
    if (!unreadable.empty()) {
      complain(unreadable);
      return nullptr;
    }
    result<net::tls_client> tls =
        roots.empty() ? net::tls_client::from_system_roots() : net::tls_client::from_ca_file(roots);
    if (tls.has_error()) {
      complain(of.values.refusal_line("relay-ca", "there are no certificates (PEM) in it"));
      return nullptr;
    }
    made->tls_ = std::move(*tls);
  }
  const result<std::filesystem::path> folder = state_dir(of.values);
  if (folder.has_value()) {
    made->known_file_ = *folder / "known-nodes.json";
    const result<void> loaded = made->known_.load(made->known_file_, of.with.clock.unix_now());
    if (loaded.has_error()) of.with.log.warning("known_nodes_unreadable", field("reason", loaded.error()));
  }
  const net::tls_client* tls = made->tls_ ? &*made->tls_ : nullptr;
  made->http_ = std::make_unique<net::http_client>(of.loop.get_executor(), *origin, tls, of.with);
  made->nodes_ = std::make_unique<client::directory>(*made->http_, made->known_, of.with);
  made->calls_ = std::make_unique<client::sealed_client>(*made->http_, *made->nodes_, of.with);
  return made;
}

// Remembering is a help, not a duty: a read-only state folder must not fail a command.
relay_access::~relay_access() {
  if (known_file_.empty()) return;
  const result<void> saved = known_.save(known_file_);
  if (saved.has_error()) return;
}

std::optional<codec::peer_id> pinned_node(const config::settings& values) {
  if (values.text("node").empty()) return std::nullopt;
  const result<codec::peer_id> peer = codec::peer_id::parse(values.text("node"));
  if (peer.has_error()) return std::nullopt;  // refused when the configuration was read
  return *peer;
}

result<std::filesystem::path> state_dir(const config::settings& values) {
  const std::filesystem::path folder = values.path("state-dir");
  std::error_code error;
  std::filesystem::create_directories(folder.parent_path(), error);
  if (::mkdir(folder.c_str(), 0700) == 0) return folder;
  if (std::filesystem::is_directory(folder, error)) return folder;
  return errc::permission_denied;
}

}  // namespace tp::cli
