package holdfast.host.linux;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A signal that makes a thread of this process leave a system call with EINTR, and does nothing
 * else. It is a real-time signal that nobody has a handler for when it is chosen; the JVM's own
 * signals are neither used nor changed.
 *
 * <p>Thread-safe. A process has one, which stays for its life.
 */
public final class WakeSignal {
  private static final Path STATUS = Path.of("/proc/self/status");

  /**
   * The system property with the signal's number, once there is one: a handler outlives the bundle
   * that set it, and an update of this one shall not take another signal.
   */
  private static final String CHOSEN = "holdfast.wake.signal";

  private final VmmCalls calls;
  private final int number;

  private WakeSignal(VmmCalls calls, int number) {
    this.calls = calls;
    this.number = number;
  }

  /**
   * Returns the process's signal, which is chosen and begins to interrupt system calls at the first
   * call.
   *
   * @throws ErrnoException if the kernel refuses the handler
   * @throws IllegalStateException if no real-time signal is free
   */
  public static WakeSignal ofThisProcess() throws ErrnoException {
    VmmCalls calls = HostLibc.vmm();
    synchronized (System.getProperties()) { // whatever class loader this class has
      Integer chosen = Integer.getInteger(CHOSEN);
      if (chosen != null) {
        return new WakeSignal(calls, chosen);
      }
      WakeSignal signal = choose(calls, taken());
      System.setProperty(CHOSEN, Integer.toString(signal.number));
      return signal;
    }
  }

  /** Chooses a signal that is not among {@code taken}. */
  static WakeSignal choose(VmmCalls calls, long taken) throws ErrnoException {
    // from the middle on: other libraries count from either end
    int first = (calls.sigrtmin() + calls.sigrtmax()) / 2;
    for (int signal = first; signal <= calls.sigrtmax(); signal++) {
      if ((taken & 1L << signal - 1) == 0) {
        calls.letInterrupt(signal);
        return new WakeSignal(calls, signal);
      }
    }
    throw new IllegalStateException(
        "each real-time signal from "
            + first
            + " to "
            + calls.sigrtmax()
            + " has a handler in this process already");
  }

  /** Returns the signals with a handler, and those that are ignored: bit 0 is signal 1. */
  private static long taken() {
    try {
      return mask(Files.readAllLines(STATUS));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns the signals that {@code /proc/PID/status} (proc(5)) tells of. */
  static long mask(List<String> status) {
    long mask = 0;
    for (String line : status) {
      if (line.startsWith("SigCgt:") || line.startsWith("SigIgn:")) {
        mask |= Long.parseUnsignedLong(line.substring(line.indexOf(':') + 1).trim(), 16);
      }
    }
    return mask;
  }

  /** Returns the signal's number. */
  public int number() {
    return number;
  }

  /**
   * Makes a thread's system call return EINTR, if it is in one that can be interrupted.
   *
   * @param tid {@link VmmCalls#gettid} of a thread that is alive
   */
  public void send(int tid) throws ErrnoException {
    calls.tgkill(tid, number);
  }
}
