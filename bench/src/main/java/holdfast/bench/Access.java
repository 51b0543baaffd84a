package holdfast.bench;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What it takes to read or write 8 bytes anywhere in guest memory. */
final class Access implements Part {
  private static final long NEAR = 64 << 10;
  private static final long FAR = 1 << 30;
  private static final long LEAST_DEVICE = 1 << 20;

  @Override
  public void measure(Effort effort, Findings findings) throws Exception {
    for (long total : List.of(NEAR, FAR)) {
      for (int devices : effort.quick() && total == FAR ? List.of(1, 256) : List.of(1, 16, 256)) {
        for (String way : List.of("read", "write")) {
          measure(effort, findings, total, devices, way);
        }
      }
    }
  }

  private static void measure(Effort effort, Findings findings, long total, int devices, String way)
      throws Exception {
    long span = total / devices;
    long size = Math.max(span, LEAST_DEVICE);
    Map<String, String> parameters =
        Map.of("devices", "" + devices, "size", "" + size, "span", "" + span);
    String method = way.equals("read") ? "Read" : "Write";
    Calls guest = new Calls(effort, AccessCalls.class, "guest" + method, parameters);
    Calls segment = new Calls(effort, AccessCalls.class, "segment" + method, parameters);
    Sample c = new Sample();
    for (int round = 0; round < effort.of(3, 1); round++) {
      rival(effort, c, devices, size, span, way);
      guest.run();
      if (devices == 1) {
        segment.run();
      }
    }
    rival(effort, c, devices, size, span, way);
    boolean near = total == NEAR;
    String where =
        "8 B within " + (near ? "64 KiB" : "1 GiB") + " of " + Words.count(devices, "device");
    findings.add(
        new Figure(
                "access." + (near ? "64K." : "1G.") + devices + "." + way,
                "GuestMemory, " + way + " " + where,
                Unit.TIME,
                guest.time)
            .in(near ? "GuestMemory, " + where : "GuestMemory, " + way + " " + where)
            .beside("C", c, limit(near, devices, way))
            .beside("MemorySegment", segment.time));
  }

  private static @Nullable Limit limit(boolean near, int devices, String way) {
    if (near) {
      return Limit.atMost(devices == 1 ? 2 : devices == 16 ? 3 : 3.5);
    }
    return devices == 256 ? Limit.atMost(way.equals("read") ? 3 : 1.5) : null;
  }

  private static void rival(
      Effort effort, Sample c, int devices, long distance, long span, String way) throws Exception {
    c.addAll(
        new Rival("access")
            .run(devices, distance, span, way, effort.of(6, 4))
            .getOrDefault("access", List.of()),
        1e-3);
  }
}
