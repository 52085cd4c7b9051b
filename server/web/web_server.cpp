#include "web/web_server.h"

// RESTinio of Debian 12 was written for an older Asio.
#undef ASIO_NO_DEPRECATED
#include <restinio/all.hpp>

#include <chrono>

namespace spiral::web {

namespace {

struct Traits : restinio::default_traits_t {
    static constexpr bool use_connection_count_limiter = true;
};

struct Page {
    restinio::http_status_line_t status;
    std::string type, body;
};

constexpr std::string_view kPlain = "text/plain; charset=utf-8";

Page plain(restinio::http_status_line_t status, std::string body) {
    return {std::move(status), std::string(kPlain), std::move(body)};
}

Page pageFor(std::string_view path, Handlers const& handlers) {
    if (path == "/healthz") {
        auto const health = handlers.health();
        return plain(health.good ? restinio::status_ok() : restinio::status_service_unavailable(), health.what + "\n");
    }
    if (path == "/metrics")
        return {restinio::status_ok(), "text/plain; version=0.0.4; charset=utf-8", handlers.metrics()};
    return plain(restinio::status_not_found(), "Not found\n");
}

restinio::request_handling_status_t answer(restinio::request_handle_t const& request, Handlers const& handlers) {
    auto const method = request->header().method();
    bool const head = method == restinio::http_method_head();
    bool const allowed = head || method == restinio::http_method_get();
    Page page;
    try {
        page = allowed ? pageFor(request->header().path(), handlers)
                       : plain(restinio::status_method_not_allowed(), "GET and HEAD only\n");
    } catch (std::exception const&) {
        page = plain(restinio::status_internal_server_error(), "Failed\n");
    }
    auto response = request->create_response<restinio::user_controlled_output_t>(page.status);
    response.append_header_date_field();
    response.append_header(restinio::http_field::content_type, page.type);
    // Nothing here is a page for a browser: it is neither run, framed, sniffed nor kept.
    response.append_header("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
    response.append_header("X-Content-Type-Options", "nosniff");
    response.append_header("X-Frame-Options", "DENY");
    response.append_header("Referrer-Policy", "no-referrer");
    response.append_header("Cross-Origin-Resource-Policy", "same-origin");
    response.append_header(restinio::http_field::cache_control, "no-store");
    if (!allowed) {
        // The body that may follow is not read.
        response.append_header(restinio::http_field::allow, "GET, HEAD");
        response.connection_close();
    }
    response.set_content_length(page.body.size());
    if (!head) response.set_body(std::move(page.body));
    return response.done();
}

class RestinioServer final : public WebServer {
public:
    RestinioServer(std::string const& host, std::uint16_t port, Handlers handlers) : m_handlers(std::move(handlers)) {
        restinio::server_settings_t<Traits> settings;
        settings.address(host);
        settings.port(port);
        settings.max_parallel_connections(kConnectionsMax);
        settings.max_pipelined_requests(4);
        settings.read_next_http_message_timelimit(std::chrono::seconds{kRequestSeconds});
        settings.write_http_response_timelimit(std::chrono::seconds{kResponseSeconds});
        settings.handle_request_timeout(std::chrono::seconds{kResponseSeconds});
        settings.incoming_http_msg_limits(restinio::incoming_http_msg_limits_t{}
                                              .max_url_size(kUrlBytesMax)
                                              .max_field_count(kHeaderFieldsMax)
                                              .max_field_name_size(kHeaderNameBytesMax)
                                              .max_field_value_size(kHeaderValueBytesMax)
                                              .max_body_size(0));
        // Without it the answer waits for the acknowledgement of its header: 40 ms.
        settings.socket_options_setter([](auto& options) { options.set_option(asio::ip::tcp::no_delay{true}); });
        settings.acceptor_post_bind_hook(
            [this](asio::ip::tcp::acceptor& acceptor) { m_port = acceptor.local_endpoint().port(); });
        settings.request_handler([this](restinio::request_handle_t request) { return answer(request, m_handlers); });
        m_server = restinio::run_async<Traits>(restinio::own_io_context(), std::move(settings), 1);
    }
    ~RestinioServer() override { stop(); }
    RestinioServer(RestinioServer const&) = delete;
    RestinioServer& operator=(RestinioServer const&) = delete;

    std::uint16_t port() const noexcept override { return m_port; }
    void stop() override {
        if (!m_server) return;
        m_server->stop();
        m_server->wait();
        m_server.reset();
    }

private:
    Handlers m_handlers;
    std::uint16_t m_port = 0;
    restinio::running_server_handle_t<Traits> m_server;
};

}  // namespace

Result<std::unique_ptr<WebServer>> WebServer::start(std::string const& host, std::uint16_t port, Handlers handlers) {
    try {
        return std::unique_ptr<WebServer>(std::make_unique<RestinioServer>(host, port, std::move(handlers)));
    } catch (std::exception const& exception) {
        return makeError(ErrorCode::Environment, "web.listen",
                         host + ":" + std::to_string(port) + " (" + exception.what() + ")");
    }
}

}  // namespace spiral::web
