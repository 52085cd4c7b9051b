#include "tls/loop.h"

#include "loop_impl.h"

#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

namespace spiral::tls {

struct Loop::Timer::State {
    State(asio::io_context& context, std::function<void()> timed) : timer(context), work(std::move(timed)) {}
    asio::steady_timer timer;
    std::function<void()> work;
    // A timer that has run out may wait behind other work; cancelling the timer does not reach it any more.
    bool cancelled = false;
};

Loop::Timer Loop::Impl::after(std::chrono::milliseconds delay, std::function<void()> timed) {
    auto state = std::make_shared<Timer::State>(context, std::move(timed));
    state->timer.expires_after(delay);
    state->timer.async_wait([state](std::error_code const& error) {
        if (error || state->cancelled) return;
        // The work may destroy the timer, and with it the work: so it runs from here.
        auto const now = std::move(state->work);
        now();
    });
    return Timer(std::move(state));
}

Loop::Loop() : m_impl(std::make_unique<Impl>()) {}
Loop::~Loop() = default;

void Loop::run() { m_impl->context.run(); }
void Loop::turn(std::chrono::milliseconds wait) { m_impl->context.run_one_for(wait); }
void Loop::stop() { m_impl->context.stop(); }
void Loop::post(std::function<void()> work) { asio::post(m_impl->context, std::move(work)); }
Loop::Timer Loop::after(std::chrono::milliseconds delay, std::function<void()> work) {
    return m_impl->after(delay, std::move(work));
}

Loop::Timer::Timer() noexcept = default;
Loop::Timer::Timer(std::shared_ptr<State> state) noexcept : m_state(std::move(state)) {}
Loop::Timer::Timer(Timer&&) noexcept = default;
Loop::Timer& Loop::Timer::operator=(Timer&& other) noexcept {
    if (this != &other) {
        cancel();
        m_state = std::move(other.m_state);
    }
    return *this;
}
Loop::Timer::~Timer() { cancel(); }
void Loop::Timer::cancel() noexcept {
    if (!m_state) return;
    m_state->cancelled = true;
    m_state->timer.cancel();
    m_state.reset();
}

}  // namespace spiral::tls
