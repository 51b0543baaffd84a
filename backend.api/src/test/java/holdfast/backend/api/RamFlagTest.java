package holdfast.backend.api;

import static holdfast.backend.api.RamFlag.RAM_NORESERVE;
import static holdfast.backend.api.RamFlag.RAM_PMEM;
import static holdfast.backend.api.RamFlag.RAM_READONLY;
import static holdfast.backend.api.RamFlag.RAM_READONLY_FD;
import static holdfast.backend.api.RamFlag.RAM_SHARED;
import static holdfast.backend.api.RamFlag.RAM_SYNC;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Label;
import net.jqwik.api.Property;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class RamFlagTest {
  private static final Backing FILE = new Backing.File(Path.of("/pmem/nv"));
  private static final Backing ANONYMOUS = new Backing.Anonymous();

  @Property
  @Label("on a file any flags can be asked for but RAM_SYNC, which only the kernel grants")
  void anythingButSyncCanBeAskedOfAFile(@ForAll Set<RamFlag> flags) {
    boolean unwritable =
        flags.contains(RAM_SHARED)
            && flags.contains(RAM_READONLY_FD)
            && !flags.contains(RAM_READONLY);
    if (flags.contains(RAM_SYNC) || unwritable) {
      IllegalRamFlagsException refusal =
          assertThrows(IllegalRamFlagsException.class, () -> RamFlag.checkRequest(flags, FILE));
      assertEquals(flags, refusal.flags());
      assertFalse(refusal.reason().isBlank());
    } else {
      assertEquals(flags, RamFlag.checkRequest(flags, FILE));
    }
  }

  @Property
  @Label("anonymous memory can't be asked to be persistent or read-only")
  void anonymousMemoryHasNoFile(@ForAll Set<RamFlag> flags) {
    boolean legal =
        !flags.contains(RAM_SYNC)
            && !flags.contains(RAM_PMEM)
            && !flags.contains(RAM_READONLY)
            && !flags.contains(RAM_READONLY_FD);
    if (legal) {
      assertEquals(flags, RamFlag.checkRequest(flags, ANONYMOUS));
    } else {
      assertThrows(IllegalRamFlagsException.class, () -> RamFlag.checkRequest(flags, ANONYMOUS));
    }
  }

  @Property
  @Label("obtained is at most what was requested, and RAM_SYNC with RAM_SHARED and RAM_PMEM")
  void obtainedIsAtMostWhatWasRequested(
      @ForAll Set<RamFlag> requested, @ForAll Set<RamFlag> obtained) {
    EnumSet<RamFlag> unasked = EnumSet.noneOf(RamFlag.class);
    unasked.addAll(obtained);
    unasked.removeAll(requested);
    unasked.remove(RAM_SYNC);
    boolean legal =
        unasked.isEmpty()
            && (!obtained.contains(RAM_SYNC) || obtained.containsAll(Set.of(RAM_SHARED, RAM_PMEM)));
    if (legal) {
      assertEquals(obtained, RamFlag.checkObtained(requested, obtained));
    } else {
      assertThrows(
          IllegalRamFlagsException.class, () -> RamFlag.checkObtained(requested, obtained));
    }
  }

  @Test
  @DisplayName("the set that comes back is a copy, from an empty list too")
  void theSetIsACopy() {
    EnumSet<RamFlag> mine = EnumSet.of(RAM_SHARED);
    EnumSet<RamFlag> checked = RamFlag.checkRequest(mine, FILE);
    assertNotSame(mine, checked);
    mine.add(RAM_NORESERVE);
    assertEquals(EnumSet.of(RAM_SHARED), checked);
    assertEquals(EnumSet.noneOf(RamFlag.class), RamFlag.checkRequest(List.of(), FILE));
  }

  @Test
  @DisplayName("a refusal says the set and the reason, and hands out copies of the set")
  void aRefusalSaysTheSetAndTheReason() {
    IllegalRamFlagsException refusal =
        assertThrows(
            IllegalRamFlagsException.class,
            () -> RamFlag.checkRequest(List.of(RAM_SHARED, RAM_SYNC), FILE));
    assertEquals("[RAM_SHARED, RAM_SYNC]: " + refusal.reason(), refusal.getMessage());
    refusal.flags().clear();
    assertTrue(refusal.flags().contains(RAM_SYNC));
  }
}
