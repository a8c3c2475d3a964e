// TLS contexts: certificates and roots, made once in main and passed down by reference; immutable afterwards.
// TLS 1.2 or newer, ALPN http/1.1, hostname verification on, no renegotiation, no session tickets kept.
#pragma once

#include <memory>
#include <string>

#include "base/error.hpp"

struct ssl_ctx_st;

namespace tp::net {

class tls_server {
 public:
  // PEM files: the chain, leaf first, and its key. Errors: file_not_found, permission_denied,
  // key_file_invalid (a key that does not belong to the certificate included), tls_failed.
  static result<tls_server> from_files(const std::string& chain_file, const std::string& key_file);
  ssl_ctx_st* native() const { return context_.get(); }

 private:
  explicit tls_server(std::shared_ptr<ssl_ctx_st> context) : context_(std::move(context)) {}
  std::shared_ptr<ssl_ctx_st> context_;
};

class tls_client {
 public:
  static result<tls_client> from_system_roots();
  // Trusts only the certificates of this PEM file. Errors: file_not_found, permission_denied,
  // key_file_invalid.
  static result<tls_client> from_ca_file(const std::string& ca_file);
  ssl_ctx_st* native() const { return context_.get(); }

 private:
  explicit tls_client(std::shared_ptr<ssl_ctx_st> context) : context_(std::move(context)) {}
  std::shared_ptr<ssl_ctx_st> context_;
};

}  // namespace tp::net
