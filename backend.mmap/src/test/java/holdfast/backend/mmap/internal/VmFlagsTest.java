package holdfast.backend.mmap.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.host.linux.HostLibc;
import holdfast.host.linux.KernelConstants;
import holdfast.host.linux.Libc;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VmFlagsTest {
  private static final String SMAPS =
      """
      7f0000000000-7f0000100000 rw-s 00000000 fe:00 42                         /pmem/a-b c: d
      Size:               1024 kB
      KernelPageSize:        4 kB
      AnonHugePages:         0 kB
      FilePmdMapped:         0 kB
      THPeligible:           0
      VmFlags: rd wr sh mr mw me ms sf dc hg\s
      7f0000100000-7f0000101000 ---p 00000000 00:00 0\s
      Size:                  4 kB
      VmFlags: mr mw me\s
      7f0000200000-7f0000300000 rw-p 00000000 00:00 0\s
      Size:               1024 kB
      ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
      VmFlags: ex\s
      """;

  @TempDir Path folder;

  private VmFlags at(long address) throws IOException {
    Path smaps = Files.writeString(folder.resolve("smaps"), SMAPS);
    VmFlags alone = Smaps.at(address, smaps);
    assertEquals(alone, Smaps.read(smaps).flags(address), "read with all others");
    return alone;
  }

  @Test
  @DisplayName("the flags are those of the mapping that holds the address: first byte, last, none")
  void theMappingThatHoldsTheAddress() throws IOException {
    String synchronous = "rd wr sh mr mw me ms sf dc hg";
    assertEquals(synchronous, at(0x7f0000000000L).text());
    assertEquals(synchronous, at(0x7f00000fffffL).text());
    assertEquals("mr mw me", at(0x7f0000100000L).text());
    assertEquals("ex", at(0xffffffffff600000L).text());
  }

  @Test
  @DisplayName("an address where nothing is mapped has no flags, nor has a kernel without them")
  void whereNothingIsShown() throws IOException {
    assertEquals("(not shown by this kernel)", at(0x7f0000101000L).text());
    assertEquals("(not shown by this kernel)", at(0x1000).text());
    assertEquals("(not shown by this kernel)", at(0x7f0000200000L).text());
  }

  @Test
  @DisplayName("sf is a word among the flags, not two letters somewhere")
  void sfIsAWord() {
    assertTrue(new VmFlags("rd wr sf").showsSync());
    assertTrue(new VmFlags("sf").showsSync());
    assertFalse(new VmFlags("rd wr sh").showsSync());
    assertFalse(new VmFlags("").showsSync());
    assertFalse(new VmFlags("(sf can't be read)").showsSync());
  }

  @Test
  @DisplayName("a file that can't be read is said to be so, and shows nothing")
  void anUnreadableFile() {
    VmFlags flags = Smaps.at(0x1000, folder.resolve("missing"));
    assertTrue(flags.text().contains("can't be read"), flags::text);
    assertFalse(flags.showsSync());
    assertEquals(flags, Smaps.read(folder.resolve("missing")).flags(0x1000));
  }

  @Test
  @DisplayName("of a real mapping of this process the real flags are read")
  void aRealMapping() throws Exception {
    Libc libc = HostLibc.instance();
    KernelConstants k = libc.constants();
    int flags = KernelConstants.MAP_PRIVATE | k.mapAnonymous();
    long size = 4 * libc.getpagesize();
    long address = libc.mmap(0, size, KernelConstants.PROT_READ, flags, -1, 0);
    try {
      libc.madvise(address, size, KernelConstants.MADV_DONTFORK);
      List<String> seen = List.of(VmFlags.at(address + 1).text().split(" "));
      assertTrue(seen.contains("rd") && seen.contains("dc"), seen::toString);
      assertFalse(seen.contains("wr"), seen::toString);
    } finally {
      libc.munmap(address, size);
    }
  }
}
