package holdfast.backend.mmap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import holdfast.backend.api.BackendId;
import holdfast.backend.api.Backing;
import holdfast.backend.api.DurabilityException;
import holdfast.backend.api.DurabilityPolicy;
import holdfast.backend.api.Granularity;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.mmap.style.MappingStyle;
import holdfast.host.linux.Errno;
import holdfast.host.linux.KernelConstants;
import holdfast.host.testkit.Fault;
import holdfast.host.testkit.Fault.Harm;
import holdfast.host.testkit.FaultyLibc.SyncAnswer;
import holdfast.host.testkit.RecordedCall;
import holdfast.host.testkit.Storage;
import holdfast.host.testkit.SystemCall;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * When MAP_SYNC is passed to mmap(2), what happens when it is refused, and who is told. The flags
 * are those seen at the seam to libc.
 */
@Timeout(60)
class MapSyncTest {

  @Test
  @DisplayName(
      "MAP_SYNC is passed exactly for RAM_SHARED and RAM_PMEM, unless policy off, in a style that"
          + " attempts it; MAP_SHARED_VALIDATE goes with it and with nothing else")
  void mapSyncIsPassedExactlyWhenAskedFor() throws IOException, RamBlockException {
    try (Bench bench = new Bench(Storage.disk());
        LogCapture quiet = new LogCapture()) {
      Path path = bench.file("file");
      for (DurabilityPolicy policy : DurabilityPolicy.values()) {
        for (EnumSet<RamFlag> flags : combinations()) {
          for (MappingStyle style : List.of(Bench.KERNEL, bench.pmem)) {
            RamBlockSpec spec =
                RamBlockSpec.of(new BackendId("nv_be4"), new Backing.File(path), Bench.SIZE, flags)
                    .withPolicy(policy);
            bench.libc.forget();
            mapIfAllowed(bench, spec, style);
            boolean asked =
                flags.contains(RamFlag.RAM_SHARED)
                    && flags.contains(RamFlag.RAM_PMEM)
                    && policy != DurabilityPolicy.OFF
                    && style.attemptsSync();
            assertEquals(asked ? 1 : 0, syncs(bench).size(), spec + " in " + style);
            checkFlags(bench);
          }
        }
      }
    }
  }

  private static Set<EnumSet<RamFlag>> combinations() {
    Set<EnumSet<RamFlag>> all = new LinkedHashSet<>();
    for (boolean shared : new boolean[] {true, false}) {
      for (boolean pmem : new boolean[] {true, false}) {
        for (boolean readOnly : new boolean[] {true, false}) {
          EnumSet<RamFlag> flags = EnumSet.noneOf(RamFlag.class);
          addIf(flags, shared, RamFlag.RAM_SHARED);
          addIf(flags, pmem, RamFlag.RAM_PMEM);
          addIf(flags, readOnly, RamFlag.RAM_READONLY);
          all.add(flags);
        }
      }
    }
    return all;
  }

  private static void addIf(EnumSet<RamFlag> flags, boolean condition, RamFlag flag) {
    if (condition) {
      flags.add(flag);
    }
  }

  private static void mapIfAllowed(Bench bench, RamBlockSpec spec, MappingStyle style)
      throws RamBlockException {
    try {
      bench.mapper().map(spec, style).close();
    } catch (DurabilityException shortfall) {
      assertEquals(DurabilityPolicy.REQUIRE, spec.policy());
    }
  }

  /** MAP_SYNC and MAP_SHARED_VALIDATE together or neither, and never with memory of no file. */
  private static void checkFlags(Bench bench) {
    KernelConstants k = bench.libc.constants();
    for (RecordedCall made : bench.libc.made(SystemCall.MMAP)) {
      boolean sync = (made.mapFlags() & k.mapSync()) != 0;
      boolean validate = (made.mapFlags() & 0xF) == k.mapSharedValidate();
      boolean anonymous = (made.mapFlags() & k.mapAnonymous()) != 0;
      assertEquals(sync, validate, made::toString);
      assertFalse(sync && anonymous, made::toString);
    }
  }

  private static List<RecordedCall> syncs(Bench bench) {
    int sync = bench.libc.constants().mapSync();
    return bench.libc.made(SystemCall.MMAP).stream()
        .filter(made -> (made.mapFlags() & sync) != 0)
        .toList();
  }

  @Test
  @DisplayName("anonymous memory is never mapped with MAP_SYNC, whatever the style")
  void anonymousMemoryIsNeverMappedWithMapSync() throws IOException, RamBlockException {
    try (Bench bench = new Bench(Storage.disk())) {
      RamBlockSpec spec =
          RamBlockSpec.of(
              new BackendId("nv_be4"),
              new Backing.Anonymous(),
              Bench.SIZE,
              EnumSet.of(RamFlag.RAM_SHARED));
      bench.mapper().map(spec, bench.pmem).close();
      assertEquals(List.of(), syncs(bench));
    }
  }

  @Test
  @DisplayName("MAP_SYNC goes with MAP_FIXED only after a scratch address of the same file took it")
  void mapFixedIsNeverAskedAQuestion() throws IOException, RamBlockException {
    try (Bench bench = new Bench(Storage.simulatedDax());
        LogCapture quiet = new LogCapture()) {
      KernelConstants k = bench.libc.constants();
      RamBlock block = bench.mapper().map(Bench.pmemSpec(bench.file("file")), bench.pmem);
      block = bench.mapper().remap(block, Bench.KERNEL);
      block = bench.mapper().remap(block, bench.pmem);
      block.close();
      Object takenFor = null;
      int placed = 0;
      for (RecordedCall made : bench.libc.made(SystemCall.MMAP)) {
        boolean fixed = (made.mapFlags() & k.mapFixed()) != 0;
        boolean sync = (made.mapFlags() & k.mapSync()) != 0;
        Object fd = made.arguments().get(4);
        if (fixed) {
          assertEquals(sync, fd.equals(takenFor), made::toString);
          placed += sync ? 1 : 0;
          takenFor = null;
        } else if (sync) {
          takenFor = fd;
        }
      }
      assertEquals(2, placed);
    }
  }

  @Test
  @DisplayName(
      "with a real refusal (a disk without DAX) no live address is touched by MAP_SYNC at all")
  void aRefusedMapSyncNeverMeetsALiveAddress() throws IOException, RamBlockException {
    try (Bench bench = new Bench(Storage.disk());
        LogCapture quiet = new LogCapture()) {
      RamBlock block = bench.mapper().map(Bench.pmemSpec(bench.file("file")), Bench.KERNEL);
      bench.libc.forget();
      block = bench.mapper().remap(block, bench.pmem);
      block.close();
      assertEquals(1, syncs(bench).size());
      assertEquals(0L, syncs(bench).getFirst().arguments().getFirst());
      assertEquals(0, syncs(bench).getFirst().mapFlags() & bench.libc.constants().mapFixed());
    }
  }

  @Test
  @DisplayName("a refusal for any reason is followed by exactly one try without both flags")
  void aRefusalIsFollowedByOneTryWithoutBothFlags() throws IOException, RamBlockException {
    for (int errno :
        new int[] {
          Errno.EOPNOTSUPP, Errno.EINVAL, Errno.EACCES, Errno.ENOMEM, Errno.EAGAIN, Errno.EIO
        }) {
      try (Bench bench = new Bench(Storage.simulatedDax());
          LogCapture log = new LogCapture()) {
        refuseSync(bench, errno);
        try (RamBlock block = bench.mapper().map(Bench.pmemSpec(bench.file("file")), bench.pmem)) {
          assertEquals(EnumSet.of(RamFlag.RAM_SHARED, RamFlag.RAM_PMEM), block.obtained());
          assertEquals(Granularity.PAGE, block.durability().obtained());
          assertTrue(block.durability().reason().contains(Errnos.name(errno)));
          assertEquals(
              "MAP_SHARED_VALIDATE|MAP_SYNC: " + Errnos.name(errno),
              block.durability().evidence().mmap());
        }
        List<String> tries = namesOfFileMappings(bench);
        assertEquals(List.of("MAP_SHARED_VALIDATE|MAP_SYNC", "MAP_SHARED|MAP_FIXED"), tries);
        checkLog(log, errno);
      }
    }
  }

  private static void refuseSync(Bench bench, int errno) {
    bench.libc.with(Fault.ofMmapWith(bench.libc.constants().mapSync(), errno));
  }

  private static List<String> namesOfFileMappings(Bench bench) {
    KernelConstants k = bench.libc.constants();
    return bench.libc.made(SystemCall.MMAP).stream()
        .map(RecordedCall::mapFlags)
        .filter(flags -> (flags & k.mapAnonymous()) == 0)
        .map(k::mapFlagNames)
        .toList();
  }

  private static void checkLog(LogCapture log, int errno) {
    boolean warned = errno == Errno.EOPNOTSUPP;
    assertEquals(warned ? 1 : 0, log.complaints().size(), () -> log.complaints().toString());
    List<String> infos =
        log.at(Level.INFO).stream().filter(text -> text.contains("mmap(")).toList();
    assertEquals(warned ? 0 : 1, infos.size(), infos::toString);
    if (!warned) {
      assertTrue(infos.getFirst().contains(Errnos.name(errno)), infos::toString);
      assertTrue(infos.getFirst().contains("nv_be4"), infos::toString);
    }
  }

  @Test
  @DisplayName(
      "case 1b: a file without DAX gives the series' warning, with id, file and consequence")
  void aFileWithoutDaxGivesTheWarning() throws IOException, RamBlockException {
    try (Bench bench = new Bench(Storage.disk());
        LogCapture log = new LogCapture()) {
      Path path = bench.file("file");
      bench.mapper().map(Bench.pmemSpec(path), bench.pmem).close();
      assertEquals(1, log.complaints().size(), () -> log.complaints().toString());
      String warning = log.at(Level.WARN).getFirst();
      for (String words :
          List.of(
              "failed to validate with mapping flags: Operation not supported",
              "'nv_be4'",
              path.toString(),
              "without MAP_SYNC",
              "may be corrupt after a crash of the host")) {
        assertTrue(warning.contains(words), () -> "'" + warning + "' lacks '" + words + "'");
      }
    }
  }

  @Test
  @DisplayName("case 1a: a file on simulated DAX gives RAM_SYNC, proved by sf, and no warning")
  void aFileOnDaxGivesNoWarning() throws IOException, RamBlockException {
    try (Bench bench = new Bench(Storage.simulatedDax());
        LogCapture log = new LogCapture();
        RamBlock block = bench.mapper().map(Bench.pmemSpec(bench.file("file")), bench.pmem)) {
      assertEquals(
          EnumSet.of(RamFlag.RAM_SHARED, RamFlag.RAM_PMEM, RamFlag.RAM_SYNC), block.obtained());
      assertEquals(Granularity.CACHE_LINE, block.durability().obtained());
      assertFalse(block.durability().isShortfall());
      assertTrue(List.of(block.durability().evidence().vmFlags().split(" ")).contains("sf"));
      assertEquals(List.of(), log.complaints());
    }
  }

  @Test
  @DisplayName("case 2: any other combination gives no warning, on a disk without DAX")
  void anyOtherCombinationGivesNoWarning() throws IOException, RamBlockException {
    try (Bench bench = new Bench(Storage.disk());
        LogCapture log = new LogCapture()) {
      Path path = bench.file("file");
      for (MappingStyle style : List.of(Bench.KERNEL, bench.pmem)) {
        bench.mapper().map(Bench.spec(path, RamFlag.RAM_SHARED), style).close();
        bench.mapper().map(Bench.spec(path, RamFlag.RAM_PMEM), style).close();
        bench.mapper().map(Bench.spec(path), style).close();
        bench.mapper().map(Bench.pmemSpec(path).withPolicy(DurabilityPolicy.OFF), style).close();
      }
      assertEquals(List.of(), log.complaints());
    }
  }

  @Test
  @DisplayName("case 2: an architecture without MAP_SYNC passes neither flag and says nothing")
  void anArchitectureWithoutMapSyncSaysNothing() throws IOException, RamBlockException {
    try (Bench bench = new Bench(Storage.disk());
        LogCapture log = new LogCapture()) {
      bench.libc.withConstants(bench.libc.constants().withoutSync());
      try (RamBlock block = bench.mapper().map(Bench.pmemSpec(bench.file("file")), bench.pmem)) {
        assertEquals(Granularity.PAGE, block.durability().obtained());
        assertTrue(block.durability().reason().contains("no MAP_SYNC"));
      }
      assertEquals(List.of("MAP_SHARED|MAP_FIXED"), namesOfFileMappings(bench));
      assertEquals(List.of(), log.complaints());
    }
  }

  @Test
  @DisplayName("a block that wants MAP_SYNC from an allocator that makes none is told so, once")
  void aBlockInAStyleWithoutMapSyncIsTold() throws IOException, RamBlockException {
    try (Bench bench = new Bench(Storage.disk());
        LogCapture log = new LogCapture()) {
      bench.mapper().map(Bench.pmemSpec(bench.file("file")), Bench.KERNEL).close();
      assertEquals(1, log.complaints().size());
      assertFalse(log.complaints().getFirst().contains("failed to validate"));
    }
  }

  @Test
  @DisplayName("MAP_SYNC that was taken but does not show is no RAM_SYNC, and is told")
  void aMapSyncThatDoesNotShowIsNoRamSync() throws IOException, RamBlockException {
    try (Bench bench = new Bench(Storage.simulatedDax());
        LogCapture log = new LogCapture()) {
      bench.libc.withSync(SyncAnswer.TAKEN_IN_NAME_ONLY);
      try (RamBlock block = bench.mapper().map(Bench.pmemSpec(bench.file("file")), bench.pmem)) {
        assertFalse(block.obtained().contains(RamFlag.RAM_SYNC));
        assertEquals(Granularity.PAGE, block.durability().obtained());
        assertTrue(block.durability().reason().contains("don't show sf"));
      }
      assertEquals(1, log.complaints().size());
    }
  }

  @Test
  @DisplayName("tmpfs, which shows sf for a flag that it ignores, gives no RAM_SYNC")
  void tmpfsGivesNoRamSync() throws IOException, RamBlockException {
    try (Bench bench = new Bench(Storage.tmpfs());
        LogCapture quiet = new LogCapture();
        RamBlock block = bench.mapper().map(Bench.pmemSpec(bench.file("file")), bench.pmem)) {
      assertFalse(block.obtained().contains(RamFlag.RAM_SYNC));
      assertEquals(Granularity.NONE, block.durability().obtained());
    }
  }

  @Test
  @DisplayName("MAP_SYNC without a way to flush CPU caches is persisted by msync, and is told")
  void mapSyncWithoutACacheFlushIsToldAsPageGranularity() throws IOException, RamBlockException {
    try (Bench bench = new Bench(Storage.simulatedDax());
        LogCapture log = new LogCapture()) {
      MappingStyle style = MappingStyle.pmemWithoutFlush("dax", "there is none");
      try (RamBlock block = bench.mapper().map(Bench.pmemSpec(bench.file("file")), style)) {
        assertTrue(block.obtained().contains(RamFlag.RAM_SYNC));
        assertEquals(Granularity.PAGE, block.durability().obtained());
        bench.libc.forget();
        block.persist(0, 1);
        assertEquals(1, bench.libc.made(SystemCall.MSYNC).size());
      }
      assertEquals(1, log.complaints().size());
    }
  }

  @Test
  @DisplayName("policy require: no block and no warning where MAP_SYNC can't be had")
  void policyRequireRefusesWithoutAWarning() throws IOException {
    try (Bench bench = new Bench(Storage.disk());
        LogCapture log = new LogCapture()) {
      Path path = bench.folder.resolve("new");
      RamBlockSpec spec = Bench.pmemSpec(path).withPolicy(DurabilityPolicy.REQUIRE);
      DurabilityException refusal =
          assertThrows(DurabilityException.class, () -> bench.mapper().map(spec, bench.pmem));
      assertEquals(Granularity.CACHE_LINE, refusal.durability().requested());
      assertEquals(Granularity.PAGE, refusal.durability().obtained());
      assertEquals(
          "MAP_SHARED_VALIDATE|MAP_SYNC: EOPNOTSUPP", refusal.durability().evidence().mmap());
      assertEquals(List.of(), bench.leaks().leaks());
      assertEquals(Set.of(), bench.leaks().newFiles());
      assertEquals(List.of(), log.complaints());
    }
  }

  @Test
  @DisplayName("policy off: no attempt, no warning, and page granularity is no shortfall")
  void policyOffAsksForNothing() throws IOException, RamBlockException {
    try (Bench bench = new Bench(Storage.simulatedDax());
        LogCapture log = new LogCapture()) {
      RamBlockSpec spec = Bench.pmemSpec(bench.file("file")).withPolicy(DurabilityPolicy.OFF);
      try (RamBlock block = bench.mapper().map(spec, bench.pmem)) {
        assertEquals(List.of(), syncs(bench));
        assertEquals(Granularity.NONE, block.durability().requested());
        assertEquals(Granularity.PAGE, block.durability().obtained());
        assertFalse(block.durability().isShortfall());
      }
      assertEquals(List.of(), log.complaints());
    }
  }

  @Test
  @DisplayName(
      "MAP_SYNC taken on a scratch address and refused at the window is a refusal like any other")
  void mapSyncRefusedAtTheWindowFallsBack() throws IOException, RamBlockException {
    for (int errno : new int[] {Errno.EOPNOTSUPP, Errno.EAGAIN}) {
      for (Harm harm : Harm.values()) {
        try (Bench bench = new Bench(Storage.simulatedDax());
            LogCapture log = new LogCapture()) {
          KernelConstants k = bench.libc.constants();
          bench.libc.with(Fault.ofMmapWith(k.mapSync() | k.mapFixed(), errno).doing(harm));
          RamBlockSpec spec = Bench.pmemSpec(bench.file("file"));
          try (RamBlock block = bench.mapper().map(spec, bench.pmem)) {
            assertFalse(block.obtained().contains(RamFlag.RAM_SYNC));
            assertEquals(Granularity.PAGE, block.durability().obtained());
            assertEquals(
                "MAP_SHARED_VALIDATE|MAP_SYNC: " + Errnos.name(errno),
                block.durability().evidence().mmap());
          }
          assertEquals(errno == Errno.EOPNOTSUPP ? 1 : 0, log.complaints().size());
          assertEquals(errno == Errno.EOPNOTSUPP ? 0 : 1, log.at(Level.INFO).size());
        }
      }
    }
  }

  @Test
  @DisplayName("the same with policy require is refused, and nothing is left behind")
  void mapSyncRefusedAtTheWindowUnderPolicyRequire() throws IOException {
    try (Bench bench = new Bench(Storage.simulatedDax())) {
      KernelConstants k = bench.libc.constants();
      bench.libc.with(Fault.ofMmapWith(k.mapSync() | k.mapFixed(), Errno.EAGAIN).doing(Harm.DONE));
      RamBlockSpec spec = Bench.pmemSpec(bench.file("file")).withPolicy(DurabilityPolicy.REQUIRE);
      assertThrows(DurabilityException.class, () -> bench.mapper().map(spec, bench.pmem));
    }
  }

  @Test
  @DisplayName("a swap to less durability warns, a swap to more does not")
  void aSwapToLessDurabilityWarns() throws IOException, RamBlockException {
    try (Bench bench = new Bench(Storage.simulatedDax())) {
      RamBlock block = bench.mapper().map(Bench.pmemSpec(bench.file("file")), bench.pmem);
      try (LogCapture log = new LogCapture()) {
        block = bench.mapper().remap(block, Bench.KERNEL);
        assertEquals(1, log.complaints().size());
        assertTrue(log.complaints().getFirst().contains("page, not cache-line"));
      }
      try (LogCapture log = new LogCapture()) {
        block = bench.mapper().remap(block, bench.pmem);
        assertEquals(List.of(), log.complaints());
      }
      block.close();
    }
  }
}
