package holdfast.host.linux.internal.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Composed request numbers, against the kernel's headers of each family. */
class IoctlNumbersTest {

  @ParameterizedTest
  @CsvSource({
    "amd64,   0x0000AA00, 0x8010AA01, 0xC018AA3F",
    "aarch64, 0x0000AA00, 0x8010AA01, 0xC018AA3F",
    "s390x,   0x0000AA00, 0x8010AA01, 0xC018AA3F",
    "riscv64, 0x0000AA00, 0x8010AA01, 0xC018AA3F",
    "ppc64le, 0x2000AA00, 0x4010AA01, 0xC018AA3F",
    "sparcv9, 0x2000AA00, 0x4010AA01, 0xC018AA3F",
    "mips64,  0x2000AA00, 0x4010AA01, 0xC018AA3F",
    "alpha,   0x2000AA00, 0x4010AA01, 0xC018AA3F",
    "parisc,  0x0000AA00, 0x4010AA01, 0xC018AA3F"
  })
  @DisplayName("directions and their places are each family's own: _IO, _IOR of 16, _IOWR of 24")
  void numbersOfTheFamilies(String architecture, String io, String ior, String iowr) {
    IoctlNumbers numbers = new IoctlNumbers(LinuxArchitectures.family(architecture).orElseThrow());
    assertEquals(Long.decode(io), numbers.io(0xAA, 0));
    assertEquals(Long.decode(ior), numbers.ior(0xAA, 1, 16));
    assertEquals(Long.decode(iowr), numbers.iowr(0xAA, 0x3F, 24));
  }
}
