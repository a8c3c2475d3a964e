// multistream-select 1.0.0: which protocol a stream (or a raw connection) speaks. Each message is an unsigned
// varint length, a text and "\n". Two machines without a socket; owner: the stream they negotiate for.
// Refuses: messages over limits::multistream_message_max, more than multistream_tries_max proposals, no
// header.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/error.hpp"

namespace tp::p2p {

// Header and proposal in one flight: what an initiator sends. An accepting peer answers with the same bytes.
// `protocol` is ours, at most 1,023 characters.
bytes multistream_proposal(std::string_view protocol);

class multistream_initiator {
 public:
  multistream_initiator() = default;
  // `proposal` is multistream_proposal() and must outlive the machine.
  explicit multistream_initiator(bytes_view proposal) : expected_(proposal) {}

  // Takes bytes of the answer and says how many; what follows the answer is the protocol's own and is not
  // taken. multistream_rejected: "na" or anything else.
  result<std::size_t> on_bytes(bytes_view input);
  bool accepted() const noexcept { return matched_ == expected_.size(); }

 private:
  bytes_view expected_;
  std::size_t matched_ = 0;
};

class multistream_listener {
 public:
  struct step {
    std::size_t used = 0;                 // bytes taken; all of the input unless a protocol was accepted
    std::optional<std::size_t> accepted;  // index into `offered`
  };
  // Appends what to send to `answer`. multistream_rejected: malformed, or too many proposals.
  result<step> on_bytes(bytes_view input, std::span<const std::string> offered, bytes& answer);

 private:
  result<std::optional<std::size_t>> on_message(std::string_view text, std::span<const std::string> offered,
                                                bytes& answer);
  bytes partial_;
  std::uint8_t proposals_ = 0;
  bool header_seen_ = false;
};

}  // namespace tp::p2p
