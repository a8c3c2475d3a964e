// What an authentic envelope may hold and still be wrong: each answer is sealed, and is the one that E2EE
// section 9 names for it. Nothing of it reaches the engine.
#include "codec/http_date.hpp"
#include "codec/varint.hpp"
#include "e2ee/seal.hpp"
#include "scenario/raw_client.hpp"

namespace tp::scenario {
namespace {

using e2ee::form;

constexpr std::string_view content = R"({"model":"mock-model","messages":[{"role":"user","content":"hi"}]})";

struct line {
  std::string name, value;
};

// A request as its bytes, right or wrong. What is not set is right.
struct message {
  std::uint64_t framing = 0;
  std::string method = "POST", scheme = "https", authority = "node.token.place";
  std::string path = "/v1/chat/completions";
  std::vector<line> fields{};  // besides a date that is now, unless `date` says otherwise
  std::optional<std::string> date{};
  std::string body{content};
  std::vector<line> trailers{};
  std::string padding = std::string(3, '\0');
  std::size_t cut = 0;  // bytes taken away from the end
};

class writer {
 public:
  explicit writer(const message& of) : known_(of.framing != 2) {
    number(of.framing);
    for (const std::string* part : {&of.method, &of.scheme, &of.authority, &of.path}) text(*part);
    section(of.fields);
    text(of.body);
    if (!known_) number(0);
    section(of.trailers);
    out_ += of.padding;
    out_.resize(out_.size() - of.cut);
  }
  const std::string& out() const { return out_; }

 private:
  void number(std::uint64_t value) {
    bytes encoded;
    codec::put_varint(encoded, value);
    out_ += as_chars(encoded);
  }
  void text(std::string_view value) {
    number(value.size());
    out_ += value;
  }
  void section(const std::vector<line>& lines) {
    std::string before = std::exchange(out_, {});
    for (const line& each : lines) {
      text(each.name);
      text(each.value);
    }
    const std::string inside = std::exchange(out_, std::move(before));
    if (known_) return text(inside);
    out_ += inside;
    number(0);
  }

  bool known_;
  std::string out_;
};

struct sealed_answer {
  int status = 0;
  std::string code, type, problem;
  bool dated = false;
};

class bhttp_breaches : public house {
 protected:
  // Seals these bytes, posts them and opens the answer; `spoilt`: the last byte of the envelope is changed.
  raw_answer post(form how, std::string_view inside, std::optional<e2ee::response_opener>& opener,
                  std::size_t spoilt = 0) {
    const auto entry = run(client().nodes.recent_one(first().peer(), async::deadline::after(10s)));
    const auto key = e2ee::choose_key(entry->record.fields().ohttp_keys);
    auto sealed = e2ee::seal_request(*key, how, plaintext(as_bytes(inside)), client().own.random);
    EXPECT_TRUE(sealed.has_value());
    if (spoilt > 0) sealed->body.back() ^= 1U;
    opener.emplace(std::move(sealed->answer));
    raw_client one(loop, relay_->port());
    one.send("POST " + raw_path() +
             " HTTP/1.1\r\nHost: relay\r\nContent-Type: " + std::string(e2ee::request_media_type(how)) +
             "\r\nContent-Length: " + std::to_string(sealed->body.size()) + "\r\n\r\n" +
             std::string(as_chars(sealed->body)));
    return one.answer();
  }
  std::string raw_path() { return "/api/v2/nodes/" + first().peer().text() + "/ohttp"; }

  sealed_answer ask(form how, std::string_view inside) {
    std::optional<e2ee::response_opener> opener;
    const raw_answer outer = post(how, inside, opener);
    EXPECT_EQ(outer.status, 200) << "what is wrong inside is not said outside";
    EXPECT_EQ(outer.fields.find("content-type"), e2ee::response_media_type(how));
    codec::bhttp_response_decoder decoder;
    std::string body;
    const e2ee::piece_sink on_piece = [&](bytes_view piece) {
      const auto read = decoder.push(piece, [&](bytes_view part) { body += as_chars(part); });
      EXPECT_TRUE(read.has_value());
    };
    const auto pushed = opener->push(as_bytes(outer.body), on_piece);
    const auto ended = opener->end(on_piece);
    const auto finished = decoder.finish();
    EXPECT_TRUE(pushed && ended && finished) << "the answer opens and is whole";
    if (decoder.head() == nullptr) return {};
    return read(*decoder.head(), body);
  }

  static sealed_answer read(const codec::bhttp_response& head, const std::string& body) {
    sealed_answer out{.status = head.status, .code = "none", .type = {}, .problem = {}};
    out.type = head.fields.find("content-type").value_or("");
    out.dated = head.fields.find("date").has_value();
    const auto parsed = codec::parse_json(body);
    if (!parsed || !parsed->is_object()) return out;
    const json::object& all = parsed->get_object();
    if (const auto* problem = codec::find_string(all, "type")) out.problem = codec::text_of(*problem);
    const json::object* error = codec::find_object(all, "error");
    if (error == nullptr) return out;
    if (const auto* code = codec::find_string(*error, "code")) out.code = codec::text_of(*code);
    const auto* kind = codec::find_string(*error, "type");
    EXPECT_TRUE(kind != nullptr && codec::text_of(*kind) == "invalid_request_error");
    return out;
  }

  std::string now(std::chrono::seconds shift = 0s) {
    return codec::http_date(client().own.clock.unix_now() + shift.count());
  }
  std::string encode(message of) {
    if (!of.date || !of.date->empty()) of.fields.push_back({"date", of.date.value_or(now())});
    return writer(of).out();
  }
};

struct row {
  const char* what;
  message sent;
};

std::vector<row> malformed() {
  const message open{.framing = 2, .padding = {}};
  const auto open_cut = [&](std::size_t bytes_less) {
    message out = open;
    out.cut = bytes_less;
    return out;
  };
  const std::size_t tail = content.size() + 2;  // content with its length, in part, and the empty trailers
  return {
      {"a response's framing", {.framing = 1}},
      {"an unknown framing", {.framing = 4}},
      {"nothing at all", {.padding = {}, .cut = writer(message{.padding = {}}).out().size()}},
      {"an end inside the content", {.padding = {}, .cut = 5}},
      {"an end inside the open content", open_cut(5)},
      {"open content without its zero", open_cut(2)},
      {"open fields without their zero", open_cut(tail + 3)},
      {"no method", {.method = ""}},
      {"a method that is no token", {.method = "PO ST"}},
      {"a long method", {.method = std::string(33, 'A')}},
      {"a scheme that is none", {.scheme = "1https"}},
      {"an authority with a user", {.authority = "me@node.token.place"}},
      {"a long authority", {.authority = std::string(256, 'a')}},
      {"a path without its slash", {.path = "v1/chat/completions"}},
      {"a path with a fragment", {.path = "/v1/chat/completions#a"}},
      {"a path with a blank", {.path = "/v1/chat completions"}},
      {"a long path", {.path = "/" + std::string(2'048, 'a')}},
      {"a pseudo-field", {.fields = {{":path", "/v1/models"}}}},
      {"a name with a blank", {.fields = {{"a b", "c"}}}},
      {"a line feed in a value", {.fields = {{"a", "b\nc: d"}}}},
      {"a zero in a value", {.fields = {{"a", std::string("b\0c", 3)}}}},
      {"a blank around a value", {.fields = {{"a", " b"}}}},
      {"a trailer that is none", {.trailers = {{"a", "b\r\n"}}}},
      {"padding that is not zero", {.padding = std::string("\0\0x", 3)}},
      {"a length that is not the content's", {.fields = {{"content-length", "1"}}}},
      {"a length in words", {.fields = {{"content-length", "many"}}}},
      {"a length with a sign", {.fields = {{"content-length", "+66"}}}},
  };
}

TEST_F(bhttp_breaches, are_answered_sealed_as_bhttp_invalid) {
  furnish();
  for (const form how : {form::chunked, form::whole}) {
    for (const row& each : malformed()) {
      const sealed_answer out = ask(how, encode(each.sent));
      EXPECT_EQ(out.status, 400) << each.what;
      EXPECT_EQ(out.code, "bhttp_invalid") << each.what;
      EXPECT_EQ(out.type, "application/json") << each.what;
      EXPECT_TRUE(out.dated) << each.what;
    }
  }
  EXPECT_EQ(first().engine().calls(), 0U);
  EXPECT_EQ(first().own.metric("token_place_node_envelopes_refused_total"), 0) << "each was authentic";
  EXPECT_TRUE(still_works());
}

TEST_F(bhttp_breaches, of_measure_are_headers_too_large) {
  furnish();
  const std::vector<line> many(101, line{"a", "b"});
  const std::vector<line> long_one{{"a", std::string(limits::bhttp_section_bytes_max, 'b')}};
  const message rows[] = {{.fields = many}, {.fields = long_one}, {.trailers = many}, {.trailers = long_one}};
  for (const message& each : rows) {
    for (const std::uint64_t framing : {0U, 2U}) {
      message sent = each;
      sent.framing = framing;
      const sealed_answer out = ask(form::chunked, encode(std::move(sent)));
      EXPECT_EQ(out.status, 431);
      EXPECT_EQ(out.code, "headers_too_large");
    }
  }
  EXPECT_EQ(first().engine().calls(), 0U);
  EXPECT_TRUE(still_works());
}

TEST_F(bhttp_breaches, of_address_date_and_route_have_their_own_answers) {
  furnish();
  const std::string other =
      codec::peer_id::from_public_key(crypto::ed25519_key::generate(client().own.random).public_key()).text();
  struct refused {
    const char* what;
    message sent;
    int status;
    std::string_view code;
  };
  const std::string name = "node.token.place", path = "/v1/chat/completions";
  const refused rows[] = {
      {"another authority", {.authority = "other.example"}, 421, "misdirected_request"},
      {"an authority with a port", {.authority = name + ":443"}, 421, "misdirected_request"},
      {"no authority and no host", {.authority = ""}, 421, "misdirected_request"},
      {"two hosts",
       {.authority = "", .fields = {{"host", name}, {"host", name}}},
       421,
       "misdirected_request"},
      {"a host that disagrees", {.fields = {{"host", "other.example"}}}, 421, "misdirected_request"},
      {"another scheme", {.scheme = "http"}, 421, "misdirected_request"},
      {"sealed to another", {.fields = {{"sealed-to", other}}}, 421, "misdirected_request"},
      {"sealed to two",
       {.fields = {{"sealed-to", first().peer().text()}, {"sealed-to", other}}},
       421,
       "misdirected_request"},
      {"another authority, no date", {.authority = "other.example", .date = ""}, 421, "misdirected_request"},
      {"no date", {.date = ""}, 400, "date_invalid"},
      {"two dates", {.fields = {{"date", now()}}}, 400, "date_invalid"},
      {"another form of date", {.date = "2026-01-01T00:00:00Z"}, 400, "date_invalid"},
      {"a wrong weekday", {.date = "Mon, 06 Nov 1994 08:49:37 GMT"}, 400, "date_invalid"},
      {"long ago", {.date = now(-310s)}, 400, "date_out_of_window"},
      {"not yet", {.date = now(310s)}, 400, "date_out_of_window"},
      {"long ago, and an expectation",
       {.fields = {{"expect", "x"}}, .date = now(-310s)},
       400,
       "date_out_of_window"},
      {"an expectation", {.fields = {{"expect", "100-continue"}}}, 417, "expectation_failed"},
      {"an expectation, nowhere", {.path = "/x", .fields = {{"expect", "x"}}}, 417, "expectation_failed"},
      {"no such route", {.path = "/v1/nothing"}, 404, "not_found"},
      {"a route with dots, read as a model's name",
       {.path = "/v1/models/../chat/completions"},
       405,
       "method_not_allowed"},
      {"an encoded route", {.path = "/v1/chat%2fcompletions"}, 404, "not_found"},
      {"a route with a slash more", {.path = path + "/"}, 404, "not_found"},
      {"the relay's route", {.path = "/healthz"}, 404, "not_found"},
      {"another method", {.method = "GET"}, 405, "method_not_allowed"},
      {"an unknown method", {.method = "BREW"}, 405, "method_not_allowed"},
      {"a method in small letters", {.method = "post"}, 405, "method_not_allowed"},
  };
  for (const form how : {form::chunked, form::whole}) {
    for (const refused& each : rows) {
      const sealed_answer out = ask(how, encode(each.sent));
      EXPECT_EQ(out.status, each.status) << each.what;
      EXPECT_EQ(out.code, each.code) << each.what;
      EXPECT_TRUE(out.dated) << each.what;
      const bool about_date = each.code.starts_with("date_");
      EXPECT_EQ(out.type, about_date ? "application/problem+json" : "application/json") << each.what;
      EXPECT_EQ(out.problem, about_date ? "https://iana.org/assignments/http-problem-types#date" : "")
          << each.what;
    }
  }
  EXPECT_EQ(first().engine().calls(), 0U);
  EXPECT_EQ(first().own.metric("token_place_node_envelopes_refused_total"), 0);
  EXPECT_TRUE(still_works());
}

TEST_F(bhttp_breaches, do_not_include_what_stock_clients_may_send) {
  furnish();
  const std::string name = "node.token.place";
  const message rows[] = {
      {},
      {.framing = 2},
      {.scheme = "HTTPS"},
      {.authority = "", .fields = {{"Host", name}}},
      {.path = "/v1/chat/completions?a=b"},
      {.fields = {{"Connection", "close"}, {"Transfer-Encoding", "chunked"}, {"TE", "trailers"}}},
      {.fields = {{"Content-Length", std::to_string(content.size())}}},
      {.trailers = {{"a", "b"}}},
      {.padding = {}, .cut = 1},  // without its empty trailer section
      {.padding = std::string(5'000, '\0')},
      {.date = now(-290s)},
  };
  std::size_t calls = 0;
  for (const form how : {form::chunked, form::whole}) {
    for (const message& each : rows) {
      const sealed_answer out = ask(how, encode(each));
      EXPECT_EQ(out.status, 200) << calls;
      EXPECT_EQ(first().engine().calls(), ++calls);
    }
  }
}

TEST_F(bhttp_breaches, are_not_said_of_an_envelope_that_is_not_authentic) {
  furnish();
  for (const form how : {form::chunked, form::whole}) {
    std::optional<e2ee::response_opener> unused;
    const raw_answer out = post(how, encode({.framing = 9}), unused, 1);
    EXPECT_EQ(out.status, 400);
    EXPECT_EQ(out.code(), "envelope_invalid");
  }
  EXPECT_TRUE(still_works());
}

}  // namespace
}  // namespace tp::scenario
