#include "scenario/house.hpp"

#include <cstdlib>

#include "codec/json.hpp"
#include "crypto/ed25519.hpp"

namespace tp::scenario {

namespace {

crypto::ed25519_key key_of(std::uint64_t number) {
  seeded_random random(number * 7'919);
  return crypto::ed25519_key::generate(random);
}

std::filesystem::path new_folder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "tp-scenario-XXXXXX").string();
  return ::mkdtemp(pattern.data());
}

void run_to_end(asio::io_context& loop, const async::task_scope& tasks) {
  while (tasks.live() > 0) {
    loop.restart();
    loop.run_one();
  }
}

codec::url local(std::uint16_t port) { return *codec::parse_url("http://127.0.0.1:" + std::to_string(port)); }

std::string chat_body(const client_place::wish& of) {
  json::object message{{"role", "user"}, {"content", of.says}};
  json::object body{{"model", engine::mock_model_id}, {"stream", of.stream}};
  body["messages"] = json::array{std::move(message)};
  return codec::to_text(body);
}

}  // namespace

std::int64_t program_services::metric(const std::string& name) const {
  const std::string text = "\n" + meters.prometheus_text();
  const std::size_t at = text.find("\n" + name + " ");
  return at == std::string::npos ? -1 : std::strtoll(text.c_str() + at + name.size() + 2, nullptr, 10);
}

relay_place::relay_place(asio::io_context& loop, relay::settings config, std::uint64_t seed)
    : own(seed), loop_(loop), tasks_(loop.get_executor()) {
  auto made = relay::relay::open(loop.get_executor(), std::move(config), key_of(seed), own.with);
  EXPECT_TRUE(made.has_value());
  running_ = std::move(*made);
  port_ = running_->port();
  tasks_.spawn([](relay::relay* of) { return of->run(); }, running_.get());
}

relay_place::~relay_place() { kill(); }

codec::url relay_place::url() const { return local(port_); }

void relay_place::drain() {
  tasks_.spawn([](relay::relay* of) { return of->drain(); }, running_.get());
}

void relay_place::kill() {
  tasks_.cancel();
  run_to_end(loop_, tasks_);
}

node_place::node_place(asio::io_context& loop, node_plan plan, codec::url relay, std::uint64_t seed)
    : own(seed), loop_(loop), folder_(new_folder()), tasks_(loop.get_executor()) {
  engine::mock_settings how;
  if (!plan.script.empty()) how.rules = *engine::parse_mock_script(plan.script);
  how.silence_time = plan.engine_silence;
  auto model = std::make_unique<engine::mock>(std::move(how), own.with);
  engine_ = model.get();
  std::unique_ptr<engine::engine> chosen = std::move(model);
  if (plan.model) chosen = std::move(plan.model);
  node::settings config;
  config.relays = std::move(plan.more_relays);
  config.relays.insert(config.relays.begin(), std::move(relay));
  config.name = plan.name;
  config.port = 0;
  config.concurrency = plan.concurrency;
  config.queue = plan.queue;
  config.state_dir = folder_;
  config.time = plan.time;
  config.api_key = secret_key(as_bytes(plan.api_key));
  config.api_key_for = plan.api_key_for;
  auto made = node::node::open(loop.get_executor(), std::move(config), key_of(plan.identity),
                               std::move(chosen), own.with);
  EXPECT_TRUE(made.has_value());
  running_ = std::move(*made);
  tasks_.spawn(
      [](node::node* of) -> asio::awaitable<void> {
        const auto ended = co_await of->run();
        EXPECT_TRUE(ended.has_value());
      },
      running_.get());
}

node_place::~node_place() {
  kill();
  running_.reset();
  std::filesystem::remove_all(folder_);
}

void node_place::drain() {
  tasks_.spawn([](node::node* of) { return of->drain(); }, running_.get());
}

void node_place::kill() {
  tasks_.cancel();
  run_to_end(loop_, tasks_);
}

std::string chat::code() const {
  const auto parsed = codec::parse_json(text);
  if (!parsed || !parsed->is_object()) return "not JSON";
  const json::object* inner = codec::find_object(parsed->get_object(), "error");
  const json::string* found = inner == nullptr ? nullptr : codec::find_string(*inner, "code");
  return found == nullptr ? "none" : std::string(codec::text_of(*found));
}

client_place::client_place(asio::io_context& loop, codec::url relay, std::uint64_t seed)
    : own(seed),
      http(loop.get_executor(), std::move(relay), nullptr, own.with),
      nodes(http, known, own.with),
      calls(http, nodes, own.with),
      loop_(loop),
      tasks_(loop.get_executor()) {}

client_place::~client_place() {
  tasks_.cancel();
  run_to_end(loop_, tasks_);
}

std::shared_ptr<chat> client_place::start(wish of) {
  auto out = std::make_shared<chat>();
  client::call_request request;
  request.target = "/v1/chat/completions";
  request.fields = {{"content-type", "application/json"}};
  if (!of.authorization.empty()) EXPECT_TRUE(request.fields.add("authorization", of.authorization));
  if (of.path.empty()) {
    request.body = plaintext(as_bytes(chat_body(of)));
  } else {
    request.method = "GET";
    request.target = of.path;
  }
  client::call_wish to{of.pin ? std::string() : std::string(engine::mock_model_id), of.pin};
  tasks_.spawn(
      [](client_place* self, std::shared_ptr<chat> into, client::call_request what, client::call_wish whom) {
        return self->run(std::move(into), std::move(what), std::move(whom));
      },
      this, out, std::move(request), std::move(to));
  return out;
}

asio::awaitable<void> client_place::run(std::shared_ptr<chat> out, client::call_request request,
                                        client::call_wish to) {
  const async::deadline end = async::deadline::after(30s);
  auto answer = co_await calls.call(std::move(request), std::move(to), end);
  if (!answer) {
    out->error = to_errc(answer.error());
    out->done = true;
    co_return;
  }
  out->answer = std::move(*answer);
  out->origin = out->answer->origin();
  out->status = out->answer->status();
  out->fields = out->answer->fields();
  out->node = out->answer->node();
  out->begun = true;
  for (;;) {
    const auto piece = co_await out->answer->read();
    if (!piece) out->error = to_errc(piece.error());
    if (!piece || piece->empty()) break;
    out->text.append(piece->reveal_text());
    ++out->pieces;
  }
  out->answer.reset();
  out->done = true;
}

bytes client_place::seal(const codec::peer_id& node, std::string_view body) {
  const auto entry = async::run(loop_, nodes.fetch_one(node, async::deadline::after(10s)));
  if (!entry) return {};
  client::call_request request;
  request.target = "/v1/chat/completions";
  request.fields = {{"content-type", "application/json"}};
  request.body = plaintext(as_bytes(body));
  codec::bhttp_request message = client::to_message(std::move(request));
  auto sealed = client::seal_for(entry->record, message, own.clock.unix_now(), own.random);
  return sealed ? std::move(sealed->body) : bytes();
}

house::~house() {
  clients_.clear();
  nodes_.clear();
  relay_.reset();
}

relay::settings house::quick_relay() {
  relay::settings config;
  config.port = 0;
  config.time.sweep = 10ms;
  config.time.drain = 5s;
  return config;
}

relay_place& house::open_relay(relay::settings config) {
  relay_ = std::make_unique<relay_place>(loop, std::move(config), ++seed_);
  return *relay_;
}

node_place& house::add_node(node_plan plan) {
  node_place& made = nodes_.emplace_back(loop, std::move(plan), relay_->url(), ++seed_);
  EXPECT_TRUE(until([&] { return made.serving(); }));
  return made;
}

client_place& house::add_client() { return clients_.emplace_back(loop, relay_->url(), ++seed_); }

void house::furnish(node_plan plan, relay::settings config) {
  open_relay(std::move(config));
  add_node(std::move(plan));
  add_client();
}

bool house::until(const std::function<bool()>& holds, std::chrono::milliseconds within) {
  const auto end = std::chrono::steady_clock::now() + within;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    loop.restart();
    loop.run_one_for(20ms);
  }
  return true;
}

std::shared_ptr<chat> house::talk(client_place::wish of) {
  auto made = client().start(std::move(of));
  EXPECT_TRUE(until([&] { return made->done; }));
  return made;
}

bool house::still_works() {
  client_place& fresh = add_client();
  const auto made = fresh.start();
  return until([&] { return made->done; }) && made->error == errc::ok && made->status == 200 &&
         made->has("[DONE]");
}

}  // namespace tp::scenario
