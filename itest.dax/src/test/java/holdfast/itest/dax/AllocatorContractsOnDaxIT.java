package holdfast.itest.dax;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * The contract of all allocators, with files on real DAX: the modules' own tests, skipped on a host
 * that has none, run in the guest. Their report is one of those that {@code ./check} sums up.
 */
@NeedsGuest
@DisplayName("the contract suites that need real DAX")
class AllocatorContractsOnDaxIT {
  private static final List<String> SUITES =
      List.of(
          "holdfast.backend.dax.internal.DaxAllocatorOnDaxTest",
          "holdfast.backend.file.internal.FileAllocatorOnDaxTest");

  private static final int LEAST_TESTS = 100;

  private static final Pattern COUNTS =
      Pattern.compile("tests=\"(\\d+)\" skipped=\"(\\d+)\" failures=\"(\\d+)\" errors=\"(\\d+)\"");

  private static final int NVDIMM_MIB = 512;

  @Test
  @DisplayName("both allocators keep the contract on ext4 with DAX")
  void contractsHold() throws IOException, InterruptedException {
    Nvdimm nvdimm = Nvdimm.create("contracts", NVDIMM_MIB);
    try (Guest guest = Guest.boot(nvdimm)) {
      guest.run(DaxFileSystem.EXT4.make()).lines();

      Guest.Ended ended =
          guest.run(Build.tests("/run/session/reports", DaxFileSystem.FOLDER, SUITES));

      Path file = guest.session().resolve("reports/TEST-junit-jupiter.xml");
      assertTrue(Files.exists(file), () -> ended.out() + ended.err());
      String report = Files.readString(file);
      Matcher counts = COUNTS.matcher(report);
      assertTrue(counts.find(), () -> "no counts in " + file);
      System.out.printf(
          "contract suites on %s: %s tests, %s of them skipped, %s failures, %s errors%n",
          DaxFileSystem.EXT4, counts.group(1), counts.group(2), counts.group(3), counts.group(4));
      assertTrue(Integer.parseInt(counts.group(1)) > LEAST_TESTS, ended::out);
      assertEquals("0 0", counts.group(3) + " " + counts.group(4), ended::out);
      assertFalse(report.contains("no DAX file system here"), "skipped as on a host without DAX");
    } finally {
      nvdimm.delete();
    }
  }
}
