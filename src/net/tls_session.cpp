#include "net/tls_session.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <climits>

namespace tp::net {

// The socket as OpenSSL sees it. OpenSSL's own socket BIO uses write(2), which raises SIGPIPE; Asio's send
// does not.
struct socket_bio {
  static tls_session& session(BIO* bio) { return *static_cast<tls_session*>(BIO_get_data(bio)); }

  static int read(BIO* bio, char* data, int size) {
    tls_session& self = session(bio);
    BIO_clear_retry_flags(bio);
    error_code error;
    const auto into = asio::buffer(data, static_cast<std::size_t>(size));
    const std::size_t got = self.socket_.receive(into, 0, error);
    if (!error) return static_cast<int>(got);
    if (error == asio::error::would_block || error == asio::error::interrupted) BIO_set_retry_read(bio);
    if (error == asio::error::eof)
      self.socket_ended_ = true;
    else
      self.socket_error_ = error;
    return self.socket_ended_ ? 0 : -1;
  }

  static int write(BIO* bio, const char* data, int size) {
    tls_session& self = session(bio);
    BIO_clear_retry_flags(bio);
    error_code error;
    const auto from = asio::buffer(data, static_cast<std::size_t>(size));
    const std::size_t sent = self.socket_.send(from, 0, error);
    if (!error) return static_cast<int>(sent);
    if (error == asio::error::would_block || error == asio::error::interrupted) BIO_set_retry_write(bio);
    self.socket_error_ = error;
    return -1;
  }

  static long control(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_FLUSH) return 1;
    if (command == BIO_CTRL_EOF) return session(bio).socket_ended_ ? 1 : 0;
    return 0;
  }

  static BIO_METHOD* make_method() {
    BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "asio socket");
    BIO_meth_set_read(method, read);
    BIO_meth_set_write(method, write);
    BIO_meth_set_ctrl(method, control);
    return method;
  }

  static const BIO_METHOD* method() {
    static const std::unique_ptr<BIO_METHOD, void (*)(BIO_METHOD*)> one(make_method(), BIO_meth_free);
    return one.get();
  }
};

namespace {

errc name_peer(SSL* ssl, const std::string& host) {
  error_code not_an_address;
  asio::ip::make_address(host, not_an_address);
  if (!not_an_address) {
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) == 1 ? errc::ok
                                                                                 : errc::tls_failed;
  }
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (SSL_set1_host(ssl, host.c_str()) != 1) return errc::tls_failed;
  if (SSL_set_tlsext_host_name(ssl, host.c_str()) != 1) return errc::tls_failed;
  return errc::ok;
}

int int_size(std::size_t size) { return static_cast<int>(std::min<std::size_t>(size, INT_MAX)); }

}  // namespace

tls_session::~tls_session() = default;

result<std::unique_ptr<tls_session>> tls_session::make(ssl_ctx_st* context, tls_role role,
                                                       asio::ip::tcp::socket& socket,
                                                       const std::string& host) {
  auto made = std::unique_ptr<tls_session>(new tls_session(socket));
  made->ssl_ = {SSL_new(context), SSL_free};
  SSL* ssl = made->ssl_.get();
  BIO* bio = ssl == nullptr ? nullptr : BIO_new(socket_bio::method());
  if (bio == nullptr) return errc::tls_failed;
  BIO_set_data(bio, made.get());
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl, bio, bio);
  if (role == tls_role::server) {
    SSL_set_accept_state(ssl);
    return made;
  }
  SSL_set_connect_state(ssl);
  if (name_peer(ssl, host) != errc::ok) return errc::tls_failed;
  return made;
}

io_outcome tls_session::outcome(int returned, std::size_t moved, wait_type& wants) noexcept {
  if (returned > 0) return {io_status::done, errc::ok, moved};
  switch (SSL_get_error(ssl_.get(), returned)) {
    case SSL_ERROR_WANT_READ:
      wants = asio::ip::tcp::socket::wait_read;
      return {io_status::would_block};
    case SSL_ERROR_WANT_WRITE:
      wants = asio::ip::tcp::socket::wait_write;
      return {io_status::would_block};
    case SSL_ERROR_ZERO_RETURN:
      return {io_status::end};
    case SSL_ERROR_SYSCALL:
      return {io_status::failed, errc::connection_reset};
    default:  // an end without close_notify may be a cut by a third party: never a clean end
      return {io_status::failed, socket_ended_ ? errc::connection_reset : errc::tls_failed};
  }
}

io_outcome tls_session::handshake() noexcept {
  ERR_clear_error();
  const int returned = SSL_do_handshake(ssl_.get());
  io_outcome result = outcome(returned, 0, read_wants_);
  if (result.status == io_status::end) result = {io_status::failed, errc::connection_reset};
  return result;
}

io_outcome tls_session::read(bytes_span into) noexcept {
  ERR_clear_error();
  const int returned = SSL_read(ssl_.get(), into.data(), int_size(into.size()));
  const io_outcome result = outcome(returned, static_cast<std::size_t>(std::max(returned, 0)), read_wants_);
  read_blocked_ = result.status == io_status::would_block;
  return result;
}

io_outcome tls_session::write(bytes_view data) noexcept {
  ERR_clear_error();
  const int returned = SSL_write(ssl_.get(), data.data(), int_size(data.size()));
  return outcome(returned, static_cast<std::size_t>(std::max(returned, 0)), write_wants_);
}

io_outcome tls_session::peek() noexcept {
  ERR_clear_error();
  char byte = 0;
  const int returned = SSL_peek(ssl_.get(), &byte, 1);
  return outcome(returned, 1, read_wants_);
}

void tls_session::send_close() noexcept {
  ERR_clear_error();
  if (SSL_is_init_finished(ssl_.get()) == 1) SSL_shutdown(ssl_.get());
}

// Decrypted bytes, or a record not yet looked at; a part of a record does not count, the rest must come
// first.
bool tls_session::holds_bytes() const noexcept {
  return SSL_pending(ssl_.get()) > 0 || (!read_blocked_ && SSL_has_pending(ssl_.get()) == 1);
}

}  // namespace tp::net
