#include "e2ee/envelope_v1.hpp"

#include <algorithm>
#include <string>

#include "base/assert.hpp"
#include "base/limits.hpp"
#include "codec/base64.hpp"
#include "codec/json.hpp"
#include "codec/utf8.hpp"
#include "crypto/aead.hpp"
#include "crypto/aes_cbc.hpp"

namespace tp::e2ee {

namespace {

using crypto::ct_mask;

constexpr std::size_t key_bytes = 32;
constexpr std::size_t key_text_bytes = 44;  // base64 of the key: double base64 is part of the wire
constexpr std::size_t gcm_iv_bytes = crypto::aead_nonce_bytes;

struct key_reading {
  ct_mask good = crypto::ct_no;
  secret_key key;
};

// The key of its strict base64, without a branch or a look-up that depends on a character.
key_reading read_key_text(const secret_key& text) {
  const bytes_view characters = text.reveal();
  TP_ASSERT(characters.size() == key_text_bytes);
  using crypto::ct_select, crypto::ct_within;
  std::uint32_t wrong = 0;
  std::uint32_t held = 0;
  bytes out;
  out.reserve(key_bytes);
  for (std::size_t i = 0; i + 1 < key_text_bytes; ++i) {
    const std::uint32_t c = characters[i];
    const ct_mask upper = ct_within(c, 'A', 'Z');
    const ct_mask lower = ct_within(c, 'a', 'z');
    const ct_mask number = ct_within(c, '0', '9');
    const ct_mask plus = crypto::ct_equal(c, '+');
    const ct_mask slash = crypto::ct_equal(c, '/');
    wrong |= ~(upper | lower | number | plus | slash);
    const std::uint32_t digit = (upper & (c - 'A')) | (lower & (c - 'a' + 26)) | (number & (c - '0' + 52)) |
                                (plus & 62) | (slash & 63);
    held = (held << 6 | digit) & 0xffffU;
    // After the digit number i, (i + 1) * 6 bits have come; a byte is whole when 8 of them are new.
    const std::size_t spare_bits = (i + 1) * 6 % 8;
    if (spare_bits != 6) out.push_back(static_cast<std::uint8_t>(held >> spare_bits));
  }
  wrong |= held & 3U;  // bits no encoder writes
  wrong |= characters[key_text_bytes - 1] ^ static_cast<std::uint32_t>('=');
  TP_ASSERT(out.size() == key_bytes);
  return {crypto::ct_is_zero(wrong), secret_key(std::move(out))};
}

struct unwrapped {
  ct_mask good = crypto::ct_no;
  ct_mask oaep = crypto::ct_no;
  secret_key key;  // always 32 bytes to go on with
};

unwrapped unwrap(bytes_view cipherkey, const crypto::rsa_key& rsa) {
  const crypto::rsa_readings readings = rsa.decrypt(cipherkey, key_text_bytes);
  const key_reading oaep = read_key_text(readings.oaep);
  const key_reading pkcs1 = read_key_text(readings.pkcs1);
  const ct_mask by_oaep = readings.oaep_good & oaep.good;
  const ct_mask by_pkcs1 = readings.pkcs1_good & pkcs1.good & ~by_oaep;
  bytes key = to_bytes(readings.rejected.reveal());
  crypto::ct_replace(by_pkcs1, pkcs1.key.reveal(), key);
  crypto::ct_replace(by_oaep, oaep.key.reveal(), key);
  return {by_oaep | by_pkcs1, by_oaep, secret_key(std::move(key))};
}

struct deciphered {
  ct_mask good = crypto::ct_no;
  plaintext content;
};

// Sizes are public, but what they make impossible is deciphered like the rest.
deciphered decipher_cbc(const v1_envelope& from, const secret_key& key) {
  static constexpr crypto::aes_block one_block{};
  const std::size_t odd_bytes = from.ciphertext.size() % crypto::aes_block_bytes;
  bytes_view blocks = bytes_view(from.ciphertext).first(from.ciphertext.size() - odd_bytes);
  const bool sizes = !blocks.empty() && odd_bytes == 0 && from.iv.size() == crypto::aes_block_bytes &&
                     from.tag.empty() && from.associated_data.empty();
  if (blocks.empty()) blocks = one_block;
  crypto::aes_block iv{};
  if (sizes) std::ranges::copy(from.iv, iv.begin());
  bytes out(blocks.size());
  crypto::aes_256_cbc_decipher(key.reveal(), iv, blocks, out);
  const crypto::pkcs7_reading padding = crypto::read_pkcs7(out);
  const std::size_t size = out.size() - padding.padding_bytes;
  wipe(out.data() + size, out.size() - size);
  out.resize(size);
  return {padding.good & (sizes ? crypto::ct_yes : crypto::ct_no), plaintext(std::move(out))};
}

deciphered decipher_gcm(const v1_envelope& from, const secret_key& key) {
  const bool sizes = from.iv.size() == gcm_iv_bytes && from.tag.size() == crypto::aead_tag_bytes;
  crypto::aead_nonce nonce{};
  if (sizes) std::ranges::copy(from.iv, nonce.begin());
  bytes sealed = from.ciphertext;
  bytes tag = from.tag;
  tag.resize(crypto::aead_tag_bytes);
  append(sealed, tag);
  bytes out(from.ciphertext.size());
  crypto::aead_key aead(crypto::aead_id::aes_256_gcm, key.reveal(), crypto::aead_use::open);
  const bool authentic = aead.open(nonce, from.associated_data, sealed, out).has_value();
  return {sizes && authentic ? crypto::ct_yes : crypto::ct_no, plaintext(std::move(out))};
}

// Looks at the content whatever became of the padding: else the time would tell it.
result<plaintext> open_content(const v1_envelope& from, const secret_key& key, ct_mask good,
                               v1_content kind) {
  deciphered content = from.mode == v1_mode::cbc ? decipher_cbc(from, key) : decipher_gcm(from, key);
  const std::string_view text = content.content.reveal_text();
  const bool fits = kind == v1_content::json ? codec::parse_json(text).has_value() : codec::valid_utf8(text);
  const ct_mask all = good & content.good & (fits ? crypto::ct_yes : crypto::ct_no);
  if (all == crypto::ct_no) return errc::decrypt_failed;
  return std::move(content.content);
}

result<v1_envelope> seal_content(const plaintext& content, const secret_key& key, v1_mode mode,
                                 bytes_view associated_data, random_source& random) {
  if (content.size() > limits::v1_answer_bytes_max - crypto::aes_block_bytes) return errc::message_too_large;
  v1_envelope out;
  out.mode = mode;
  if (mode == v1_mode::cbc) {
    crypto::aes_block iv{};
    random.fill(iv);
    out.iv = to_bytes(bytes_view(iv));
    out.ciphertext = crypto::aes_256_cbc_seal(key.reveal(), iv, content.reveal());
    return out;
  }
  crypto::aead_nonce nonce{};
  random.fill(nonce);
  out.iv = to_bytes(bytes_view(nonce));
  out.associated_data = to_bytes(associated_data);
  bytes sealed(content.size() + crypto::aead_tag_bytes);
  crypto::aead_key aead(crypto::aead_id::aes_256_gcm, key.reveal(), crypto::aead_use::seal);
  aead.seal(nonce, associated_data, content.reveal(), sealed);
  out.tag.assign(sealed.end() - crypto::aead_tag_bytes, sealed.end());
  sealed.resize(content.size());
  out.ciphertext = std::move(sealed);
  return out;
}

secret_key draw_key(random_source& random) {
  bytes key(key_bytes);
  random.fill(key);
  return secret_key(std::move(key));
}

result<bytes> wrap(const secret_key& key, const crypto::rsa_public_key& rsa, crypto::rsa_padding padding) {
  std::string text = codec::base64_encode(key.reveal());
  result<bytes> wrapped = rsa.encrypt(padding, as_bytes(text));
  wipe(text.data(), text.size());
  return wrapped;
}

}  // namespace

result<v1_opened> open_v1(const v1_envelope& envelope, const crypto::rsa_key& key, v1_content content) {
  const unwrapped session = unwrap(envelope.cipherkey, key);
  result<plaintext> opened = open_content(envelope, session.key, session.good, content);
  if (!opened) return opened.error();
  const auto padding =
      session.oaep == crypto::ct_yes ? crypto::rsa_padding::oaep : crypto::rsa_padding::pkcs1;
  return v1_opened{std::move(*opened), padding, envelope.mode};
}

result<v1_envelope> seal_v1(const plaintext& content, const crypto::rsa_public_key& key,
                            const v1_sealing& sealing, random_source& random) {
  result<v1_stream_sealer> once = v1_stream_sealer::make(key, sealing, random);
  if (!once) return once.error();
  return once->chunk(content);
}

v1_stream_sealer::v1_stream_sealer(secret_key key, bytes cipherkey, const v1_sealing& sealing,
                                   random_source& random)
    : key_(std::move(key)),
      cipherkey_(std::move(cipherkey)),
      mode_(sealing.mode),
      associated_data_(to_bytes(sealing.associated_data)),
      random_(&random) {}

result<v1_stream_sealer> v1_stream_sealer::make(const crypto::rsa_public_key& key, const v1_sealing& sealing,
                                                random_source& random) {
  TP_ASSERT(sealing.mode == v1_mode::gcm || sealing.associated_data.empty());
  if (sealing.associated_data.size() > limits::v1_associated_data_max) return errc::too_large;
  secret_key session = draw_key(random);
  result<bytes> cipherkey = wrap(session, key, sealing.padding);
  if (!cipherkey) return cipherkey.error();
  return v1_stream_sealer(std::move(session), std::move(*cipherkey), sealing, random);
}

result<v1_envelope> v1_stream_sealer::chunk(const plaintext& content) {
  if (chunks_ == limits::chunks_max) return errc::too_many_chunks;
  result<v1_envelope> sealed = seal_content(content, key_, mode_, associated_data_, *random_);
  if (!sealed) return sealed;
  ++chunks_;
  sealed->cipherkey = std::exchange(cipherkey_, {});
  return sealed;
}

result<plaintext> v1_stream_opener::open(const v1_envelope& chunk) {
  if (failed_) return errc::decrypt_failed;
  if (chunks_ == limits::chunks_max) return errc::too_many_chunks;
  result<plaintext> opened = open_next(chunk);
  failed_ = opened.has_error();
  ++chunks_;
  return opened;
}

result<plaintext> v1_stream_opener::open_next(const v1_envelope& chunk) {
  if (chunks_ == 0) {
    unwrapped session = unwrap(chunk.cipherkey, key_);
    result<plaintext> opened = open_content(chunk, session.key, session.good, content_);
    session_ = std::move(session.key);
    mode_ = chunk.mode;
    associated_data_ = chunk.associated_data;
    return opened;
  }
  const bool same = chunk.cipherkey.empty() && chunk.mode == mode_ &&
                    (chunk.associated_data.empty() || chunk.associated_data == associated_data_);
  if (!same) return errc::decrypt_failed;
  if (chunk.associated_data == associated_data_)
    return open_content(chunk, session_, crypto::ct_yes, content_);
  v1_envelope completed = chunk;  // a later chunk need not repeat what the first one said
  completed.associated_data = associated_data_;
  return open_content(completed, session_, crypto::ct_yes, content_);
}

}  // namespace tp::e2ee
