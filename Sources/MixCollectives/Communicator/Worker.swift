internal import CMixSystem
internal import Glibc

/// A thread of a communicator's own, on which its `async` operations wait: the threads of Swift's pool must not.
final class Worker: Sendable {
    private struct State {
        var jobs: [@Sendable () -> Void] = []
        var isFinished = false
    }

    /// A mutex and a condition at fixed addresses, shared with the thread.
    private final class Queue: @unchecked Sendable {
        var state = State()
        let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

        init() {
            pthread_mutex_init(mutex, nil)
            pthread_cond_init(condition, nil)
        }

        deinit {
            pthread_cond_destroy(condition)
            pthread_mutex_destroy(mutex)
            condition.deallocate()
            mutex.deallocate()
        }

        func with(_ body: (inout State) -> Void) {
            pthread_mutex_lock(mutex)
            body(&state)
            pthread_cond_signal(condition)
            pthread_mutex_unlock(mutex)
        }

        /// The next job, or nil when there will be none.
        func next() -> (@Sendable () -> Void)? {
            pthread_mutex_lock(mutex)
            defer { pthread_mutex_unlock(mutex) }
            while state.jobs.isEmpty && !state.isFinished { pthread_cond_wait(condition, mutex) }
            return state.jobs.isEmpty ? nil : state.jobs.removeFirst()
        }
    }

    private let queue = Queue()

    init() {
        let unmanaged = Unmanaged.passRetained(queue)
        var thread = pthread_t()
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        let result = pthread_create(
            &thread, &attributes,
            { argument in
                let queue = Unmanaged<Queue>.fromOpaque(argument!).takeRetainedValue()
                while let job = queue.next() { job() }
                return nil
            }, unmanaged.toOpaque())
        precondition(result == 0, "no thread could be made for asynchronous operations")
        pthread_attr_destroy(&attributes)
    }

    deinit { queue.with { $0.isFinished = true } }

    /// Runs `body` on the worker's thread, behind what was asked before.
    func run(_ body: @escaping @Sendable () -> Void) { queue.with { $0.jobs.append(body) } }
}
