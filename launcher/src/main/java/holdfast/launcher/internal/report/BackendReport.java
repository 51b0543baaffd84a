package holdfast.launcher.internal.report;

import holdfast.backend.api.Backing;
import holdfast.backend.api.Durability;
import holdfast.backend.api.Evidence;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamFlag;
import holdfast.machine.core.Backend;
import holdfast.machine.core.Region;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;

/** A memory backend at one moment. */
public final class BackendReport {
  private static final Set<String> TOLD = Set.of("id", "size", "mem-path");

  private final Backend backend;
  private final Region.Status status;
  private final RamBlock block;

  /** Records the present state of {@code backend}. */
  public BackendReport(Backend backend) {
    this.backend = backend;
    this.status = backend.region().status();
    this.block = status.block();
  }

  /** Returns the facts as {@code -probe json} shows them. */
  public Map<String, Object> toMap() {
    Durability durability = block.durability();
    Evidence evidence = block.evidence();
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("id", block.spec().id().value());
    map.put("type", backend.type());
    if (block.spec().backing() instanceof Backing.File file) {
      map.put("path", file.path().toString());
    }
    map.put("size", block.spec().size().bytes());
    map.put("align", block.align().bytes());
    map.put("page-size", block.pageSize().bytes());
    map.put("requested", names(block.spec().flags()));
    map.put("obtained", names(block.obtained()));
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
    map.put("allocator", status.allocator());
    map.put("state", state());
    map.put("properties", backend.properties());
    return map;
  }

  private String state() {
    return status.state().name().toLowerCase(Locale.ROOT);
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
    backend
        .properties()
        .forEach(
            (name, value) -> {
              if (!TOLD.contains(name)) {
                told.add(name + "=" + value);
              }
            });
    return told.toString();
  }

  /** The headings of {@link #row}. */
  public static final List<String> COLUMNS =
      List.of("ID", "SIZE", "STATE", "ALLOCATOR", "GRANULARITY", "OBTAINED", "BACKING");

  /** Returns one line of a table. */
  public List<String> row() {
    return List.of(
        block.spec().id().value(),
        block.spec().size().toString(),
        state(),
        status.allocator().isEmpty() ? "-" : status.allocator(),
        block.durability().obtained().label(),
        listed(",", block.obtained()),
        block.spec().backing().toString());
  }

  /** Shows the whole state, one fact a line. */
  public void show(Screen screen) {
    Durability durability = block.durability();
    Evidence evidence = block.evidence();
    screen.heading("memory backend '" + block.spec().id() + "' (" + backend.type() + ")");
    String backing = block.spec().backing().toString();
    screen.fact(
        "backing",
        backing.equals(evidence.fileSystem())
            ? backing
            : backing + " (" + evidence.fileSystem() + ")");
    screen.fact(
        "size",
        block.spec().size() + ", aligned to " + block.align() + ", pages of " + block.pageSize());
    screen.fact(
        "state",
        state() + (status.allocator().isEmpty() ? "" : " to allocator " + status.allocator()));
    if (!status.note().isEmpty()) {
      screen.fact("note", status.note());
    }
    if (!backend.rescue().isEmpty()) {
      screen.fact("standby", backend.rescue());
    }
    String filter = backend.region().filter().text();
    if (!filter.isEmpty()) {
      screen.fact("use", "only allocators that match " + filter);
    }
    screen.fact("requested", listed(" ", block.spec().flags()));
    screen.fact("obtained", listed(" ", block.obtained()));
    screen.fact(
        "granularity", durability.obtained() + " (requested: " + durability.requested() + ")");
    screen.fact("reason", durability.reason());
    screen.fact("properties", properties());
    screen.fact("mmap", evidence.mmap());
    screen.fact("VmFlags", evidence.vmFlags());
    screen.fact("persist by", evidence.persist());
    screen.fact("host address", "0x" + Long.toHexString(block.segment().address()));
  }
}
