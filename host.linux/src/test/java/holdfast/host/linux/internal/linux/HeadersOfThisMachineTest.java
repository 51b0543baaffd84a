package holdfast.host.linux.internal.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The committed numbers of this machine's architecture, against the headers installed here, with
 * the C compiler as the judge: it reads the headers and computes each value itself.
 */
class HeadersOfThisMachineTest {
  private static final String HEADERS =
      """
      #include <asm/errno.h>
      #include <asm/ioctl.h>
      #include <asm/unistd.h>
      #include <linux/falloc.h>
      #include <linux/fcntl.h>
      #include <linux/fs.h>
      #include <linux/magic.h>
      #include <linux/memfd.h>
      #include <linux/mempolicy.h>
      #include <linux/mman.h>
      #include <linux/stat.h>
      #include <linux/userfaultfd.h>
      """;

  @TempDir private static Path folder;

  @BeforeAll
  static void needsCompilerAndHeaders() {
    assumeTrue(
        Files.exists(Path.of("/usr/include/linux/mman.h")),
        "no kernel headers here: the Debian package linux-libc-dev has them");
    assumeTrue(
        LinuxArchitectures.NAMES.contains(System.getProperty("os.arch")),
        "this architecture is not known");
  }

  /** What the committed sources say of this machine; empty for what they say is absent. */
  private static Map<String, String> committed() {
    LinuxFamily linux = LinuxFamily.host();
    Map<String, String> numbers = new TreeMap<>();
    for (LinuxConstant constant : LinuxConstant.values()) {
      numbers.put(
          constant.name(), linux.has(constant) ? Integer.toString(linux.value(constant)) : "");
    }
    for (LinuxErrno errno : LinuxErrno.values()) {
      int number = linux.number(errno);
      numbers.put(errno.name(), number == 0 ? "" : Integer.toString(number));
    }
    int mbind = LinuxArchitectures.mbind(System.getProperty("os.arch"));
    numbers.put("__NR_mbind", Integer.toString(mbind));
    int userfaultfd = LinuxArchitectures.userfaultfd(System.getProperty("os.arch"));
    numbers.put("__NR_userfaultfd", Integer.toString(userfaultfd));
    addNewer(numbers);
    return numbers;
  }

  /** What was written down by hand, and requests as they are composed. */
  private static void addNewer(Map<String, String> numbers) {
    Map<String, Integer> newer =
        Map.of(
            "UFFD_FEATURE_WP_UNPOPULATED", HandWrittenConstants.UFFD_FEATURE_WP_UNPOPULATED,
            "UFFD_FEATURE_WP_ASYNC", HandWrittenConstants.UFFD_FEATURE_WP_ASYNC,
            "PAGE_IS_WRITTEN", HandWrittenConstants.PAGE_IS_WRITTEN,
            "PM_SCAN_WP_MATCHING", HandWrittenConstants.PM_SCAN_WP_MATCHING,
            "PM_SCAN_CHECK_WPASYNC", HandWrittenConstants.PM_SCAN_CHECK_WPASYNC);
    newer.forEach((name, number) -> numbers.put(name, Integer.toString(number)));
    IoctlNumbers ioctl = new IoctlNumbers(LinuxFamily.host());
    int words = Long.BYTES;
    Map<String, Long> requests =
        Map.of(
            "USERFAULTFD_IOC_NEW", ioctl.io(CommonConstants.USERFAULTFD_IOC, 0),
            "UFFDIO_API",
                ioctl.iowr(CommonConstants.UFFDIO, CommonConstants._UFFDIO_API, 3 * words),
            "UFFDIO_REGISTER",
                ioctl.iowr(CommonConstants.UFFDIO, CommonConstants._UFFDIO_REGISTER, 4 * words),
            "UFFDIO_UNREGISTER",
                ioctl.ior(CommonConstants.UFFDIO, CommonConstants._UFFDIO_UNREGISTER, 2 * words),
            "UFFDIO_WRITEPROTECT",
                ioctl.iowr(CommonConstants.UFFDIO, CommonConstants._UFFDIO_WRITEPROTECT, 3 * words),
            "PAGEMAP_SCAN",
                ioctl.iowr(
                    HandWrittenConstants.PAGEMAP_SCAN_TYPE,
                    HandWrittenConstants.PAGEMAP_SCAN_NR,
                    12 * words));
    requests.forEach((name, number) -> numbers.put(name, Long.toString(number)));
  }

  /**
   * What the compiler says.
   *
   * @param wrong a line for each claim that is not so
   * @param missing a line for each name that the headers, being older, don't have
   */
  private record Judgement(List<String> wrong, List<String> missing) {}

  private static Judgement judge(Map<String, String> numbers)
      throws IOException, InterruptedException {
    StringBuilder program = new StringBuilder(HEADERS);
    numbers.forEach(
        (name, number) -> {
          boolean enumerator = name.matches("MPOL_[A-EG-Z].*") && !name.startsWith("MPOL_MF_");
          if (number.isEmpty()) {
            program.append("#ifdef " + name + "\n#error " + name + " is not absent\n#endif\n");
          } else if (enumerator) {
            program.append(claim(name, number));
          } else {
            program.append("#ifdef " + name + "\n" + claim(name, number) + "#else\n");
            program.append("#warning " + name + " is missing\n#endif\n");
          }
        });
    Path source = Files.writeString(folder.resolve("claims.c"), program);
    Path words = folder.resolve("words");
    Process compiler;
    try {
      compiler =
          new ProcessBuilder("cc", "-std=gnu11", "-fsyntax-only", source.toString())
              .redirectErrorStream(true)
              .redirectOutput(words.toFile())
              .start();
    } catch (IOException e) {
      assumeTrue(false, "no C compiler here: " + e.getMessage());
      throw e;
    }
    assertTrue(compiler.waitFor(1, TimeUnit.MINUTES), "the C compiler doesn't end");
    Judgement judgement = new Judgement(new ArrayList<>(), new ArrayList<>());
    for (String line : Files.readAllLines(words, StandardCharsets.UTF_8)) {
      if (line.contains(": error: ")) {
        judgement.wrong.add(line);
      } else if (line.contains(": warning: ")) {
        judgement.missing.add(line);
      }
    }
    assertEquals(compiler.exitValue() != 0, !judgement.wrong.isEmpty(), judgement::toString);
    return judgement;
  }

  private static String claim(String name, String number) {
    return "_Static_assert((int) (" + name + ") == (int) (" + number + "LL), \"" + name + "\");\n";
  }

  @Test
  @DisplayName("the committed numbers are those of the headers installed here")
  void committedNumbersAreThoseOfTheHeaders() throws IOException, InterruptedException {
    Map<String, String> numbers = committed();
    assertTrue(numbers.size() > 200, "only " + numbers.size());
    Judgement judgement = judge(numbers);
    assertEquals(List.of(), judgement.wrong);
    assertTrue(judgement.missing.size() < numbers.size() / 10, judgement.missing::toString);
  }

  @Test
  @DisplayName("a wrong number and one too few are found, and a name without one is not believed")
  void wrongNumbersAreFound() throws IOException, InterruptedException {
    Judgement judgement =
        judge(new TreeMap<>(Map.of("MAP_FIXED", "3", "MPOL_BIND", "7", "EINVAL", "", "NONE", "1")));
    assertEquals(3, judgement.wrong.size(), judgement::toString);
    assertTrue(judgement.wrong.get(0).contains("EINVAL"), judgement::toString);
    assertTrue(judgement.wrong.get(1).contains("MAP_FIXED"), judgement::toString);
    assertTrue(judgement.wrong.get(2).contains("MPOL_BIND"), judgement::toString);
    assertEquals(1, judgement.missing.size(), judgement::toString);
    assertTrue(judgement.missing.getFirst().contains("NONE"), judgement::toString);
  }
}
