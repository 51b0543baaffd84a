package holdfast.host.testkit;

import holdfast.host.linux.Errno;
import holdfast.host.linux.ErrnoException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

/** Records calls, and lets those fail for which there is a fault. Thread-safe. */
final class CallRecorder {
  private static final Map<Integer, String> TEXTS =
      Map.ofEntries(
          Map.entry(Errno.EPERM, "Operation not permitted"),
          Map.entry(Errno.ENOENT, "No such file or directory"),
          Map.entry(Errno.EINTR, "Interrupted system call"),
          Map.entry(Errno.EIO, "Input/output error"),
          Map.entry(Errno.EAGAIN, "Resource temporarily unavailable"),
          Map.entry(Errno.ENOMEM, "Cannot allocate memory"),
          Map.entry(Errno.EACCES, "Permission denied"),
          Map.entry(14, "Bad address"),
          Map.entry(Errno.EBUSY, "Device or resource busy"),
          Map.entry(Errno.EEXIST, "File exists"),
          Map.entry(Errno.EINVAL, "Invalid argument"),
          Map.entry(24, "Too many open files"),
          Map.entry(27, "File too large"),
          Map.entry(Errno.ENOSPC, "No space left on device"),
          Map.entry(37, "No locks available"),
          Map.entry(Errno.ENOSYS, "Function not implemented"),
          Map.entry(Errno.EOPNOTSUPP, "Operation not supported"));

  private final List<RecordedCall> made = new ArrayList<>();
  private final List<Fault> faults = new CopyOnWriteArrayList<>();

  /** A real call without a result. */
  interface Action {
    void run() throws ErrnoException;
  }

  /** A real call with a result. */
  interface Question<T> {
    T ask() throws ErrnoException;
  }

  /**
   * Records a call, and makes it unless a fault matches it.
   *
   * @param harm what the call does even if it fails with {@link Fault.Harm#DONE}
   */
  <T> T call(SystemCall call, Action harm, Question<T> real, Object... arguments)
      throws ErrnoException {
    RecordedCall mine;
    synchronized (made) {
      mine = new RecordedCall(made.size() + 1, call, List.of(arguments));
      made.add(mine);
    }
    for (Fault fault : faults) {
      if (fault.victim().test(mine)) {
        if (fault.harm() == Fault.Harm.DONE) {
          harm.run();
        }
        String text = TEXTS.getOrDefault(fault.errno(), "Error " + fault.errno());
        throw new ErrnoException(call.toString(), new Errno(fault.errno(), text));
      }
    }
    return real.ask();
  }

  /** Does the same for a call without a result. */
  void call(SystemCall call, Action harm, Action real, Object... arguments) throws ErrnoException {
    Question<Boolean> done =
        () -> {
          real.run();
          return true;
        };
    call(call, harm, done, arguments);
  }

  /** Adds a fault; for each call, the first fault that matches it decides. */
  void add(Fault fault) {
    faults.add(fault);
  }

  /** Removes all faults. */
  void heal() {
    faults.clear();
  }

  /** Returns the calls made so far, including those that failed, in their order. */
  List<RecordedCall> made() {
    synchronized (made) {
      return List.copyOf(made);
    }
  }

  /** Forgets the calls made so far: the next one is number 1. */
  void forget() {
    synchronized (made) {
      made.clear();
    }
  }
}
