package holdfast.itest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;

/**
 * What this process and its framework hold at one moment, to be compared with another one.
 *
 * @param descriptors the files that are open, without the numbers in their names
 * @param threads the names of the threads of Holdfast and of the tests
 * @param bundles symbolic names and states
 * @param services how many services there are of each type
 */
record Footprint(
    Map<String, Long> descriptors,
    Map<String, Long> threads,
    Map<String, Long> bundles,
    Map<String, Long> services) {
  private static final Path MAPS = Path.of("/proc/self/maps");
  private static final Path DESCRIPTORS = Path.of("/proc/self/fd");

  /** Looks at it now. */
  static Footprint now(BundleContext context) {
    return new Footprint(
        count(openFiles(), Footprint::withoutNumbers),
        count(ourThreads(), Function.identity()),
        count(
            Arrays.asList(context.getBundles()),
            bundle -> bundle.getSymbolicName() + " " + state(bundle)),
        count(services(context), Function.identity()));
  }

  /** In what this one differs from one taken before, a sentence each. */
  List<String> differencesFrom(Footprint before) {
    List<String> differences = new ArrayList<>();
    compare("descriptor", before.descriptors, descriptors, differences);
    compare("thread", before.threads, threads, differences);
    compare("bundle", before.bundles, bundles, differences);
    compare("service", before.services, services, differences);
    return differences;
  }

  private static void compare(
      String kind, Map<String, Long> before, Map<String, Long> now, List<String> differences) {
    Set<String> names = new TreeSet<>(before.keySet());
    names.addAll(now.keySet());
    for (String name : names) {
      long then = before.getOrDefault(name, 0L);
      long present = now.getOrDefault(name, 0L);
      if (then != present) {
        differences.add(kind + " " + name + ": " + present + ", before: " + then);
      }
    }
  }

  /** How many mappings the process has, whoever made them. */
  static int mappings() {
    return mapped().size();
  }

  /** The lines of {@code /proc/self/maps} about files in a folder. */
  static List<String> mappedFrom(Path folder) {
    return mapped().stream().filter(line -> line.contains(" " + folder + "/")).toList();
  }

  /** The open files in a folder. */
  static List<String> openIn(Path folder) {
    return openFiles().stream().filter(file -> file.startsWith(folder + "/")).toList();
  }

  /**
   * The lines of {@code /proc/self/maps} that are a window's: the mapping of exactly these
   * addresses, or its guard page, one page behind them that nobody can access.
   */
  static List<String> windowOf(MemorySegment segment) {
    long end = segment.address() + segment.byteSize();
    String window = Long.toHexString(segment.address()) + "-" + Long.toHexString(end) + " ";
    String guard = Long.toHexString(end) + "-" + Long.toHexString(end + 4096) + " ---p";
    return mapped().stream()
        .filter(line -> line.startsWith(window) || line.startsWith(guard))
        .toList();
  }

  private static List<String> mapped() {
    try {
      return Files.readAllLines(MAPS, StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<String> openFiles() {
    List<String> files = new ArrayList<>();
    try (Stream<Path> links = Files.list(DESCRIPTORS)) {
      for (Path link : links.toList()) {
        try {
          String file = Files.readSymbolicLink(link).toString();
          if (file.startsWith("/")) {
            files.add(file);
          }
        } catch (IOException closedMeanwhile) {
          // the descriptor of the listing itself, for one
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return files;
  }

  private static String withoutNumbers(String file) {
    return file.replaceAll("\\d+", "N");
  }

  private static List<String> ourThreads() {
    return Thread.getAllStackTraces().keySet().stream()
        .map(thread -> thread.getName().replaceFirst("@[0-9a-f]+$", "")) // one bundle's listener
        .filter(name -> name.startsWith("holdfast") || name.startsWith(GuestLoad.THREADS))
        .toList();
  }

  private static List<String> services(BundleContext context) {
    try {
      ServiceReference<?>[] all = context.getAllServiceReferences(null, null);
      return all == null
          ? List.of()
          : Arrays.stream(all)
              .filter(reference -> isOurs(reference.getBundle()))
              .map(reference -> Arrays.toString((String[]) reference.getProperty("objectClass")))
              .filter(types -> !types.contains("ManagedService")) // made and dropped on demand
              .toList();
    } catch (InvalidSyntaxException e) {
      throw new AssertionError(e);
    }
  }

  /** Whether a service's bundle, null if it has just gone, is one of Holdfast's. */
  private static boolean isOurs(Bundle bundle) {
    return bundle != null && bundle.getSymbolicName().startsWith("holdfast.");
  }

  private static String state(Bundle bundle) {
    return switch (bundle.getState()) {
      case Bundle.ACTIVE, Bundle.STARTING -> "started";
      default -> "stopped";
    };
  }

  private static <T> Map<String, Long> count(Collection<T> all, Function<T, String> name) {
    return all.stream().collect(Collectors.groupingBy(name, TreeMap::new, Collectors.counting()));
  }
}
