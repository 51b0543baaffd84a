package holdfast.bench;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What each further nvdimm costs at the start. */
final class Many implements Part {
  private static final List<Integer> COUNTS = List.of(1, 16, 64, 256);
  private static final String SIZE = "1M";

  @Override
  public void measure(Effort effort, Findings findings) throws Exception {
    Path memory = Path.of("/dev/shm");
    Path quit = new Place("tmpfs", memory).file("quit");
    Files.writeString(quit, "{\"execute\":\"qmp_capabilities\"}\n{\"execute\":\"quit\"}\n");
    List<Nvdimms> all = COUNTS.stream().map(count -> Nvdimms.of(count, quit)).toList();
    boolean hasQemu = Qemu.version().isPresent();
    for (int round = 0; round < effort.of(5, 2); round++) {
      for (Nvdimms one : all) {
        one.own.run();
        if (hasQemu) {
          one.qemu.run();
        }
      }
    }
    for (Nvdimms one : all) {
      findings.add(
          new Figure(
                  "many." + one.count,
                  "-probe json with " + Words.count(one.count, "nvdimm") + ": CPU time",
                  Unit.TIME,
                  one.own.cpu)
              .beside("QEMU, start to quit", one.qemu.cpu));
    }
    for (int at = 1; at < all.size(); at++) {
      Nvdimms less = all.get(at - 1);
      Nvdimms more = all.get(at);
      int difference = more.count - less.count;
      findings.add(
          new Figure(
                  "many.each." + more.count,
                  "each further nvdimm, from " + less.count + " to " + more.count + ": CPU time",
                  Unit.TIME,
                  Spawned.each(less.own, more.own, difference))
              .in("CPU time of each further nvdimm")
              .must(Limit.atMost(2e6))
              .beside("QEMU", Spawned.each(less.qemu, more.qemu, difference)));
    }
  }

  /** The start of a machine with so many nvdimms. */
  private record Nvdimms(int count, Spawned own, Spawned qemu) {
    private static Nvdimms of(int count, Path quit) {
      return new Nvdimms(
          count,
          Spawned.toItsEnd(holdfast(count)),
          Spawned.reading(quit, Qemu.command(machine(count))));
    }
  }

  private static List<String> holdfast(int count) {
    List<String> command = new ArrayList<>(Start.holdfast("-probe", "json"));
    command.addAll(machine(count));
    return command;
  }

  private static List<String> machine(int count) {
    List<String> options = new ArrayList<>();
    options.addAll(List.of("-machine", "pc,nvdimm=on", "-m", "16M,slots=256,maxmem=8G"));
    for (int number = 0; number < count; number++) {
      options.add("-object");
      options.add("memory-backend-memfd,id=m" + number + ",share=on,size=" + SIZE);
      options.add("-device");
      options.add("nvdimm,id=nv" + number + ",memdev=m" + number);
    }
    return options;
  }
}
