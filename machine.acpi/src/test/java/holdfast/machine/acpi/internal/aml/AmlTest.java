package holdfast.machine.acpi.internal.aml;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.HexFormat;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("AML")
class AmlTest {
  private static String hex(Aml aml) {
    return HexFormat.of().withUpperCase().formatHex(aml.toByteArray());
  }

  @ParameterizedTest(name = "a package of {0} bytes begins with {1}")
  @DisplayName("a length counts itself, in as few bytes as it can")
  @CsvSource({
    "0, 01",
    "62, 3F",
    "63, 4104",
    "4093, 4FFF",
    "4094, 810001",
    "65533, 800010",
    "1048572, 8FFFFF",
    "1048573, C1000001"
  })
  void lengths(int content, String length) {
    String block = hex(Aml.block(Aml.of(0x11), Aml.of(new byte[content])));

    assertEquals("11" + length, block.substring(0, 2 + length.length()));
    assertEquals(2 * (1 + content) + length.length(), block.length());
  }

  @ParameterizedTest(name = "a field of {0} bits: {1}")
  @DisplayName("a field's length does not count itself")
  @CsvSource({"32, 20", "63, 3F", "64, 4004", "32672, 80FA07"})
  void plainLengths(int bits, String length) {
    assertEquals(length, hex(Aml.plainLength(bits)));
  }

  @ParameterizedTest(name = "{0} is {1}")
  @DisplayName("a path has a prefix for two names, and another one for more")
  @CsvSource({
    "NVDR, 4E564452",
    "\\_SB, 5C5F53425F",
    "\\_SB.NVDR, 5C2E5F53425F4E564452",
    "\\_SB.NVDR.NV00, 5C2F035F53425F4E5644524E563030"
  })
  void paths(String path, String bytes) {
    assertEquals(bytes, hex(Aml.name(path)));
  }

  @Test
  @DisplayName("a name of more than four characters, or of none, is refused")
  void wrongNames() {
    assertThrows(IllegalArgumentException.class, () -> Aml.name("NVDIMM"));
    assertThrows(IllegalArgumentException.class, () -> Aml.name("\\_SB..NVDR"));
  }

  @ParameterizedTest(name = "{0} is {1}")
  @DisplayName("a number has the shortest encoding")
  @CsvSource({
    "0, 00",
    "1, 01",
    "2, 0A02",
    "255, 0AFF",
    "256, 0B0001",
    "65535, 0BFFFF",
    "65536, 0C00000100",
    "-1, 0CFFFFFFFF"
  })
  void numbers(int number, String bytes) {
    assertEquals(bytes, hex(Data.integer(number)));
  }
}
