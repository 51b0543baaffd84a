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
 * Reports changes to listeners, in the same order to all. The caller holds a lock around every
 * call, and makes each change before it reports it. A change reported by a listener waits in a
 * queue until that listener and those after it have returned. So does a listener that is added by a
 * listener, together with the devices that were present at that moment; it therefore misses nothing
 * and receives nothing twice.
 */
final class ChangeTeller {
  private static final Logger LOG = LoggerFactory.getLogger(ChangeTeller.class);

  private final List<Member> members = new ArrayList<>();
  private final Queue<Runnable> waiting = new ArrayDeque<>();
  private boolean telling;

  /**
   * One registration of a listener, from its addition to its removal. Adding the listener again
   * does not undo the removal.
   */
  private static final class Member {
    final GuestMemoryListener listener;

    /** Whether it has received the devices that were present, and so receives changes. */
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
