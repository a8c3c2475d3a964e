#include "base/secret.hpp"

#include <cstring>
#include <ostream>

namespace tp {

void wipe(void* data, std::size_t size) noexcept {
  if (size == 0) return;
  std::memset(data, 0, size);
  __asm__ __volatile__("" : : "r"(data) : "memory");
}

template <class Tag>
void unprintable<Tag>::print_size(std::size_t size, std::ostream* out) {
  *out << "[" << size << " secret bytes]";
}

template class unprintable<plaintext_tag>;
template class unprintable<ciphertext_tag>;
template class unprintable<secret_key_tag>;

}  // namespace tp
