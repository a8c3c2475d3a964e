// E2EE section 7, "Request": whom it is for, when it was made, where it goes.
#include <algorithm>

#include "base/limits.hpp"
#include "codec/http_date.hpp"
#include "e2ee/open.hpp"

namespace tp::e2ee {

namespace {

bool is_https(std::string_view scheme) { return codec::same_name(scheme, "https"); }

bool every_field_is(const codec::http_fields& fields, std::string_view name, std::string_view wanted) {
  for (std::size_t i = 0; i < fields.size(); ++i)
    if (codec::same_name(fields[i].name, name) && fields[i].value != wanted) return false;
  return true;
}

bool is_for(const codec::bhttp_request& request, const codec::peer_id& self) {
  if (!is_https(request.scheme)) return false;
  const bool named =
      request.authority.empty() ? request.fields.count("host") == 1 : request.authority == sealed_authority;
  return named && every_field_is(request.fields, "host", sealed_authority) &&
         every_field_is(request.fields, "sealed-to", self.text());
}

bool leads(const route& known, std::string_view path) {
  if (!known.path.ends_with('/')) return path == known.path;
  return path.size() > known.path.size() && path.starts_with(known.path);
}

}  // namespace

result<unix_seconds> check_addressee_and_date(const codec::bhttp_request& request,
                                              const request_policy& policy) {
  if (!is_for(request, policy.self)) return errc::misdirected;
  if (request.fields.count("date") != 1) return errc::date_invalid;
  const result<unix_seconds> date = codec::parse_http_date(*request.fields.find("date"));
  if (!date) return errc::date_invalid;
  const unix_seconds distance = policy.now > *date ? policy.now - *date : *date - policy.now;
  if (distance > limits::date_window_s) return errc::date_out_of_window;
  return date;
}

result<void> check_route(const codec::bhttp_request& request, const request_policy& policy) {
  if (request.fields.count("expect") > 0) return errc::expectation_failed;
  const std::string_view path = std::string_view(request.path).substr(0, request.path.find('?'));
  const auto same_path = [path](const route& r) { return leads(r, path); };
  if (std::ranges::none_of(policy.routes, same_path)) return errc::not_found;
  const auto same = [&](const route& r) { return leads(r, path) && r.method == request.method; };
  if (std::ranges::none_of(policy.routes, same)) return errc::method_not_allowed;
  return {};
}

result<void> check_sealed_request(const codec::bhttp_request& request, const request_policy& policy) {
  const result<unix_seconds> date = check_addressee_and_date(request, policy);
  if (!date) return date.error();
  return check_route(request, policy);
}

}  // namespace tp::e2ee
