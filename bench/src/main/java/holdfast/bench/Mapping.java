package holdfast.bench;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** What it takes to map a file and to unmap it. */
final class Mapping implements Part {
  @Override
  public void measure(Effort effort, Findings findings) throws Exception {
    if (Qemu.version().isEmpty()) {
      findings.remark("QEMU is left out: it is not installed (qemu-system-x86)");
    }
    for (Place place : Place.ofFiles(1 << 20, findings)) {
      for (long size : List.of(64L << 20, 64L << 30)) {
        measure(effort, findings, place, size);
      }
    }
  }

  private static void measure(Effort effort, Findings findings, Place place, long size)
      throws Exception {
    Path file = place.file("map", size);
    Calls own =
        new Calls(
            effort,
            MapCalls.class,
            "mapAndUnmap",
            Map.of("file", file.toString(), "size", "" + size));
    Sample c = new Sample();
    Sample qemu = new Sample();
    for (int round = 0; round < effort.of(3, 1); round++) {
      rival(effort, c, place, file, size);
      own.run();
      qemu(effort, qemu, file, size);
    }
    rival(effort, c, place, file, size);
    place.remove(file);
    Figure figure =
        new Figure(
            "map." + place.name() + "." + Words.size(size).replace(" ", ""),
            "map and unmap " + Words.size(size) + " sparse, " + place.name(),
            Unit.TIME,
            own.time);
    if (place.isDisk()) {
      findings.add(
          figure.beside("C with the same fsyncs", c, Limit.atMost(3)).beside("QEMU", qemu));
    } else {
      findings.add(
          figure.must(Limit.atMost(120e3)).beside("C", c).beside("QEMU", qemu, Limit.atMost(0.3)));
    }
  }

  private static void rival(Effort effort, Sample c, Place place, Path file, long size)
      throws Exception {
    Rival rival = new Rival("map");
    int times = effort.of(500, 200);
    c.addAll(
        (place.isDisk() ? rival.run(file, size, times, "fsync") : rival.run(file, size, times))
            .getOrDefault("map", List.of()));
  }

  private static void qemu(Effort effort, Sample sample, Path file, long size) throws Exception {
    if (Qemu.version().isEmpty()) {
      return;
    }
    try (Qemu qemu = new Qemu("-machine", "none")) {
      double nothing = 2 * qemu.roundTrip();
      for (int i = 0; i < effort.of(200, 60); i++) {
        sample.add(qemu.add(file, size, ",\"reserve\":false") + qemu.remove() - nothing);
      }
    }
  }
}
