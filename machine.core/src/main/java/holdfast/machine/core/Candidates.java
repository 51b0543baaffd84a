package holdfast.machine.core;

import holdfast.backend.api.RamBlockAllocator;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * The allocator services that one component is bound to, best first. Declarative Services call
 * {@link #add}, {@link #update} and {@link #remove}; who listens is told after each.
 *
 * <p>Thread-safe. Listeners are called in the thread of the change.
 */
public final class Candidates {
  private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
  private List<Candidate> present = List.of();

  /** Those present, best first. */
  public synchronized List<Candidate> list() {
    return present;
  }

  /** An allocator was registered. */
  public void add(RamBlockAllocator allocator, Map<String, ?> properties) {
    replace(allocator, List.of(new Candidate(allocator, allocator.kind(), properties)));
  }

  /** An allocator's properties changed: its ranking, for one. */
  public void update(RamBlockAllocator allocator, Map<String, ?> properties) {
    add(allocator, properties);
  }

  /** An allocator is going. It still works until this returns. */
  public void remove(RamBlockAllocator allocator) {
    replace(allocator, List.of());
  }

  /** {@code listener} is called after each change from now on. */
  public void addListener(Runnable listener) {
    listeners.add(listener);
  }

  /** {@code listener} is not called for changes from now on. */
  public void removeListener(Runnable listener) {
    listeners.remove(listener);
  }

  @SuppressWarnings("ReferenceEquality") // a service object is itself
  private void replace(RamBlockAllocator allocator, List<Candidate> by) {
    synchronized (this) {
      List<Candidate> next = new ArrayList<>(present);
      next.removeIf(candidate -> candidate.allocator() == allocator);
      next.addAll(by);
      next.sort(Candidate.ORDER);
      present = List.copyOf(next);
    }
    listeners.forEach(Runnable::run);
  }
}
