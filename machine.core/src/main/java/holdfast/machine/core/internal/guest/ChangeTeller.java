package holdfast.machine.core.internal.guest;

import holdfast.machine.api.GuestMemoryListener;
import holdfast.machine.api.MemoryDevice;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells listeners of changes in one order for all. Its caller holds a lock around every call, and
 * has made the change before it tells. What is told from within a listener waits in a queue until
 * that listener and those behind it have returned; so does a listener added there, together with
 * what was present at that moment, so that it misses nothing and hears nothing twice.
 */
final class ChangeTeller {
  private static final Logger LOG = LoggerFactory.getLogger(ChangeTeller.class);

  private final List<Member> members = new ArrayList<>();
  private final Queue<Runnable> waiting = new ArrayDeque<>();
  private boolean telling;

  /** A listener from its adding to its removal, which another adding does not undo. */
  private static final class Member {
    final GuestMemoryListener listener;

    /** Whether it has been told of what was present, and so hears of changes. */
    boolean present;

    boolean removed;

    Member(GuestMemoryListener listener) {
      this.listener = listener;
    }
  }

  void tell(Consumer<GuestMemoryListener> change) {
    waiting.add(
        () -> members.stream().filter(m -> m.present).toList().forEach(m -> call(m, change)));
    drain();
  }

  void add(GuestMemoryListener listener, List<? extends MemoryDevice> devices) {
    if (members.stream().anyMatch(m -> m.listener == listener)) {
      throw new IllegalArgumentException("this listener was added before: " + listener);
    }
    Member member = new Member(listener);
    members.add(member);
    waiting.add(
        () -> {
          devices.forEach(device -> call(member, l -> l.deviceAdded(device)));
          member.present = true;
        });
    drain();
  }

  void remove(GuestMemoryListener listener) {
    members.stream().filter(m -> m.listener == listener).forEach(m -> m.removed = true);
    members.removeIf(m -> m.removed);
  }

  private void drain() {
    if (telling) {
      return;
    }
    telling = true;
    try {
      for (Runnable next = waiting.poll(); next != null; next = waiting.poll()) {
        next.run();
      }
    } finally {
      telling = false;
    }
  }

  private static void call(Member member, Consumer<GuestMemoryListener> change) {
    if (member.removed) {
      return;
    }
    try {
      change.accept(member.listener);
    } catch (RuntimeException | LinkageError e) {
      LOG.warn("a listener of the guest memory failed and is kept: {}", member.listener, e);
    }
  }
}
