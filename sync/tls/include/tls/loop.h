// The event loop that the connections of a program live on: one thread, timers, and a door for other threads.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

namespace spiral::tls {

/// Runs what it is given, one piece after another, on the one thread that calls run(). Listeners, channels and timers
/// made with a loop belong to that thread and must be gone before the loop is; only post() and stop() may be called
/// from others. An exception thrown by a piece of work leaves run().
class Loop {
public:
    /// Something that will be done later. Destroying or overwriting it cancels: the work is then never begun.
    class Timer;

    Loop();
    ~Loop();
    Loop(Loop const&) = delete;
    Loop& operator=(Loop const&) = delete;

    /// Works until stop(), also while there is nothing to do. After stop() a loop does not run again.
    void run();
    /// Waits at most `wait` for something to do, and does one piece of it. For tests and programs with a loop of their
    /// own, instead of run().
    void turn(std::chrono::milliseconds wait);
    /// Makes run() return after the piece of work it is at, at once if it has not begun. From any thread.
    void stop();
    /// Does `work` on the loop's thread, after what is already waiting; never inside this call. From any thread. What
    /// is posted after stop() is not done.
    void post(std::function<void()> work);
    /// Does `work` once, `delay` from now, unless the timer is cancelled before.
    [[nodiscard]] Timer after(std::chrono::milliseconds delay, std::function<void()> work);

    struct Impl;
    /// For the sources of this folder.
    [[nodiscard]] Impl& impl() noexcept { return *m_impl; }

private:
    std::unique_ptr<Impl> m_impl;
};

class Loop::Timer {
public:
    /// Nothing to come.
    Timer() noexcept;
    ~Timer();
    Timer(Timer&&) noexcept;
    Timer& operator=(Timer&&) noexcept;
    void cancel() noexcept;

private:
    friend class Loop;
    friend struct Loop::Impl;
    struct State;
    explicit Timer(std::shared_ptr<State> state) noexcept;
    std::shared_ptr<State> m_state;
};

}  // namespace spiral::tls
