package holdfast.host.linux.internal.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Field;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The generated numbers, against what is known of the architectures from elsewhere. */
class LinuxFamilyTest {

  private static LinuxFamily family(String architecture) {
    return LinuxArchitectures.family(architecture).orElseThrow();
  }

  @ParameterizedTest
  @CsvSource({"alpha", "mips", "mips64", "mips64el", "mipsel", "parisc"})
  @DisplayName("MAP_SYNC is absent on alpha, mips and parisc")
  void mapSyncIsAbsent(String architecture) {
    LinuxFamily linux = family(architecture);
    assertFalse(linux.has(LinuxConstant.MAP_SYNC));
    assertEquals(0, linux.value(LinuxConstant.MAP_SYNC));
  }

  @Test
  @DisplayName("MAP_SYNC is 0x80000 on every other architecture")
  void mapSyncIsTheSameElsewhere() {
    int with = 0;
    for (String architecture : LinuxArchitectures.NAMES) {
      LinuxFamily linux = family(architecture);
      if (linux.has(LinuxConstant.MAP_SYNC)) {
        assertEquals(0x80000, linux.value(LinuxConstant.MAP_SYNC), architecture);
        with++;
      }
    }
    assertTrue(with >= 15, "on " + with);
  }

  @ParameterizedTest
  @CsvSource({"mips64el, MAP_HUGETLB", "parisc,   MAP_HUGETLB", "alpha,    MAP_STACK"})
  @DisplayName("where MAP_SYNC is absent, its number means something else")
  void itsNumberMeansSomethingElse(String architecture, LinuxConstant other) {
    assertEquals(0x80000, family(architecture).value(other));
  }

  /** Linux 6.12's uapi headers, as read in the kernel; one architecture per family. */
  @ParameterizedTest
  @CsvSource({
    "name,                amd64,    aarch64,  ppc64le,  sparcv9,  mips64,   alpha,    parisc",
    "MAP_SHARED,          1,        1,        1,        1,        1,        1,        1",
    "MAP_PRIVATE,         2,        2,        2,        2,        2,        2,        2",
    "MAP_SHARED_VALIDATE, 3,        3,        3,        3,        3,        3,        3",
    "MAP_TYPE,            0xf,      0xf,      0xf,      0xf,      0xf,      0xf,      0x2b",
    "MAP_ANONYMOUS,       0x20,     0x20,     0x20,     0x20,     0x800,    0x10,     0x10",
    "MAP_FIXED,           0x10,     0x10,     0x10,     0x10,     0x10,     0x100,    0x4",
    "MAP_FIXED_NOREPLACE, 0x100000, 0x100000, 0x100000, 0x100000, 0x100000, 0x200000, 0x100000",
    "MAP_NORESERVE,       0x4000,   0x4000,   0x40,     0x40,     0x400,    0x10000,  0x4000",
    "MAP_POPULATE,        0x8000,   0x8000,   0x8000,   0x8000,   0x10000,  0x20000,  0x10000",
    "MAP_STACK,           0x20000,  0x20000,  0x20000,  0x20000,  0x40000,  0x80000,  0x40000",
    "MAP_HUGETLB,         0x40000,  0x40000,  0x40000,  0x40000,  0x80000,  0x100000, 0x80000",
    "MAP_LOCKED,          0x2000,   0x2000,   0x80,     0x100,    0x8000,   0x8000,   0x2000",
    "MAP_HUGE_SHIFT,      26,       26,       26,       26,       26,       26,       26",
    "MAP_HUGE_1GB,    0x78000000,0x78000000,0x78000000,0x78000000,0x78000000,0x78000000,0x78000000",
    "MADV_DONTFORK,       10,       10,       10,       10,       10,       10,       10",
    "MADV_POPULATE_WRITE, 23,       23,       23,       23,       23,       23,       23",
    "MS_ASYNC,            1,        1,        1,        1,        1,        1,        2",
    "MS_INVALIDATE,       2,        2,        2,        2,        2,        4,        4",
    "MS_SYNC,             4,        4,        4,        4,        4,        2,        1",
    "MCL_ONFAULT,         4,        4,        0x8000,   0x8000,   4,        0x8000,   4",
    "O_CREAT,             0x40,     0x40,     0x40,     0x200,    0x100,    0x200,    0x100",
    "O_DIRECTORY,         0x10000,  0x4000,   0x4000,   0x10000,  0x10000,  0x8000,   0x1000",
    "O_NOFOLLOW,          0x20000,  0x8000,   0x8000,   0x20000,  0x20000,  0x10000,  0x80",
    "O_CLOEXEC,           0x80000,  0x80000,  0x80000,  0x400000, 0x80000,  0x200000, 0x200000",
    "F_RDLCK,             0,        0,        0,        1,        0,        1,        1",
    "F_WRLCK,             1,        1,        1,        2,        1,        2,        2",
    "MPOL_BIND,           2,        2,        2,        2,        2,        2,        2"
  })
  @DisplayName("the numbers that differ, and some that don't, are those of the kernel's source")
  void numbersOfTheKernel(
      String name,
      String amd64,
      String aarch64,
      String ppc64le,
      String sparcv9,
      String mips64,
      String alpha,
      String parisc) {
    String[] architectures = {
      "amd64", "aarch64", "ppc64le", "sparcv9", "mips64", "alpha", "parisc"
    };
    String[] numbers = {amd64, aarch64, ppc64le, sparcv9, mips64, alpha, parisc};
    for (int at = 0; at < numbers.length; at++) {
      if (name.equals("name")) {
        assertEquals(architectures[at], numbers[at]);
      } else {
        LinuxConstant constant = LinuxConstant.valueOf(name);
        LinuxFamily linux = family(architectures[at]);
        assertTrue(linux.has(constant), architectures[at]);
        assertEquals(Integer.decode(numbers[at]), linux.value(constant), architectures[at]);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "EAGAIN,     11, 11,  35,  11,  11",
    "ENOSYS,     38, 90,  78,  89, 251",
    "EOPNOTSUPP, 95, 45,  45, 122, 223",
    "EDQUOT,    122, 69,  69, 1133, 69",
    "ENOMEM,     12, 12,  12,  12,  12"
  })
  @DisplayName("error numbers are each architecture's own")
  void errorNumbers(LinuxErrno errno, int amd64, int sparcv9, int alpha, int mips, int parisc) {
    assertEquals(amd64, family("amd64").number(errno));
    assertEquals(sparcv9, family("sparcv9").number(errno));
    assertEquals(alpha, family("alpha").number(errno));
    assertEquals(mips, family("mips64el").number(errno));
    assertEquals(parisc, family("parisc").number(errno));
  }

  @ParameterizedTest
  @CsvSource({"amd64, 237", "aarch64, 235", "s390x, 268", "ppc64le, 259", "mips64el, 5227"})
  @DisplayName("mbind's number is each calling convention's own, and 0 where it is not known")
  void numberOfMbind(String architecture, int number) {
    assertEquals(number, LinuxArchitectures.mbind(architecture));
    assertEquals(0, LinuxArchitectures.mbind("vax"));
  }

  @ParameterizedTest
  @CsvSource({"amd64, 323", "aarch64, 282", "s390x, 355", "ppc64le, 364", "mips64el, 5317"})
  @DisplayName("so is userfaultfd's")
  void numberOfUserfaultfd(String architecture, int number) {
    assertEquals(number, LinuxArchitectures.userfaultfd(architecture));
    assertEquals(0, LinuxArchitectures.userfaultfd("vax"));
  }

  @Test
  @DisplayName("what all are said to have in common is what every family says")
  void commonConstantsAreCommon() throws IllegalAccessException {
    for (Field field : CommonConstants.class.getDeclaredFields()) {
      if (field.isSynthetic()) {
        continue; // a coverage agent's
      }
      for (String architecture : LinuxArchitectures.NAMES) {
        assertEquals(
            field.getInt(null), value(family(architecture), field.getName()), field.getName());
      }
    }
  }

  private static int value(LinuxFamily linux, String name) {
    for (LinuxErrno errno : LinuxErrno.values()) {
      if (errno.name().equals(name)) {
        return linux.number(errno);
      }
    }
    LinuxConstant constant = LinuxConstant.valueOf(name);
    assertTrue(linux.has(constant), name);
    return linux.value(constant);
  }

  @Test
  @DisplayName("an architecture that is not known has no family, and none is made up")
  void anUnknownArchitectureHasNoFamily() {
    assertEquals(Optional.empty(), LinuxArchitectures.family("vax"));
  }
}
