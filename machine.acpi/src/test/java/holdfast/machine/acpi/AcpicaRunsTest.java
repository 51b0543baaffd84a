package holdfast.machine.acpi;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.ByteSize;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.MemoryDevice;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Runs the SSDT's methods. The interpreter has plain memory in the places of the page and the port,
 * so nobody answers: where an answer is wanted the one store to the port is replaced, in the
 * product's own bytes, by a call of {@code \RING}, which is the host's side in ASL.
 */
@NeedsAcpica
@DisplayName("ACPICA's interpreter runs the SSDT's methods")
class AcpicaRunsTest {
  private static final GuestAddress PAGE = new GuestAddress(0x1FF0_0000);
  private static final byte[] STORE_TO_PORT = ascii("pMEMANTFI");
  private static final byte[] CALL_OF_RING = ascii("\\RING\u00A3\u00A3\u00A3\u00A3");
  private static final Pattern INTEGER = Pattern.compile("\\[Integer\\] = ([0-9A-F]+)");
  private static final int SLOTS = 256;

  @TempDir private Path folder;

  private static byte[] ascii(String text) {
    return text.getBytes(ISO_8859_1);
  }

  private static NvdimmTables tables(int nvdimms) {
    List<MemoryDevice> devices =
        IntStream.range(0, nvdimms)
            .<MemoryDevice>mapToObj(
                slot -> TestDevice.nvdimm(slot, (1L + slot) << 32, ByteSize.gib(4)))
            .toList();
    return NvdimmTables.of(NvdimmPlatform.of(SLOTS, PAGE).withEvents(4, 5), devices);
  }

  private static byte[] ssdt() {
    return tables(0).ssdt().orElseThrow().toArray(ValueLayout.JAVA_BYTE);
  }

  private static byte[] withRing(byte[] table) {
    int found = 0;
    for (int at = 0; at <= table.length - STORE_TO_PORT.length; at++) {
      if (ByteBuffer.wrap(table, at, STORE_TO_PORT.length).equals(ByteBuffer.wrap(STORE_TO_PORT))) {
        System.arraycopy(CALL_OF_RING, 0, table, at, CALL_OF_RING.length);
        found++;
      }
    }
    assertEquals(1, found, "stores to the port");
    table[9] = 0;
    byte sum = 0;
    for (byte each : table) {
      sum += each;
    }
    table[9] = (byte) -sum;
    return table;
  }

  private void source(String name, String... substitutes) throws IOException {
    try (InputStream in =
        Objects.requireNonNull(AcpicaRunsTest.class.getResourceAsStream(name + ".asl"))) {
      String text = new String(in.readAllBytes(), UTF_8);
      for (int i = 0; i < substitutes.length; i += 2) {
        text = text.replace("@" + substitutes[i] + "@", substitutes[i + 1]);
      }
      Files.writeString(folder.resolve(name + ".dsl"), text);
    }
  }

  private static String hex(byte... bytes) {
    return IntStream.range(0, bytes.length)
        .mapToObj(i -> "0x%02X".formatted(bytes[i]))
        .collect(Collectors.joining(", "));
  }

  /** Runs a test in ASL; each line is a statement, or begins with "check" and is to be true. */
  private void run(byte[] ssdt, int slot, int revision, byte[] fit, String test)
      throws IOException, InterruptedException {
    Acpica acpica = new Acpica(folder);
    source("dsdt", "REVISION", "" + revision);
    String body =
        IntStream.range(0, (int) test.lines().count())
            .mapToObj(
                i -> {
                  String line = test.lines().toList().get(i);
                  return line.startsWith("check ")
                      ? "If (!(%s)) { Return (%d) }".formatted(line.substring(6), i + 1)
                      : line;
                })
            .collect(Collectors.joining("\n"));
    source(
        "host",
        "PAGE",
        "0x%X".formatted(PAGE.value()),
        "FIT",
        hex(fit),
        "TEST",
        body,
        "DEVICE",
        "NV%02X".formatted(slot));
    Files.write(folder.resolve("dsdt.aml"), acpica.compile("dsdt"));
    Files.write(folder.resolve("host.aml"), acpica.compile("host"));
    Files.write(folder.resolve("ssdt.aml"), ssdt);

    String said = acpica.evaluate("\\TEST", "dsdt.aml", "host.aml", "ssdt.aml");

    Matcher result = INTEGER.matcher(said);
    assertTrue(result.find(), said);
    int line = Integer.parseUnsignedInt(result.group(1), 16);
    assertEquals(0, line, () -> "not true: " + test.lines().toList().get(line - 1) + "\n" + said);
  }

  @ParameterizedTest(name = "with integers of a DSDT of revision {0}")
  @ValueSource(ints = {1, 2})
  @DisplayName("a request is in the page, and the page's address in the port")
  void request(int revision) throws IOException, InterruptedException {
    // Nobody answers: what is read as the answer's length is the handle, and 40 is one.
    run(
        ssdt(),
        39,
        revision,
        new byte[1],
        """
        Local0 = \\_SB.NVDR.NV27._DSM (DEVU, 0, 12, Package () { Buffer () { 1, 2, 3, 4, 5 } })
        check THDL == 40
        check TREV == 0
        check TFUN == 12
        check Mid (TARG, 0, 8) == Buffer (8) { 1, 2, 3, 4, 5 }
        check PORT == 0x1FF00000
        check ObjectType (Local0) == 3
        check SizeOf (Local0) == 36
        check Mid (Local0, 0, 12) == Buffer (12) { 0, 0, 0, 0, 12, 0, 0, 0, 1, 2, 3, 4 }
        Local0 = \\_SB.NVDR.NV27._LSW (0x12345678, 3, Buffer (3) { 9, 8, 7 })
        check Local0 == 1
        check THDL == 40
        check TREV == 1
        check TFUN == 6
        check Mid (TARG, 0, 16) == Buffer (16) { 0x78, 0x56, 0x34, 0x12, 3, 0, 0, 0, 9, 8, 7 }
        Local0 = \\_SB.NVDR.NV27._LSR (0xFFFFFFFF, 0x80000000)
        check TFUN == 5
        check Mid (TARG, 0, 12) == Buffer (12) { 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0x80 }
        check DerefOf (Local0 [0]) == 1
        Local0 = \\_SB.NVDR.NV27._LSI ()
        check TFUN == 4
        check DerefOf (Local0 [0]) == 1
        check SizeOf (\\_SB.NVDR._FIT ()) == 0
        check THDL == 0x10000
        """);
  }

  @ParameterizedTest(name = "with integers of a DSDT of revision {0}")
  @ValueSource(ints = {1, 2})
  @DisplayName("_DSM: the answer is what the host gave; another interface has no functions")
  void functions(int revision) throws IOException, InterruptedException {
    run(
        withRing(ssdt()),
        255,
        revision,
        new byte[1],
        """
        check \\_SB.NVDR.NVFF._DSM (DEVU, 1, 0, Package () {}) == Buffer (4) { 0x71 }
        check LHDL == 256
        check LREV == 1
        check \\_SB.NVDR.NVFF._DSM (DEVU, 2, 4, Package () {}) == Buffer (4) { 1 }
        check \\_SB.NVDR.NVFF._DSM (DEVU, 1, 7, Package () {}) == Buffer (4) { 1 }
        Local0 = Package () { Buffer () { 0, 0, 0, 0, 4, 0, 0, 0, 11, 12, 13, 14 } }
        check \\_SB.NVDR.NVFF._DSM (DEVU, 1, 6, Local0) == Buffer (4) {}
        Local0 = Package () { Buffer () { 1, 0, 0, 0, 2, 0, 0, 0 } }
        check \\_SB.NVDR.NVFF._DSM (DEVU, 1, 5, Local0) == Buffer () { 0, 0, 0, 0, 12, 13 }
        Local0 = Package () { Buffer () { 1, 0, 0, 0, 0, 0, 0, 0 } }
        check \\_SB.NVDR.NVFF._DSM (DEVU, 1, 5, Local0) == Buffer (4) {}
        check \\_SB.NVDR._DSM (ROTU, 1, 0, Package () {}) == Buffer (4) { 0x71 }
        check LHDL == 0
        check ASKD == 7
        check \\_SB.NVDR._DSM (DEVU, 1, 0, Package () {}) == Buffer () { 0 }
        check \\_SB.NVDR.NVFF._DSM (ROTU, 1, 0, Package () {}) == Buffer () { 0 }
        check \\_SB.NVDR.NVFF._DSM (ROTU, 1, 1, Package () {}) == Buffer (4) { 1 }
        check ASKD == 7
        """);
  }

  @Test
  @DisplayName("_DSM: arguments that are no package of one buffer are taken for none")
  void strangeArguments() throws IOException, InterruptedException {
    run(
        withRing(ssdt()),
        0,
        2,
        new byte[1],
        """
        Local1 = Buffer (4084) {}
        check \\_SB.NVDR.NV00._DSM (DEVU, 1, 7, 12) == Buffer (4) { 1 }
        check LARG == Local1
        check \\_SB.NVDR.NV00._DSM (DEVU, 1, 7, Buffer () { 5 }) == Buffer (4) { 1 }
        check LARG == Local1
        check \\_SB.NVDR.NV00._DSM (DEVU, 1, 7, Package () { 5 }) == Buffer (4) { 1 }
        check LARG == Local1
        check \\_SB.NVDR.NV00._DSM (DEVU, 1, 7, Package () { Buffer (0) {} }) == Buffer (4) { 1 }
        check LARG == Local1
        Local2 = Package () { Buffer () { 5 }, Buffer () { 6 } }
        check \\_SB.NVDR.NV00._DSM (DEVU, 1, 7, Local2) == Buffer (4) { 1 }
        check LARG == Local1
        check \\_SB.NVDR.NV00._DSM (DEVU, 1, 7, Package () { Buffer (5000) { 5 } }) == Buffer (4) { 1 }
        check DerefOf (LARG [0]) == 5
        check ASKD == 6
        """);
  }

  @ParameterizedTest(name = "with integers of a DSDT of revision {0}")
  @ValueSource(ints = {1, 2})
  @DisplayName("_LSI, _LSR and _LSW: a label is written and read, with ACPI's own status codes")
  void labels(int revision) throws IOException, InterruptedException {
    run(
        withRing(ssdt()),
        17,
        revision,
        new byte[1],
        """
        Local0 = \\_SB.NVDR.NV11._LSI ()
        check SizeOf (Local0) == 3
        check DerefOf (Local0 [0]) == 0
        check DerefOf (Local0 [1]) == 0x4000
        check DerefOf (Local0 [2]) == 4076
        check LHDL == 18
        check \\_SB.NVDR.NV11._LSW (0x3FF0, 5, Buffer () { 1, 2, 3, 4, 5 }) == 0
        Local0 = \\_SB.NVDR.NV11._LSR (0x3FEF, 7)
        check DerefOf (Local0 [0]) == 0
        check DerefOf (Local0 [1]) == Buffer () { 0, 1, 2, 3, 4, 5, 0 }
        Local0 = \\_SB.NVDR.NV11._LSR (0x3FEF, 0)
        check DerefOf (Local0 [0]) == 0
        check SizeOf (DerefOf (Local0 [1])) == 0
        Local1 = Buffer (4076) { 7 }
        check \\_SB.NVDR.NV11._LSW (16, 4076, Local1) == 0
        Local0 = \\_SB.NVDR.NV11._LSR (16, 4076)
        check DerefOf (Local0 [1]) == Local1
        Local0 = \\_SB.NVDR.NV11._LSR (0, 4077)
        check DerefOf (Local0 [0]) == 2
        check SizeOf (DerefOf (Local0 [1])) == 0
        check \\_SB.NVDR.NV11._LSW (0x3FFF, 2, Buffer () { 1, 2 }) == 2
        Local2 = ASKD
        check \\_SB.NVDR.NV11._LSW (0, 3, Buffer () { 1, 2 }) == 2
        check ASKD == Local2
        check \\_SB.NVDR.NV11._LSW (0, 1, Buffer () { 1, 2 }) == 0
        """);
  }

  @ParameterizedTest(name = "{0} becomes {1}")
  @CsvSource({"1, 1", "2, 1", "3, 2", "4, 4", "5, 1", "4294967295, 1"})
  @DisplayName("each status of _DSM becomes one of the label methods")
  void statusCodes(long status, int expected) throws IOException, InterruptedException {
    run(
        withRing(ssdt()),
        0,
        2,
        new byte[1],
        """
        FAIL = %1$d
        Local0 = \\_SB.NVDR.NV00._LSI ()
        check DerefOf (Local0 [0]) == %2$d
        Local0 = \\_SB.NVDR.NV00._LSR (0, 4)
        check DerefOf (Local0 [0]) == %2$d
        check SizeOf (DerefOf (Local0 [1])) == 0
        check \\_SB.NVDR.NV00._LSW (0, 1, Buffer () { 1 }) == %2$d
        check ASKD == 3
        """
            .formatted(status, expected));
  }

  @ParameterizedTest(name = "a length of {0}")
  @ValueSource(longs = {1, 3, 4, 4097, 0xFFFF_FFFFL})
  @DisplayName("an answer whose length can't be one is a failure, and no method is aborted")
  void wrongAnswers(long length) throws IOException, InterruptedException {
    run(
        withRing(ssdt()),
        0,
        2,
        new byte[1],
        """
        WRNG = %d
        Local0 = \\_SB.NVDR.NV00._LSI ()
        check DerefOf (Local0 [0]) == 1
        Local0 = \\_SB.NVDR.NV00._LSR (0, 4)
        check DerefOf (Local0 [0]) == 1
        check \\_SB.NVDR.NV00._LSW (0, 1, Buffer () { 1, 2 }) == 1
        check SizeOf (\\_SB.NVDR._FIT ()) == 0
        Local0 = \\_SB.NVDR.NV00._DSM (DEVU, 1, 4, Package () {})
        check ObjectType (Local0) == 3
        """
            .formatted(length));
  }

  @ParameterizedTest(name = "of {0} NVDIMMs")
  @ValueSource(ints = {1, 2, 256})
  @DisplayName("_FIT returns the structures of the NFIT, and begins again when they change")
  void fit(int nvdimms) throws IOException, InterruptedException {
    byte[] fit = tables(nvdimms).fit().toArray(ValueLayout.JAVA_BYTE);
    // One more request finds the end; told at the second that all has changed, it makes two more.
    int asked = (fit.length + FitChunk.MAX_BYTES - 1) / FitChunk.MAX_BYTES + 1;
    run(
        withRing(ssdt()),
        0,
        2,
        fit,
        """
        check \\_SB.NVDR._FIT () == FITB
        check ASKD == %d
        check LHDL == 0x10000
        check LREV == 1
        check LFUN == 1
        CHNG = 1
        check \\_SB.NVDR._FIT () == FITB
        check ASKD == %d
        """
            .formatted(asked, 2 * asked + 2));
  }

  @Test
  @DisplayName("the events notify the root device of another FIT, and each slot of health")
  void notifications() throws IOException, InterruptedException {
    Acpica acpica = new Acpica(folder);
    Files.write(folder.resolve("ssdt.aml"), ssdt());

    String fit = acpica.evaluate("\\_GPE._E04", "ssdt.aml");
    String health = acpica.evaluate("\\_GPE._E05", "ssdt.aml");

    assertTrue(Pattern.compile("Notify on \\[NVDR\\].*Value 0x80").matcher(fit).find(), fit);
    assertEquals(
        SLOTS,
        Pattern.compile("Notify on \\[NV[0-9A-F]{2}\\].*Value 0x81")
            .matcher(health)
            .results()
            .count(),
        health);
  }
}
