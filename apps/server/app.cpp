#include "server/app.hpp"

#include <cstdio>

namespace tp::server_app {

int run(const config::settings&, const config::environment&) {
  std::fputs("tokenplace-server: the composition is not written yet\n", stderr);
  return 1;
}

}  // namespace tp::server_app
