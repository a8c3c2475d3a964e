// One call from its arrival: waits for a slot, asks the engine, keeps the caller's answer alive meanwhile,
// passes the engine's on (E2EE section 7, "Response"). The engine is read one piece ahead in a task of its
// own, so that the writer can also watch its clock. A local of the call's coroutine; event loop thread only.
// run() joins everything before it returns; cancelling it aborts the engine's work.
#pragma once

#include <memory>
#include <optional>

#include "async/deadline.hpp"
#include "async/event.hpp"
#include "async/task_scope.hpp"
#include "engine/engine.hpp"
#include "node/admission.hpp"
#include "node/answer_sink.hpp"
#include "node/meters.hpp"
#include "node/settings.hpp"
#include "openai/error_answer.hpp"
#include "openai/payload.hpp"

namespace tp::node {

// Fields with this content type; application/octet-stream if the engine's own is no sound field.
codec::http_fields typed(std::string_view content_type);

// An error's Content-Type, and Retry-After where it has one.
codec::http_fields fields_of(const openai::api_error& error);

// An error as a whole answer.
async::task<void> send_error(answer_sink& to, const openai::api_error& error);

class call_run {
 public:
  call_run(const asio::any_io_executor& executor, engine::engine& model, admission& gate,
           const openai::request_facts& facts, answer_sink& to, const times& time, meters& count);

  // Ok when the caller got an answer, be it an error; else why the answer was cut.
  async::task<void> run(engine::engine_request request, async::deadline until);

 private:
  asio::awaitable<void> ask(engine::engine_request request, async::deadline until);
  async::task<void> answer();
  async::task<void> wait_for(std::chrono::milliseconds patience);
  async::task<void> wait_for_head();
  async::task<void> pass_whole();
  async::task<void> pass_stream();
  async::task<void> keep_alive();
  std::chrono::milliseconds patience() const;
  async::task<void> fail(const openai::api_error& error);
  async::task<void> begin();
  async::task<std::optional<plaintext>> next_piece(std::chrono::milliseconds patience);

  asio::any_io_executor executor_;
  engine::engine& engine_;
  admission& gate_;
  openai::request_facts facts_;
  openai::answer_fixer fixer_;
  answer_sink& to_;
  const times& time_;
  meters& count_;

  std::optional<admission::slot> slot_;
  errc not_admitted_ = errc::ok;
  std::unique_ptr<engine::engine_answer> answer_;  // once the engine has begun to answer
  std::optional<result<plaintext>> ahead_;  // the next piece, or why there is none; empty piece: the end
  async::event changed_;
  async::event emptied_;
  bool begun_ = false;   // the caller has the head of a stream
  bool waited_ = false;  // the first patience is over
};

}  // namespace tp::node
