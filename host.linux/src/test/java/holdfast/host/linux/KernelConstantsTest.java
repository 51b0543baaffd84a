package holdfast.host.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The numbers, against those of the headers of Linux 6.12, and their names. */
class KernelConstantsTest {
  private static final KernelConstants X86 = KernelConstants.of("amd64");

  @ParameterizedTest
  @CsvSource({
    "amd64,       0x10, 0x100000, 0x20, 0x4000, 3, 0x80000, 4, 0x10000, 0x20000",
    "x86_64,      0x10, 0x100000, 0x20, 0x4000, 3, 0x80000, 4, 0x10000, 0x20000",
    "riscv64,     0x10, 0x100000, 0x20, 0x4000, 3, 0x80000, 4, 0x10000, 0x20000",
    "s390x,       0x10, 0x100000, 0x20, 0x4000, 3, 0x80000, 4, 0x10000, 0x20000",
    "loongarch64, 0x10, 0x100000, 0x20, 0x4000, 3, 0x80000, 4, 0x10000, 0x20000",
    "aarch64,     0x10, 0x100000, 0x20, 0x4000, 3, 0x80000, 4,  0x4000,  0x8000",
    "ppc64le,     0x10, 0x100000, 0x20,   0x40, 3, 0x80000, 4,  0x4000,  0x8000",
    "ppc64,       0x10, 0x100000, 0x20,   0x40, 3, 0x80000, 4,  0x4000,  0x8000",
    "arm,         0x10, 0x100000, 0x20, 0x4000, 3, 0x80000, 4,  0x4000,  0x8000",
    "sparcv9,     0x10, 0x100000, 0x20,   0x40, 3, 0x80000, 4, 0x10000, 0x20000",
    "mips64el,    0x10, 0x100000, 0x800, 0x400, 3,       0, 4, 0x10000, 0x20000",
    "alpha,      0x100, 0x200000, 0x10, 0x10000, 3,      0, 2,  0x8000, 0x10000",
    "parisc,       0x4, 0x100000, 0x10, 0x4000, 3,       0, 1,  0x1000,    0x80"
  })
  @DisplayName("each architecture has the numbers of its headers")
  void numbersOfTheHeaders(
      String architecture,
      String fixed,
      String noreplace,
      String anonymous,
      String noreserve,
      String validate,
      String sync,
      String msSync,
      String directory,
      String nofollow) {
    assertEquals(
        new KernelConstants(
            Integer.decode(fixed),
            Integer.decode(noreplace),
            Integer.decode(anonymous),
            Integer.decode(noreserve),
            Integer.decode(validate),
            Integer.decode(sync),
            Integer.decode(msSync),
            Integer.decode(directory),
            Integer.decode(nofollow)),
        KernelConstants.of(architecture));
  }

  @Test
  @DisplayName("an architecture whose numbers are not known is refused by name, not guessed")
  void anUnknownArchitectureIsRefused() {
    String sentence =
        assertThrows(UnsupportedOperationException.class, () -> KernelConstants.of("vax"))
            .getMessage();
    assertTrue(sentence.contains("'vax'") && sentence.contains("amd64, "), sentence);
    assertThrows(
        UnsupportedOperationException.class, () -> KernelConstants.of("Linux", "vax"), "vax");
  }

  @ParameterizedTest
  @CsvSource({"Mac OS X, aarch64", "FreeBSD, amd64", "AIX, ppc64", "FreeBSD, vax"})
  @DisplayName("a system other than Linux has neither flag, whatever the architecture")
  void otherSystemsHaveNeitherFlag(String system, String architecture) {
    KernelConstants other = KernelConstants.of(system, architecture);
    assertEquals(0, other.mapSync());
    assertEquals(0, other.mapSharedValidate());
    assertEquals(KernelConstants.of("Linux", "amd64").withoutSync(), other);
  }

  @ParameterizedTest
  @CsvSource({
    "0x01,     MAP_SHARED",
    "0x02,     MAP_PRIVATE",
    "0x11,     MAP_SHARED|MAP_FIXED",
    "0x80003,  MAP_SHARED_VALIDATE|MAP_SYNC",
    "0x80013,  MAP_SHARED_VALIDATE|MAP_SYNC|MAP_FIXED",
    "0x100001, MAP_SHARED|MAP_FIXED_NOREPLACE",
    "0x22,     MAP_PRIVATE|MAP_ANONYMOUS",
    "0x4032,   MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS|MAP_NORESERVE"
  })
  @DisplayName("flags are named as in mmap(2)")
  void namesOfFlags(String flags, String names) {
    assertEquals(names, X86.mapFlagNames(Integer.decode(flags)));
  }

  @Test
  @DisplayName("a host without MAP_SYNC has 0 for it and its companion, and names neither")
  void withoutSync() {
    KernelConstants without = X86.withoutSync();
    assertEquals(0, without.mapSync());
    assertEquals(0, without.mapSharedValidate());
    assertEquals(X86.mapFixed(), without.mapFixed());
    assertEquals(X86.openNofollow(), without.openNofollow());
    assertEquals("MAP_SHARED", without.mapFlagNames(1));
  }
}
