package holdfast.itest;

import holdfast.backend.api.RamFlag;
import holdfast.machine.api.GuestMemoryListener;
import holdfast.machine.api.MemoryDevice;
import holdfast.machine.api.MemoryRegion;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;

/** A listener that writes down what it is told, as the region is in the moment of the telling. */
final class ChangeLog implements GuestMemoryListener {
  private final List<String> devices = new ArrayList<>();
  private final List<String> changes = new ArrayList<>();
  private final AtomicBoolean telling = new AtomicBoolean();
  private int overlaps;

  @Override
  public void deviceAdded(MemoryDevice device) {
    note(devices, "+" + device.id());
  }

  @Override
  public void deviceRemoved(MemoryDevice device) {
    note(devices, "-" + device.id());
  }

  @Override
  public void regionChanged(MemoryRegion region) {
    note(changes, region.id() + " " + describe(region));
  }

  /** How a region is now, in the words in which changes are written down. */
  static String describe(MemoryRegion region) {
    String flags = region.obtained().stream().map(RamFlag::name).collect(Collectors.joining(","));
    return region.state().name().toLowerCase(Locale.ROOT) + " " + flags;
  }

  private void note(List<String> list, String line) {
    boolean alone = telling.compareAndSet(false, true);
    synchronized (this) {
      overlaps += alone ? 0 : 1;
      list.add(line);
    }
    if (alone) {
      telling.set(false);
    }
  }

  /** The devices added and removed, in order. */
  synchronized List<String> devices() {
    return List.copyOf(devices);
  }

  /** The changes of one region since the last call for it, in order. */
  synchronized List<String> takeChangesOf(String region) {
    List<String> taken =
        changes.stream()
            .filter(line -> line.startsWith(region + " "))
            .map(line -> line.substring(region.length() + 1))
            .toList();
    changes.removeIf(line -> line.startsWith(region + " "));
    return taken;
  }

  /** How often it was called while it was being called. */
  synchronized int overlaps() {
    return overlaps;
  }
}
