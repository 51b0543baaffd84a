package holdfast.bench;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What copies into and out of guest memory take. */
final class Copy implements Part {
  private static final long TOTAL = 256 << 20;

  @Override
  public void measure(Effort effort, Findings findings) throws Exception {
    List<Integer> some = List.of(64, 4096, 1 << 20);
    for (int length : effort.quick() ? some : List.of(64, 4096, 64 << 10, 1 << 20)) {
      for (String way : List.of("in", "out")) {
        measure(effort, findings, length, way);
      }
    }
  }

  private static void measure(Effort effort, Findings findings, int length, String way)
      throws Exception {
    String end = way.equals("in") ? "In" : "Out";
    Calls one = calls(effort, "guest" + end, length, 1);
    Calls many = calls(effort, "guest" + end, length, 256);
    Calls segment = calls(effort, "segment" + end, length, 1);
    Sample c = new Sample();
    for (int round = 0; round < effort.of(3, 1); round++) {
      rival(effort, c, length, way);
      segment.run();
      one.run();
      many.run();
    }
    rival(effort, c, length, way);
    Limit ofSegment = length == 64 ? Limit.atMost(1.2) : null;
    findings.add(
        figure(length, way, 1, one)
            .beside("memcpy", c, limit(length, 1))
            .beside("MemorySegment.copy", segment.time, ofSegment));
    findings.add(figure(length, way, 256, many).beside("memcpy", c, limit(length, 256)));
    if (length == 64) {
      findings.add(
          new Figure(
                  "copy.allocated." + way,
                  "allocated by a copy of 64 B " + way,
                  Unit.BYTES,
                  one.allocated)
              .in("allocated by a copy of 64 B")
              .must(Limit.atMost(0)));
    }
  }

  private static @Nullable Limit limit(int length, int devices) {
    return length == 4096 || length == 1 << 20 && devices == 1 ? Limit.atMost(1.1) : null;
  }

  private static Calls calls(Effort effort, String method, int length, int devices) {
    return new Calls(
        effort,
        CopyCalls.class,
        method,
        Map.of("length", "" + length, "devices", "" + devices, "total", "" + TOTAL));
  }

  private static Figure figure(int length, String way, int devices, Calls calls) {
    String size = Words.size(length);
    return new Figure(
            "copy." + size.replace(" ", "") + "." + devices + "." + way,
            "copy " + size + " " + way + ", " + Words.count(devices, "device"),
            Unit.TIME,
            calls.time)
        .in("copy " + size + ", " + Words.count(devices, "device"));
  }

  private static void rival(Effort effort, Sample c, int length, String way) throws Exception {
    c.addAll(
        new Rival("bulk").run(length, TOTAL, way, effort.of(6, 4)).getOrDefault("bulk", List.of()),
        1e-3);
  }
}
