package holdfast.machine.core;

import holdfast.backend.api.RamBlockAllocator;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * The allocator services that one component is bound to, best first. Declarative Services calls
 * {@link #add}, {@link #update} and {@link #remove}; the listeners are called after each.
 *
 * <p>Thread-safe. Listeners are called in the thread that makes the change.
 */
public final class Candidates {
  private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
  private List<Candidate> present = List.of();

  /** Returns the present allocators, best first. */
  public synchronized List<Candidate> list() {
    return present;
  }

  /** Adds an allocator that was registered. */
  public void add(RamBlockAllocator allocator, Map<String, ?> properties) {
    replace(allocator, List.of(new Candidate(allocator, allocator.kind(), properties)));
  }

  /** Adds an allocator that has no service properties: its own ranking counts. */
  public void add(RamBlockAllocator allocator) {
    add(
        allocator,
        Map.of(
            RamBlockAllocator.BACKEND_KIND,
            allocator.kind(),
            Candidate.RANKING,
            allocator.ranking()));
  }

  /** Updates an allocator whose properties changed, such as its ranking. */
  public void update(RamBlockAllocator allocator, Map<String, ?> properties) {
    add(allocator, properties);
  }

  /** Removes an allocator that is being unregistered. It still works until this returns. */
  public void remove(RamBlockAllocator allocator) {
    replace(allocator, List.of());
  }

  /** Adds a listener that is called after each later change. */
  public void addListener(Runnable listener) {
    listeners.add(listener);
  }

  /** Removes a listener; it is not called for later changes. */
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
