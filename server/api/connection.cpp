#include "server/api/connection.h"

#include <algorithm>

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include "server/api/assets.h"
#include "server/api/stream.h"

namespace idast::api {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

// After the last word, the client's bytes still on their way are taken and thrown away for this
// long: closing at once would make its system drop our answer.
constexpr Millis kCloseWithin = std::chrono::seconds{1};

bool is_address(std::string_view host) {
  error_code error;
  asio::ip::make_address(std::string{host}, error);
  return !error;
}

// "name:port", "[::1]:port", "name"
std::string_view host_of(std::string_view field) {
  if (field.starts_with('[')) return field.substr(1, field.find(']') - 1);
  return field.substr(0, field.find(':'));
}

bool is_known_host(std::string_view field, const std::vector<std::string>& hosts) {
  const std::string_view host = host_of(field);
  if (host.empty() || host == "localhost" || host.ends_with(".localhost")) return true;
  if (is_address(host)) return true;
  return std::find(hosts.begin(), hosts.end(), host) != hosts.end();
}

http::status status_of(const error_code& error) {
  if (error == http::error::header_limit) return http::status::request_header_fields_too_large;
  if (error == http::error::body_limit) return http::status::payload_too_large;
  return http::status::bad_request;
}

bool seen_as_failure(std::string_view pattern) {
  return pattern != "/ready" && pattern != "/health" && pattern != "page";
}

bool is_malformed(const error_code& error) {
  return error.category() == http::make_error_code(http::error::bad_method).category() &&
         error != http::error::end_of_stream && error != http::error::partial_message;
}

}  // namespace

// --- reading -------------------------------------------------------------------------------------

void Connection::read() {
  parser_.emplace();
  parser_->header_limit(kHeaderBytesMax);
  parser_->body_limit(kBodyBytesMax);
  stream_.expires_after(buffer_.size() > 0 ? kHeaderWithin : kIdleAtMost);
  http::async_read(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](const error_code& error, std::size_t) { self->on_read(error); });
}

void Connection::close() {
  leave_stream();
  error_code ignored;
  stream_.socket().shutdown(tcp::socket::shutdown_both, ignored);
  stream_.close();
}

void Connection::on_read(const error_code& error) {
  if (core_->stopped) return;
  pattern_ = "";
  original_ = false;
  if (error) {
    if (!is_malformed(error)) return close();
    ++core_->counters.requests_malformed;
    request_ = {};
    request_.version(11);
    keep_alive_ = false;
    return refuse({static_cast<int>(status_of(error)), "bad_request",
                   "this is not a request that can be read: " + error.message()});
  }
  request_ = parser_->release();
  keep_alive_ = request_.keep_alive();
  handle();
}

void Connection::handle() {
  const std::string_view host = header(http::field::host);
  if (host.empty() && request_.version() >= 11) {
    return refuse({400, "no_host", "HTTP/1.1 requests name their Host"});
  }
  if (!is_known_host(host, core_->options.hosts)) {
    return refuse({421, "unknown_host",
                   "this server is not known by that name; add it to `hosts` in its "
                   "configuration, or use its address"});
  }
  const auto text = request_.target();
  const auto target = parse_target({text.data(), text.size()});
  if (!target) {
    const int status = target.error() == UrlError::too_long ? 414 : 400;
    ++core_->counters.requests_malformed;
    return refuse({status, "bad_address", std::string{name(target.error())}});
  }
  const auto match = core_->routes.match(*target);
  if (match) {
    pattern_ = core_->routes[match->index].pattern;
    original_ = core_->routes[match->index].original;
  }
  const http::verb verb = request_.method();
  if (verb == http::verb::options) return send_options(original_);
  if (verb != http::verb::get && verb != http::verb::head) {
    const bool known = match || target->path == kStreamPath || find_page(target->path, {});
    if (!known) return refuse({404, "not_found", "there is nothing at this address"});
    return refuse({405, "method_not_allowed", "only GET, HEAD and OPTIONS are answered here"},
                  original_);
  }
  if (target->path == kStreamPath) return open_stream(*target);
  if (!match) return handle_page(*target);
  Request request{.path = target->path, .parameters = target->parameters, .id = match->id};
  request.now = core_->clock.utc();
  handle_route(*match, std::move(request));
}

void Connection::handle_page(const Target& target) {
  auto page = find_page(target.path, {.accept_encoding = header(http::field::accept_encoding),
                                      .if_none_match = header(http::field::if_none_match)});
  if (!page) return refuse({404, "not_found", "there is nothing at this address"});
  pattern_ = "page";
  send(std::move(*page));
}

void Connection::handle_route(const Match& match, Request request) {
  const Route& route = core_->routes[match.index];
  if (route.where == Where::at_once) return on_outcome(route.endpoint(request), route.original);
  std::size_t jobs = 0;
  for (const std::size_t waiting : core_->load) jobs += waiting;
  if (jobs >= kJobsMax) {
    ++core_->counters.requests_busy;
    return refuse({503, "busy", "too many requests are waiting; try again"}, route.original);
  }
  run_on_worker(match, std::move(request));
}

// --- answering -----------------------------------------------------------------------------------

void Connection::run_on_worker(const Match& match, Request request) {
  worker_ = core_->idlest();
  ++core_->load[worker_];
  core_->workers.run(worker_, [self = shared_from_this(), index = match.index,
                               request = std::move(request)](const Routes& routes) mutable {
    Outcome outcome = routes[index].endpoint(request);
    asio::io_context& io = self->core_->io;
    asio::post(io, [self = std::move(self), original = routes[index].original,
                    outcome = std::move(outcome)]() mutable {
      --self->core_->load[self->worker_];
      self->on_outcome(std::move(outcome), original);
    });
  });
}

void Connection::on_outcome(Outcome outcome, bool original) {
  if (!outcome) return refuse(std::move(outcome.error()), original);
  send(std::move(*outcome));
}

void Connection::send_options(bool original) {
  Answer answer{.status = 204, .type = ""};
  answer.headers = {{"Allow", "GET, HEAD, OPTIONS"}};
  if (original) {
    answer.headers.emplace_back("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS");
    answer.headers.emplace_back("Access-Control-Allow-Headers", "Content-Type");
    answer.headers.emplace_back("Access-Control-Max-Age", "86400");
  }
  send(std::move(answer));
}

void Connection::common(http::fields& fields) const {
  fields.set("X-Content-Type-Options", "nosniff");
  fields.set("Referrer-Policy", "no-referrer");
  fields.set("Content-Security-Policy",
             beast::string_view{kContentSecurityPolicy.data(), kContentSecurityPolicy.size()});
  if (original_) fields.set("Access-Control-Allow-Origin", "*");
}

void Connection::send(Answer answer) {
  if (core_->stopped) return close();
  ++core_->counters.requests[{pattern_, answer.status}];
  // Being asked whether one is ready, and not being it, is no event.
  if (answer.status >= 500 && seen_as_failure(pattern_)) {
    core_->options.warn("http.failed", pattern_ + " " + std::to_string(answer.status));
  }
  if (answer.status == 405) answer.headers.emplace_back("Allow", "GET, HEAD, OPTIONS");
  const bool named = std::any_of(answer.headers.begin(), answer.headers.end(),
                                 [](const auto& h) { return h.first == "Cache-Control"; });
  if (!named) answer.headers.emplace_back("Cache-Control", "no-store");
  if (answer.more && !is_head()) return send_pieces(std::move(answer));

  response_.emplace(static_cast<http::status>(answer.status), request_.version());
  common(*response_);
  if (!answer.type.empty()) response_->set(http::field::content_type, answer.type);
  for (const auto& [name, value] : answer.headers) response_->set(name, value);
  response_->keep_alive(keep_alive_);
  const std::size_t bytes = answer.body.size();
  if (!is_head()) response_->body() = std::move(answer.body);
  const bool bodiless = answer.status == 204 || answer.status == 304;
  if (!bodiless && !answer.more) response_->content_length(bytes);
  stream_.expires_after(kWriteWithin);
  if (is_head() || bodiless) {
    head_.emplace(response_->base());
    serializer_.emplace(*head_);
    http::async_write_header(stream_, *serializer_,
                             [self = shared_from_this()](const error_code& error, std::size_t) {
                               self->finish_answer(error);
                             });
    return;
  }
  http::async_write(stream_, *response_,
                    [self = shared_from_this()](const error_code& error, std::size_t) {
                      self->finish_answer(error);
                    });
}

void Connection::send_pieces(Answer answer) {
  head_.emplace(static_cast<http::status>(answer.status), request_.version());
  common(*head_);
  head_->set(http::field::content_type, answer.type);
  for (const auto& [name, value] : answer.headers) head_->set(name, value);
  // HTTP/1.0 knows no chunks: there the end of the connection is the end of the answer.
  if (request_.version() < 11) keep_alive_ = false;
  head_->keep_alive(keep_alive_);
  head_->chunked(request_.version() >= 11);
  more_ = std::move(answer.more);
  piece_ = std::move(answer.body);
  serializer_.emplace(*head_);
  stream_.expires_after(kWriteWithin);
  http::async_write_header(stream_, *serializer_,
                           [self = shared_from_this()](const error_code& error, std::size_t) {
                             if (error) return self->finish_answer(error);
                             self->write_piece(std::move(self->piece_), false);
                           });
}

void Connection::run_more() {
  ++core_->load[worker_];
  core_->workers.run(worker_, [self = shared_from_this()](const Routes&) mutable {
    std::string piece;
    auto more = self->more_(piece);
    asio::io_context& io = self->core_->io;
    asio::post(
        io, [self = std::move(self), more = std::move(more), piece = std::move(piece)]() mutable {
          --self->core_->load[self->worker_];
          if (self->core_->stopped) return;
          if (!more) return self->close();
          self->write_piece(std::move(piece), !*more);
        });
  });
}

void Connection::write_piece(std::string piece, bool last) {
  piece_ = std::move(piece);
  auto done = [self = shared_from_this(), last](const error_code& error, std::size_t) {
    if (error || last) return self->finish_answer(error);
    self->run_more();
  };
  if (last) more_ = nullptr;
  stream_.expires_after(kWriteWithin);
  const bool chunked = request_.version() >= 11;
  if (piece_.empty() && !last) return run_more();
  if (!chunked) {
    asio::async_write(stream_, asio::buffer(piece_), std::move(done));
    return;
  }
  // A chunk of no bytes would end the answer.
  if (piece_.empty()) {
    asio::async_write(stream_, http::make_chunk_last(), std::move(done));
    return;
  }
  if (!last) {
    asio::async_write(stream_, http::make_chunk(asio::buffer(piece_)), std::move(done));
    return;
  }
  asio::async_write(
      stream_, beast::buffers_cat(http::make_chunk(asio::buffer(piece_)), http::make_chunk_last()),
      std::move(done));
}

void Connection::finish_answer(const error_code& error) {
  response_.reset();
  serializer_.reset();
  head_.reset();
  more_ = nullptr;
  piece_ = {};
  if (error || core_->stopped) return close();
  if (keep_alive_) return read();
  error_code ignored;
  stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  stream_.expires_after(kCloseWithin);
  wait_for_end();
}

void Connection::wait_for_end() {
  stream_.async_read_some(asio::buffer(ignored_),
                          [self = shared_from_this()](const error_code& error, std::size_t) {
                            if (error) return self->close();
                            self->wait_for_end();
                          });
}

// --- the live stream -----------------------------------------------------------------------------

void Connection::open_stream(const Target& target) {
  pattern_ = kStreamPath;
  const auto last_event = request_["Last-Event-ID"];
  auto asked = parse_stream(target.parameters, {last_event.data(), last_event.size()});
  if (!asked) return refuse(std::move(asked.error()));
  if (is_head()) return send({.type = "text/event-stream"});
  const auto opened =
      core_->hub.open(std::move(asked->filter), asked->last_event, [this] { send_next_event(); });
  if (!opened) {
    return refuse({503, "too_many_streams", "too many live streams are open; try again later"});
  }
  stream_id_ = *opened;
  ++core_->counters.requests[{pattern_, 200}];
  error_code ignored;
  stream_.socket().set_option(asio::socket_base::send_buffer_size(kStreamSendBufferBytes), ignored);
  head_.emplace(http::status::ok, request_.version());
  common(*head_);
  head_->set(http::field::content_type, "text/event-stream");
  head_->set(http::field::cache_control, "no-store");
  head_->set("X-Accel-Buffering", "no");  // Or a proxy in front would hold events back.
  head_->keep_alive(false);
  serializer_.emplace(*head_);
  writing_ = true;
  stream_.expires_after(kWriteWithin);
  http::async_write_header(stream_, *serializer_,
                           [self = shared_from_this()](const error_code& error, std::size_t) {
                             if (error) return self->close();
                             self->writing_ = false;
                             self->watch_for_end();
                             self->send_next_event();
                           });
}

void Connection::send_next_event() {
  if (writing_ || !stream_id_) return;
  event_ = core_->hub.take(*stream_id_);
  if (!event_) return;
  writing_ = true;
  stream_.expires_after(kWriteWithin);
  asio::async_write(stream_, asio::buffer(*event_),
                    [self = shared_from_this()](const error_code& error, std::size_t) {
                      self->writing_ = false;
                      self->event_.reset();
                      if (error) return self->close();
                      self->send_next_event();
                    });
}

// A browser says nothing on a stream; reading is how its leaving is noticed.
void Connection::watch_for_end() {
  stream_.expires_never();
  stream_.async_read_some(asio::buffer(ignored_),
                          [self = shared_from_this()](const error_code& error, std::size_t) {
                            if (error) return self->close();
                            self->watch_for_end();
                          });
}

void Connection::leave_stream() {
  if (!stream_id_) return;
  core_->hub.close(*stream_id_);
  stream_id_.reset();
}

}  // namespace idast::api
