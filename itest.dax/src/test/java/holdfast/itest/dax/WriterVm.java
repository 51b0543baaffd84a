package holdfast.itest.dax;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** A virtual machine of the emulator under test, with the guest writer at work in its NVDIMMs. */
final class WriterVm {
  private static final Duration LIMIT = Duration.ofMinutes(4);

  private final Guest guest;
  private final List<NvdimmOption> nvdimms;
  private final LineSocket report;
  private final Guest.Running process;

  /**
   * What the writer said of a region at its start.
   *
   * @param visible how many of its bytes the guest sees
   * @param label how many of its bytes are label
   */
  record RegionLine(
      String id,
      String granularity,
      String obtained,
      String mmap,
      String vmFlags,
      String persist,
      long visible,
      long label) {

    /** What mmap(2) took and what the kernel shows: all of the evidence for MAP_SYNC. */
    void checkMapSyncInForce() {
      assertEquals("cache-line", granularity);
      assertTrue(obtained.contains("RAM_SYNC"), this::toString);
      assertEquals("MAP_SHARED_VALIDATE|MAP_SYNC: ok", mmap);
      assertTrue(List.of(vmFlags.split(" ")).contains("sf"), this::toString);
      assertTrue(persist.contains("pmem_deep_flush"), this::toString);
    }

    private static RegionLine of(List<String> f) {
      return new RegionLine(
          f.get(1),
          f.get(2),
          f.get(3),
          f.get(4),
          f.get(5),
          f.get(6),
          Long.parseLong(f.get(7)),
          Long.parseLong(f.get(8)));
    }
  }

  private WriterVm(
      Guest guest, List<NvdimmOption> nvdimms, LineSocket report, Guest.Running process) {
    this.guest = guest;
    this.nvdimms = nvdimms;
    this.report = report;
    this.process = process;
  }

  /**
   * Starts one.
   *
   * @param port the number of its report port
   * @param jar this module's executable jar
   * @param properties more {@code -D} options
   */
  static WriterVm start(
      Guest guest, int port, String jar, String properties, List<NvdimmOption> nvdimms)
      throws IOException, InterruptedException {
    StringBuilder command = new StringBuilder("mkdir /run/vm" + port + "; cd /run/vm" + port);
    command.append("; exec ");
    String reportTo = "-D" + GuestWriter.REPORT + "=/dev/holdfast/report" + port + " ";
    command.append(Build.writer(jar, reportTo + properties));
    command.append("-machine pc,nvdimm=on -m 128M,slots=8,maxmem=8G ");
    nvdimms.forEach(nvdimm -> command.append(nvdimm.arguments()));
    return new WriterVm(guest, nvdimms, guest.report(port), guest.start(command.toString()));
  }

  List<NvdimmOption> nvdimms() {
    return nvdimms;
  }

  /** Waits until it has reported that record. */
  void awaitRecord(long number) throws IOException, InterruptedException {
    await("record " + number, line -> line.startsWith("record\t" + number + "\t"));
  }

  /** Waits until it has reported a line that begins with that word. */
  void awaitLine(String word) throws IOException, InterruptedException {
    await("'" + word + "'", line -> line.startsWith(word));
  }

  /** Waits until it has reported a line that begins with one of these fields; returns it. */
  List<String> awaitAnyOf(String... words) throws IOException, InterruptedException {
    List<String> any = List.of(words);
    String line = await("any of " + any, l -> any.contains(l.split("\t", 2)[0]));
    return List.of(line.split("\t"));
  }

  private String await(String what, Predicate<String> wanted)
      throws IOException, InterruptedException {
    Optional<String> line =
        report.await(LIMIT, l -> wanted.test(l) || l.startsWith("failed") || l.startsWith("full"));
    if (line.isEmpty() || !wanted.test(line.get())) {
      throw guest.lost(
          "the writer did not report "
              + what
              + " but "
              + lastLines()
              + "; "
              + process.out()
              + process.err());
    }
    return line.get();
  }

  private List<String> lastLines() {
    List<String> lines = report.linesSoFar();
    return lines.subList(Math.max(0, lines.size() - 60), lines.size());
  }

  /** What came over its port, split into fields. */
  List<List<String>> lines() throws InterruptedException {
    return report.linesSoFar().stream().map(line -> List.of(line.split("\t"))).toList();
  }

  private Stream<List<String>> lines(String kind) throws InterruptedException {
    return lines().stream().filter(line -> line.getFirst().equals(kind));
  }

  RegionLine region(String id) throws InterruptedException {
    return lines("region")
        .map(RegionLine::of)
        .filter(region -> region.id().equals(id))
        .findFirst()
        .orElseGet(() -> fail("region " + id + " was not reported"));
  }

  /** The granularities that its records had, in order, each once. */
  List<String> granularities() throws InterruptedException {
    return lines("record").map(line -> line.get(2)).distinct().toList();
  }

  /** The number of the last record that it has reported. */
  long lastSoFar() throws InterruptedException {
    return lines("record").mapToLong(line -> Long.parseLong(line.get(1))).max().orElse(0);
  }

  /** The number of the last record that it reported, once its power has been cut. */
  long lastReported() throws InterruptedException {
    report.awaitEnd();
    return lastSoFar();
  }

  /** What it said on standard error. */
  List<String> warnings() throws IOException {
    return process.err();
  }
}
