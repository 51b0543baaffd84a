package holdfast.host.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.Stream;
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
    KernelConstants there = KernelConstants.of(architecture);
    assertEquals(
        Stream.of(
                fixed, noreplace, anonymous, noreserve, validate, sync, msSync, directory, nofollow)
            .map(Integer::decode)
            .toList(),
        numbers(there).subList(0, 9));
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
    assertEquals(numbers(KernelConstants.of("Linux", "amd64").withoutSync()), numbers(other));
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

  @ParameterizedTest
  @CsvSource({
    "amd64,     15, 12, 13, 14, 16, 17, 0100, 0200, 02000000, 010000000, 020200000, 04000",
    "aarch64,   15, 12, 13, 14, 16, 17, 0100, 0200, 02000000, 010000000, 020040000, 04000",
    "mips64el,  15, 12, 13, 14, 16, 17, 0x100, 0x400, 0x80000, 0x200000, 0x410000, 0x80",
    "alpha,     15, 12, 13, 14, 16, 17, 01000, 04000, 010000000, 040000000, 0100100000, 4",
    "sparcv9,   15, 12, 13, 14, 16, 17, 0x200, 0x800, 0x400000, 0x1000000, 0x2010000, 0x4000",
    "parisc,    68, 65, 66, 67, 69, 70, 0x100, 0x400, 0x200000, 0x400000, 0x801000, 0x10000"
  })
  @DisplayName("the advice and the flags of open(2), too, are those of the architecture asked for")
  void adviceAndFlagsOfOpen(
      String architecture,
      int nohugepage,
      int mergeable,
      int unmergeable,
      int hugepage,
      int dontdump,
      int dodump,
      String creat,
      String excl,
      String cloexec,
      String path,
      String tmpfile,
      String nonblock) {
    KernelConstants there = KernelConstants.of(architecture);
    assertEquals(
        List.of(nohugepage, mergeable, unmergeable, hugepage, dontdump, dodump),
        numbers(there).subList(9, 15));
    assertEquals(
        Stream.of(creat, excl, cloexec, path, tmpfile, nonblock).map(Integer::decode).toList(),
        numbers(there).subList(15, 21));
  }

  private static List<Integer> numbers(KernelConstants k) {
    return List.of(
        k.mapFixed(),
        k.mapFixedNoreplace(),
        k.mapAnonymous(),
        k.mapNoreserve(),
        k.mapSharedValidate(),
        k.mapSync(),
        k.msSync(),
        k.openDirectory(),
        k.openNofollow(),
        k.madvNohugepage(),
        k.madvMergeable(),
        k.madvUnmergeable(),
        k.madvHugepage(),
        k.madvDontdump(),
        k.madvDodump(),
        k.openCreat(),
        k.openExcl(),
        k.openCloexec(),
        k.openPath(),
        k.openTmpfile(),
        k.openNonblock());
  }
}
