#include "net/tls.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace tp::net {

namespace {

constexpr std::array<unsigned char, 9> alpn_http11{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

errc check_readable(const std::string& file) {
  if (::access(file.c_str(), R_OK) == 0) return errc::ok;
  return errno == ENOENT || errno == ENOTDIR ? errc::file_not_found : errc::permission_denied;
}

// A client that offers ALPN without http/1.1 wants another protocol: the handshake fails.
int choose_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* offered,
                unsigned int offered_size, void*) {
  unsigned char* chosen = nullptr;
  const int found =
      SSL_select_next_proto(&chosen, out_size, alpn_http11.data(),
                            static_cast<unsigned int>(alpn_http11.size()), offered, offered_size);
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

std::shared_ptr<ssl_ctx_st> make_context(const SSL_METHOD* method) {
  std::shared_ptr<ssl_ctx_st> context(SSL_CTX_new(method), SSL_CTX_free);
  if (!context) return nullptr;
  SSL_CTX* raw = context.get();
  if (SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION) != 1) return nullptr;
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(raw, 0);
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(
      raw, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(raw, 1);  // one system call for a record instead of two
  return context;
}

}  // namespace

result<tls_server> tls_server::from_files(const std::string& chain_file, const std::string& key_file) {
  for (const std::string& file : {chain_file, key_file}) {
    const errc readable = check_readable(file);
    if (readable != errc::ok) return readable;
  }
  auto context = make_context(TLS_server_method());
  if (!context) return errc::tls_failed;
  SSL_CTX* raw = context.get();
  ERR_clear_error();
  const bool loaded = SSL_CTX_use_certificate_chain_file(raw, chain_file.c_str()) == 1 &&
                      SSL_CTX_use_PrivateKey_file(raw, key_file.c_str(), SSL_FILETYPE_PEM) == 1 &&
                      SSL_CTX_check_private_key(raw) == 1;
  ERR_clear_error();
  if (!loaded) return errc::key_file_invalid;
  SSL_CTX_set_alpn_select_cb(raw, choose_alpn, nullptr);
  return tls_server(std::move(context));
}

namespace {

std::shared_ptr<ssl_ctx_st> make_client_context() {
  auto context = make_context(TLS_client_method());
  if (!context) return nullptr;
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  const auto size = static_cast<unsigned int>(alpn_http11.size());
  if (SSL_CTX_set_alpn_protos(context.get(), alpn_http11.data(), size) != 0) return nullptr;
  return context;
}

}  // namespace

result<tls_client> tls_client::from_system_roots() {
  auto context = make_client_context();
  if (!context || SSL_CTX_set_default_verify_paths(context.get()) != 1) return errc::tls_failed;
  return tls_client(std::move(context));
}

result<tls_client> tls_client::from_ca_file(const std::string& ca_file) {
  const errc readable = check_readable(ca_file);
  if (readable != errc::ok) return readable;
  auto context = make_client_context();
  if (!context) return errc::tls_failed;
  ERR_clear_error();
  const bool loaded = SSL_CTX_load_verify_locations(context.get(), ca_file.c_str(), nullptr) == 1;
  ERR_clear_error();
  if (!loaded) return errc::key_file_invalid;
  return tls_client(std::move(context));
}

}  // namespace tp::net
