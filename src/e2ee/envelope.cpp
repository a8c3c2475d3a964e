#include "e2ee/envelope.hpp"

#include <algorithm>

#include "base/secret.hpp"
#include "codec/varint.hpp"
#include "crypto/hash.hpp"

namespace tp::e2ee {

namespace {

constexpr std::string_view not_final;
constexpr std::string_view final_aad = "final";

void put_sealed(crypto::aead_sequence& keys, std::string_view aad, bytes_view piece, bytes& out) {
  const std::size_t at = out.size();
  out.resize(at + piece.size() + crypto::aead_tag_bytes);
  keys.seal(as_bytes(aad), piece, bytes_span(out).subspan(at));
}

}  // namespace

chunk_opener::chunk_opener(form f, const message_limits& bounds)
    : form_(f), bounds_(bounds), state_(f == form::whole ? state::whole : state::length) {}

chunk_opener::~chunk_opener() { clear_buffer(); }

void chunk_opener::clear_buffer() noexcept {
  wipe(buffer_.data(), buffer_.size());
  buffer_.clear();
}

result<void> chunk_opener::push(crypto::aead_sequence& keys, bytes_view slice, const piece_sink& sink) {
  while (!slice.empty()) {
    const result<std::size_t> taken = step(keys, slice, sink);
    if (!taken) {
      clear_buffer();
      return taken.error();
    }
    slice = slice.subspan(*taken);
  }
  return {};
}

// How much of the slice this state took.
result<std::size_t> chunk_opener::step(crypto::aead_sequence& keys, bytes_view slice,
                                       const piece_sink& sink) {
  switch (state_) {
    case state::length: {
      buffer_.push_back(slice.front());
      if (const auto length = codec::read_varint(buffer_)) {
        clear_buffer();
        const result<void> accepted = on_length(length->value);
        if (!accepted) return accepted.error();
      }
      return 1U;
    }
    case state::body: {
      const std::size_t part = std::min(slice.size(), expected_ - buffer_.size());
      append(buffer_, slice.first(part));
      if (buffer_.size() == expected_) {
        const result<void> opened = open_buffer(keys, not_final, sink);
        if (!opened) return opened.error();
        state_ = state::length;
      }
      return part;
    }
    case state::final_chunk:
      if (slice.size() > bounds_.chunk - buffer_.size()) return errc::chunk_too_large;
      append(buffer_, slice);
      return slice.size();
    case state::whole:
      append(buffer_, slice);
      return slice.size();
  }
  return errc::internal;
}

result<void> chunk_opener::on_length(std::uint64_t value) {
  if (++chunks_ > bounds_.chunks) return errc::too_many_chunks;
  if (value == 0) {
    state_ = state::final_chunk;
    return {};
  }
  if (value <= crypto::aead_tag_bytes) return errc::chunk_too_short;
  if (value > bounds_.chunk) return errc::chunk_too_large;  // before anything is allocated
  expected_ = static_cast<std::size_t>(value);
  state_ = state::body;
  return {};
}

result<void> chunk_opener::open_buffer(crypto::aead_sequence& keys, std::string_view aad,
                                       const piece_sink& sink) {
  const std::size_t size = buffer_.size() - crypto::aead_tag_bytes;
  const bytes_span piece = bytes_span(buffer_).first(size);
  result<void> opened = keys.open(as_bytes(aad), buffer_, piece);
  if (opened && !piece.empty()) sink(piece);
  clear_buffer();
  return opened;
}

result<void> chunk_opener::end(crypto::aead_sequence& keys, const piece_sink& sink) {
  const bool collected = state_ == state::final_chunk || state_ == state::whole;
  if (!collected || buffer_.size() < crypto::aead_tag_bytes) {
    clear_buffer();
    return errc::truncated;
  }
  return open_buffer(keys, form_ == form::chunked ? final_aad : not_final, sink);
}

chunk_sealer::chunk_sealer(form f, std::size_t message_max) : form_(f), message_max_(message_max) {}

chunk_sealer::cost chunk_sealer::cost_of(std::size_t size) {
  const std::size_t chunks = (size + limits::piece_bytes_max - 1) / limits::piece_bytes_max;
  const std::size_t full = codec::varint_size(limits::piece_bytes_max + crypto::aead_tag_bytes);
  return {size + chunks * (full + crypto::aead_tag_bytes), chunks};  // the last length may be shorter
}

result<void> chunk_sealer::reserve(const cost& more) {
  if (finished_) return errc::invalid_argument;
  if (total_ > message_max_ || more.bytes > message_max_ - total_) return errc::message_too_large;
  if (chunks_ + more.chunks > limits::chunks_max) return errc::too_many_chunks;
  total_ += more.bytes;
  chunks_ += more.chunks;
  return {};
}

void chunk_sealer::put_chunks(crypto::aead_sequence& keys, bytes_view piece, bytes& out) {
  while (!piece.empty()) {
    const std::size_t part = std::min(piece.size(), limits::piece_bytes_max);
    codec::put_varint(out, part + crypto::aead_tag_bytes);
    put_sealed(keys, not_final, piece.first(part), out);
    piece = piece.subspan(part);
  }
}

result<void> chunk_sealer::piece(crypto::aead_sequence& keys, bytes_view piece, bytes& out) {
  if (form_ == form::whole) return errc::invalid_argument;
  result<void> room = reserve(cost_of(piece.size()));
  if (room) put_chunks(keys, piece, out);
  return room;
}

result<void> chunk_sealer::finish(crypto::aead_sequence& keys, bytes_view last, bytes& out) {
  const bool chunked = form_ == form::chunked;
  // What fits goes into the final chunk; what does not goes before it.
  const std::size_t before = chunked && last.size() > limits::piece_bytes_max
                                 ? (last.size() - 1) / limits::piece_bytes_max * limits::piece_bytes_max
                                 : 0;
  const cost front = cost_of(before);
  const std::size_t rest = last.size() - before + crypto::aead_tag_bytes + (chunked ? 1 : 0);
  result<void> room = reserve({front.bytes + rest, front.chunks + 1});
  if (!room) return room;
  put_chunks(keys, last.first(before), out);
  if (chunked) codec::put_varint(out, 0);
  put_sealed(keys, chunked ? final_aad : not_final, last.subspan(before), out);
  finished_ = true;
  return {};
}

std::size_t response_nonce_bytes(crypto::aead_id aead) {
  return std::max(crypto::aead_nonce_bytes, crypto::aead_key_bytes(aead));
}

// Plain HKDF from here on: no "HPKE-v1", no labels.
crypto::aead_sequence response_keys(crypto::aead_id aead, bytes_view exported, bytes_view enc,
                                    bytes_view nonce, crypto::aead_use use) {
  bytes salt = to_bytes(enc);
  append(salt, nonce);
  crypto::digest prk = crypto::hkdf_extract(salt, exported);
  bytes key(crypto::aead_key_bytes(aead));
  crypto::aead_nonce base{};
  crypto::hkdf_expand(prk, as_bytes("key"), key);
  crypto::hkdf_expand(prk, as_bytes("nonce"), base);
  crypto::aead_sequence keys(aead, key, base, use);
  wipe(prk.data(), prk.size());
  wipe(key.data(), key.size());
  return keys;
}

}  // namespace tp::e2ee
