package holdfast.monitor.shell.report;

import holdfast.backend.api.Backing;
import holdfast.backend.api.Durability;
import holdfast.backend.api.Evidence;
import holdfast.backend.api.RamFlag;
import holdfast.machine.admin.ObjectStatus;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;

/** A memory backend at one moment, as an operator is shown it. */
public record ObjectReport(ObjectStatus object) {
  private static final Set<String> TOLD = Set.of("id", "size", "mem-path");

  /** Returns the facts as {@code -probe json} shows them. */
  public Map<String, Object> toMap() {
    Durability durability = object.durability();
    Evidence evidence = object.evidence();
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("id", object.id());
    map.put("type", object.type());
    object.path().ifPresent(path -> map.put("path", path.toString()));
    map.put("size", object.size().bytes());
    map.put("align", object.align().bytes());
    map.put("page-size", object.pageSize().bytes());
    map.put("requested", names(object.requested()));
    map.put("obtained", names(object.obtained()));
    Map<String, Object> granularity = new LinkedHashMap<>();
    granularity.put("requested", durability.requested().label());
    granularity.put("obtained", durability.obtained().label());
    granularity.put("reason", durability.reason());
    map.put("granularity", granularity);
    Map<String, Object> seen = new LinkedHashMap<>();
    seen.put("mmap", evidence.mmap());
    seen.put("vmflags", evidence.vmFlags());
    seen.put("persist", evidence.persist());
    seen.put("file-system", evidence.fileSystem());
    map.put("evidence", seen);
    map.put("allocator", object.allocator());
    map.put("state", state());
    map.put("properties", object.properties());
    return map;
  }

  private String state() {
    return object.state().name().toLowerCase(Locale.ROOT);
  }

  private static List<String> names(Collection<RamFlag> flags) {
    return flags.stream().map(RamFlag::name).toList();
  }

  static String listed(String separator, Collection<RamFlag> flags) {
    return flags.isEmpty() ? "-" : String.join(separator, names(flags));
  }

  /** Returns all properties except those that have lines of their own. */
  private String properties() {
    StringJoiner told = new StringJoiner(" ");
    object
        .properties()
        .forEach(
            (name, value) -> {
              if (!TOLD.contains(name)) {
                told.add(name + "=" + value);
              }
            });
    return told.toString();
  }

  /** The headings of {@link #row}: what fits a terminal of 60 columns beside a short path. */
  public static final List<String> COLUMNS =
      List.of("ID", "SIZE", "STATE", "ALLOCATOR", "GRANULARITY", "BACKING");

  /** Returns one line of a table. */
  public List<String> row() {
    return List.of(
        object.id(),
        object.size().toString(),
        state(),
        object.allocator().isEmpty() ? "-" : object.allocator(),
        object.durability().obtained().label(),
        object.backing() instanceof Backing.Anonymous ? "anonymous" : object.backing().toString());
  }

  /** Shows the whole state, one fact a line. */
  public void show(Screen screen) {
    Durability durability = object.durability();
    Evidence evidence = object.evidence();
    screen.heading("memory backend '" + object.id() + "' (" + object.type() + ")");
    String backing = object.backing().toString();
    screen.fact(
        "backing",
        backing.equals(evidence.fileSystem())
            ? backing
            : backing + " (" + evidence.fileSystem() + ")");
    screen.fact(
        "size",
        object.size() + ", aligned to " + object.align() + ", pages of " + object.pageSize());
    screen.fact(
        "state",
        state() + (object.allocator().isEmpty() ? "" : " to allocator " + object.allocator()));
    if (!object.note().isEmpty()) {
      screen.fact("note", object.note());
    }
    if (!object.rescue().isEmpty()) {
      screen.fact("standby", object.rescue());
    }
    String filter = object.filter();
    if (!filter.isEmpty()) {
      screen.fact("use", "only allocators that match " + filter);
    }
    screen.fact("requested", listed(" ", object.requested()));
    screen.fact("obtained", listed(" ", object.obtained()));
    screen.fact(
        "granularity", durability.obtained() + " (requested: " + durability.requested() + ")");
    screen.fact("reason", durability.reason());
    screen.fact("properties", properties());
    screen.fact("mmap", evidence.mmap());
    screen.fact("VmFlags", evidence.vmFlags());
    screen.fact("persist by", evidence.persist());
    screen.fact("host address", "0x" + Long.toHexString(object.hostAddress()));
  }
}
