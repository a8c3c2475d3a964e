// For the tests of this folder: an event loop with services, a certificate of one's own, raw exchanges.
#pragma once

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "async/memory_stream.hpp"
#include "async/run.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/metrics.hpp"
#include "base/random.hpp"
#include "base/services.hpp"
#include "codec/url.hpp"
#include "net/dial.hpp"
#include "net/http_listener.hpp"
#include "net/http_server.hpp"

namespace tp::net::testing {

using namespace std::chrono_literals;

struct world {
  asio::io_context loop;
  system_clock_source clock;
  seeded_random random{1};
  null_logger log;
  metrics meters;
  services with{clock, random, log, meters};
  asio::any_io_executor executor() { return loop.get_executor(); }
  // Runs what is ready. A loop that once ran out of work stays stopped until it is restarted.
  void poll() {
    loop.restart();
    loop.poll();
  }
};

// A self-signed certificate for localhost and 127.0.0.1, and its key, in a folder of their own.
class certificate {
 public:
  certificate() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tp-net-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
    const std::unique_ptr<X509, void (*)(X509*)> leaf(X509_new(), X509_free);
    X509_set_version(leaf.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(leaf.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(leaf.get()), -60);
    X509_gmtime_adj(X509_getm_notAfter(leaf.get()), 3600);
    X509_NAME* subject = X509_get_subject_name(leaf.get());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test"),
                               -1, -1, 0);
    X509_set_issuer_name(leaf.get(), subject);
    X509_set_pubkey(leaf.get(), key.get());
    X509_EXTENSION* names =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
    X509_add_ext(leaf.get(), names, -1);
    X509_EXTENSION_free(names);
    X509_sign(leaf.get(), key.get(), EVP_sha256());
    write(chain(), [&](std::FILE* to) { PEM_write_X509(to, leaf.get()); });
    write(key_file(),
          [&](std::FILE* to) { PEM_write_PrivateKey(to, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
  }
  certificate(const certificate&) = delete;
  certificate& operator=(const certificate&) = delete;
  ~certificate() { std::filesystem::remove_all(folder_); }
  std::string chain() const { return folder_ + "/chain.pem"; }
  std::string key_file() const { return folder_ + "/key.pem"; }

 private:
  template <class F>
  static void write(const std::string& file, F print) {
    std::FILE* to = std::fopen(file.c_str(), "w");
    print(to);
    std::fclose(to);
  }
  std::string folder_;
};

inline asio::awaitable<void> serve_on(async::byte_stream* on, const http_handler* handler,
                                      const http_server_settings* settings, services* with,
                                      http_drain* drain) {
  co_await serve_http(*on, *handler, *settings, *with, drain);
}

inline task<std::string> read_text_to_end(async::byte_stream* from) {
  std::string all;
  bytes piece(4096);
  while (true) {
    const result<std::size_t> got = co_await from->read_some(piece);
    if (got.has_error()) co_return got.error();
    if (*got == 0) co_return all;
    all += as_chars(bytes_view(piece).first(*got));
  }
}

// Reads until the text ends with `end`.
inline task<std::string> read_text_until(async::byte_stream* from, std::string_view end) {
  std::string all;
  bytes piece(4096);
  while (!all.ends_with(end)) {
    const result<std::size_t> got = co_await from->read_some(piece);
    if (got.has_error()) co_return got.error();
    if (*got == 0) co_return errc::connection_closed;
    all += as_chars(bytes_view(piece).first(*got));
  }
  co_return all;
}

// What a server says to these bytes, until it ends the connection; a reset reads as "(reset)".
inline std::string raw_exchange(world& in, const http_handler& handler, std::string_view request,
                                const http_server_settings& settings = {}) {
  auto pair = async::make_memory_streams(in.executor());
  async::task_scope scope(in.executor());
  auto serve = [](std::unique_ptr<async::byte_stream> on, const http_handler* h,
                  const http_server_settings* s,
                  services* w) -> asio::awaitable<void> { co_await serve_http(*on, *h, *s, *w); };
  scope.spawn(serve, std::unique_ptr<async::byte_stream>(std::move(pair.second)), &handler, &settings,
              &in.with);
  auto talk = [](async::byte_stream* on, bytes data) -> task<std::string> {
    co_await on->write(data);
    co_await on->close_write();
    auto text = co_await read_text_to_end(on);
    co_return text;
  };
  const result<std::string> text = async::run(in.loop, talk(pair.first.get(), to_bytes(request)));
  pair.first.reset();
  async::run(in.loop, scope.join());
  return text.has_value() ? *text : "(reset)";
}

// Two ends of one TCP connection on loopback, with TLS if both contexts are given.
struct linked {
  std::unique_ptr<connection> server;
  std::unique_ptr<connection> client;
};

inline codec::url local_url(std::uint16_t port, codec::url_scheme scheme = codec::url_scheme::http) {
  return {scheme,
          scheme == codec::url_scheme::https || scheme == codec::url_scheme::wss ? "localhost" : "127.0.0.1",
          port, "/"};
}

inline asio::awaitable<void> accept_one(listener* from, const tls_server* tls,
                                        std::unique_ptr<connection>* out) {
  auto keep = [from, out](std::unique_ptr<connection> one) {
    *out = std::move(one);
    from->close();
  };
  co_await from->run(keep);
  if (tls == nullptr) co_return;
  const auto until = async::deadline::after(10s);
  const result<void> secured = co_await (*out)->start_tls(*tls, until);
  if (secured.has_error()) out->reset();
}

inline linked link_up(world& in, const tls_server* server_tls = nullptr,
                      const tls_client* client_tls = nullptr) {
  linked ends;
  auto from = listener::open(in.executor(), {});
  async::task_scope scope(in.executor());
  scope.spawn(accept_one, from->get(), server_tls, &ends.server);
  const auto scheme = server_tls == nullptr ? codec::url_scheme::http : codec::url_scheme::https;
  const auto until = async::deadline::after(10s);
  auto dialled = async::run(in.loop, dial(local_url((*from)->port(), scheme), client_tls, until));
  async::run(in.loop, scope.join());
  if (dialled.has_value()) ends.client = std::move(*dialled);
  return ends;
}

}  // namespace tp::net::testing
