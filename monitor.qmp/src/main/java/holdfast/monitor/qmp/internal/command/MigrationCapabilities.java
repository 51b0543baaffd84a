package holdfast.monitor.qmp.internal.command;

import holdfast.machine.config.options.Excerpt;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * QEMU's migration capabilities. Clients can turn on {@code events} alone, for all clients of their
 * monitor; the others are known by name, and off. Thread-safe.
 */
public final class MigrationCapabilities {
  private static final String EVENTS = "events";
  private static final List<String> ALL =
      List.of(
          "xbzrle",
          "rdma-pin-all",
          "auto-converge",
          "zero-blocks",
          "compress",
          EVENTS,
          "postcopy-ram",
          "x-colo",
          "release-ram",
          "block",
          "return-path",
          "pause-before-switchover",
          "multifd",
          "dirty-bitmaps",
          "postcopy-blocktime",
          "late-block-activate",
          "x-ignore-shared",
          "validate-uuid",
          "background-snapshot",
          "zero-copy-send",
          "postcopy-preempt",
          "switchover-ack",
          "dirty-limit",
          "mapped-ram");

  private volatile boolean events;

  /** Returns whether clients are told of migrations by QEMU's events. */
  public boolean events() {
    return events;
  }

  /** Returns all of them, and whether they are on. */
  List<Map<String, Object>> all() {
    List<Map<String, Object>> all = new ArrayList<>();
    for (String name : ALL) {
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("capability", name);
      one.put("state", name.equals(EVENTS) && events);
      all.add(one);
    }
    return all;
  }

  /**
   * Turns some on or off.
   *
   * @param wished a list of objects with {@code capability} and {@code state}
   * @throws QmpException for the first that is no capability, or can't be turned on; then nothing
   *     is changed
   */
  void set(List<?> wished) throws QmpException {
    boolean next = events;
    for (Object one : wished) {
      if (!(one instanceof Map<?, ?> wish)
          || !(wish.get("capability") instanceof String name)
          || !(wish.get("state") instanceof Boolean state)) {
        throw QmpException.generic(
            "Parameter 'capabilities' expects objects with a string 'capability' and a boolean"
                + " 'state'");
      }
      if (!ALL.contains(name)) {
        throw QmpException.generic(
            "Parameter 'capability' does not accept value " + Excerpt.of(name));
      }
      if (name.equals(EVENTS)) {
        next = state;
      } else if (state) {
        throw QmpException.generic(
            "capability '" + name + "' can't be turned on: migrations here work without it");
      }
    }
    events = next;
  }
}
