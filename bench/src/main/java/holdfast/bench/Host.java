package holdfast.bench;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Looks at the machine that is measured on. */
final class Host {
  private Host() {}

  /** Returns its name and what it has, in the order in which it is to be read. */
  static Map<String, Object> describe() throws IOException {
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("kernel", Words.firstLine("uname", "-srm").orElse("unknown"));
    facts.put("CPU", cpu());
    facts.put("processors", "" + Runtime.getRuntime().availableProcessors());
    facts.put("memory", Unit.BYTES.show(memory()));
    facts.put("tmpfs", fileSystem(Path.of("/dev/shm")));
    facts.put("disk", fileSystem(Place.disk()));
    facts.put("JDK", System.getProperty("java.vendor.version", System.getProperty("java.version")));
    facts.put("C compiler", Words.firstLine("cc", "--version").orElse("none"));
    facts.put("QEMU", Qemu.version().orElse("none"));
    facts.put(
        "libpmem",
        System.getProperty("holdfast.bench.libpmem", "").isEmpty()
            ? "none"
            : System.getProperty("holdfast.bench.libpmem", ""));
    return facts;
  }

  private static String fileSystem(Path folder) throws IOException {
    FileStore store = Files.getFileStore(folder);
    return store.type() + ", " + Unit.BYTES.show(store.getUsableSpace()) + " free";
  }

  private static String cpu() throws IOException {
    Map<String, String> facts = new LinkedHashMap<>();
    for (String line : Files.readAllLines(Path.of("/proc/cpuinfo"))) {
      int colon = line.indexOf(':');
      if (colon > 0) {
        facts.putIfAbsent(line.substring(0, colon).strip(), line.substring(colon + 1).strip());
      }
    }
    return facts.getOrDefault("model name", System.getProperty("os.arch"))
        + (facts.containsKey("model") ? ", model " + facts.get("model") : "")
        + (facts.getOrDefault("flags", "").contains("hypervisor") ? ", in a virtual machine" : "");
  }

  private static double memory() throws IOException {
    return Files.readAllLines(Path.of("/proc/meminfo")).stream()
            .filter(line -> line.startsWith("MemTotal:"))
            .map(line -> line.replaceAll("[^0-9]", ""))
            .mapToDouble(Double::parseDouble)
            .findFirst()
            .orElse(0)
        * 1024;
  }

  /** Returns how many threads wanted a processor in the last minute. */
  static double load() throws IOException {
    String load = Files.readString(Path.of("/proc/loadavg")).split(" ")[0];
    return Double.parseDouble(load);
  }
}
