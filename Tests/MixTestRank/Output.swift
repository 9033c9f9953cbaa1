import Glibc

/// Prints a line to the standard output.
func report(_ line: String) { emit(line, to: STDOUT_FILENO) }

/// Prints a line to the standard error.
func complain(_ line: String) { emit(line, to: STDERR_FILENO) }

/// One write per line, so that the lines of ranks that share a pipe don't mix.
private func emit(_ line: String, to file: Int32) {
    let bytes = Array((line + "\n").utf8)
    _ = write(file, bytes, bytes.count)
}
