package holdfast.backend.mmap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import holdfast.backend.api.DurabilityException;
import holdfast.backend.api.DurabilityPolicy;
import holdfast.backend.api.Granularity;
import holdfast.backend.api.MappingException;
import holdfast.backend.api.PersistException;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.api.RetiredBlockException;
import holdfast.backend.mmap.style.MappingStyle;
import holdfast.host.linux.Errno;
import holdfast.host.linux.KernelConstants;
import holdfast.host.testkit.Fault;
import holdfast.host.testkit.Fault.Harm;
import holdfast.host.testkit.HostMapping;
import holdfast.host.testkit.LiveAccess;
import holdfast.host.testkit.RecordedCall;
import holdfast.host.testkit.Sentences;
import holdfast.host.testkit.Storage;
import holdfast.host.testkit.SystemCall;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;

/**
 * Makes every system call of a re-map fail in turn under a working guest: the guest never notices,
 * and what stands in the window afterwards is what is said to stand there.
 */
@Timeout(60)
class RemapFaultTest {
  private static final int SYNC_REFUSED_BY_AN_OLD_KERNEL = Errno.EINVAL;

  private record Scenario(
      String name,
      Supplier<Storage> storage,
      boolean pmemBefore,
      boolean pmemAfter,
      Consumer<Bench> host) {

    MappingStyle before(Bench bench) {
      return pmemBefore ? bench.pmem : Bench.KERNEL;
    }

    MappingStyle after(Bench bench) {
      return pmemAfter ? bench.pmem : Bench.KERNEL;
    }

    Bench open() throws IOException {
      Bench bench = new Bench(storage.get());
      host.accept(bench);
      return bench;
    }
  }

  private static List<Scenario> scenarios() {
    Supplier<Storage> disk = Storage::disk;
    Supplier<Storage> dax = Storage::simulatedDax;
    Consumer<Bench> asItIs = bench -> {};
    Consumer<Bench> oldKernel =
        bench ->
            bench.libc.with(
                Fault.ofMmapWith(bench.libc.constants().mapSync(), SYNC_REFUSED_BY_AN_OLD_KERNEL));
    Consumer<Bench> withoutSync =
        bench -> bench.libc.withConstants(bench.libc.constants().withoutSync());
    return List.of(
        new Scenario("file to dax on simulated DAX", dax, false, true, asItIs),
        new Scenario("dax to file on simulated DAX", dax, true, false, asItIs),
        new Scenario("dax to dax on simulated DAX", dax, true, true, asItIs),
        new Scenario("file to dax on a disk (EOPNOTSUPP)", disk, false, true, asItIs),
        new Scenario("dax to file on a disk", disk, true, false, asItIs),
        new Scenario("file to dax before Linux 4.15 (EINVAL)", disk, false, true, oldKernel),
        new Scenario("file to dax where MAP_SYNC is 0", disk, false, true, withoutSync));
  }

  @TestFactory
  @DisplayName("whichever system call fails, a working guest never notices, and nothing leaks")
  Stream<DynamicNode> everyCallFailsInTurn() {
    return scenarios().stream()
        .map(scenario -> dynamicContainer(scenario.name, faultsOf(scenario).stream()));
  }

  private static List<DynamicNode> faultsOf(Scenario scenario) {
    List<DynamicNode> tests = new ArrayList<>();
    for (RecordedCall victim : callsOf(scenario)) {
      for (int errno : errnosOf(victim)) {
        for (Harm harm : MapFaultTest.harmsOf(victim)) {
          tests.add(
              dynamicTest(
                  victim + " " + Errnos.name(errno) + ", harm " + harm,
                  () -> check(scenario, victim, errno, harm)));
        }
      }
    }
    return tests;
  }

  /** Fewer than {@link Errnos}: each guest takes its time, and MapFaultTest has them all. */
  private static List<Integer> errnosOf(RecordedCall victim) {
    List<Integer> errnos = Errnos.of(victim);
    return victim.call() == SystemCall.MMAP ? errnos.subList(0, 3) : errnos.subList(0, 1);
  }

  private static List<RecordedCall> callsOf(Scenario scenario) {
    try (Bench bench = scenario.open();
        LogCapture quiet = new LogCapture()) {
      RamBlock present =
          bench.mapper().map(Bench.pmemSpec(bench.file("live")), scenario.before(bench));
      bench.libc.forget();
      RamBlock next = bench.mapper().remap(present, scenario.after(bench));
      List<RecordedCall> calls = bench.libc.made();
      next.close();
      return calls;
    } catch (IOException | RamBlockException e) {
      throw new AssertionError("the scenario does not work without a fault", e);
    }
  }

  private static void check(Scenario scenario, RecordedCall victim, int errno, Harm harm)
      throws IOException, RamBlockException {
    try (Bench bench = scenario.open();
        LogCapture quiet = new LogCapture()) {
      Path path = bench.file("live");
      RamBlock present = bench.mapper().map(Bench.pmemSpec(path), scenario.before(bench));
      check(scenario, bench, present, victim, errno, harm);
    }
  }

  private static void check(
      Scenario scenario, Bench bench, RamBlock present, RecordedCall victim, int errno, Harm harm)
      throws IOException, RamBlockException {
    try (LiveAccess guest = LiveAccess.over(present.segment())) {
      if (harm == Harm.DONE) {
        // an access to the hole that a real kernel would leave ends the JVM: the guest rests
        guest.close();
      }
      bench.libc.forget();
      bench.libc.with(Fault.ofCall(victim.number(), errno).doing(harm));
      RamBlock now = attempt(bench, scenario, present, victim, errno);
      assertEquals(
          victim.call(), bench.libc.made().get(victim.number() - 1).call(), "another call failed");
      checkMapping(now);
      if (victim.call() != SystemCall.MADVISE) {
        checkAdvice(now);
      }
      if (harm == Harm.NONE) {
        guest.awaitProgress();
        guest.close();
      }
      guest.assertHeldBy(now.segment());
      bench.libc.heal();
      if (isLoss(victim)) {
        checkStaysFailed(bench, scenario, now);
        now.close();
      } else {
        now.persist(0, now.segment().byteSize());
        RamBlock next = bench.mapper().remap(now, scenario.after(bench));
        checkTruth(next);
        next.close();
      }
      guest.assertHeldBy(MemorySegment.ofArray(Files.readAllBytes(bench.folder.resolve("live"))));
    }
  }

  /** Whether the kernel told that something could not be written back, which is final. */
  private static boolean isLoss(RecordedCall victim) {
    return victim.call() == SystemCall.MSYNC || victim.call() == SystemCall.SYNC_FILE_RANGE;
  }

  private static void checkStaysFailed(Bench bench, Scenario scenario, RamBlock block) {
    assertTrue(block.writeBackFailure().isPresent());
    assertThrows(PersistException.class, () -> block.persist(0, 1));
    assertThrows(PersistException.class, () -> bench.mapper().remap(block, scenario.after(bench)));
  }

  /** The re-map with the fault in it. Returns what stands in the window then. */
  private static RamBlock attempt(
      Bench bench, Scenario scenario, RamBlock present, RecordedCall victim, int errno)
      throws RamBlockException {
    Optional<Class<? extends RamBlockException>> expected =
        expected(bench.libc.constants(), victim);
    try {
      RamBlock next = bench.mapper().remap(present, scenario.after(bench));
      assertTrue(expected.isEmpty(), () -> "not " + expected + ", but a block");
      assertThrows(RetiredBlockException.class, () -> present.persist(0, 1));
      return next;
    } catch (RamBlockException failure) {
      assertEquals(expected, Optional.of(failure.getClass()), failure::getMessage);
      Sentences.assertNames(failure, "nv_be4");
      Sentences.assertNames(failure, present.spec().backing().toString());
      Sentences.assertNames(failure, Errnos.name(errno));
      return present;
    }
  }

  /** The exception that a failure of this call must end in; empty where the mapper must cope. */
  private static Optional<Class<? extends RamBlockException>> expected(
      KernelConstants k, RecordedCall victim) {
    return switch (victim.call()) {
      case MMAP -> {
        boolean syncQuestion =
            (victim.mapFlags() & k.mapSync()) != 0 && (victim.mapFlags() & k.mapFixed()) == 0;
        yield syncQuestion || Errnos.isAskingForAddresses(victim)
            ? Optional.empty()
            : Optional.of(MappingException.class);
      }
      case MSYNC, SYNC_FILE_RANGE -> Optional.of(PersistException.class);
      case MUNMAP, MADVISE, MREMAP -> Optional.empty();
      default -> throw new AssertionError("no part of a re-map: " + victim);
    };
  }

  /** What the block says of itself is true, and it can be persisted. */
  private static void checkTruth(RamBlock block) throws RamBlockException {
    checkMapping(block);
    block.persist(0, block.segment().byteSize());
  }

  /** What the block says of itself is what the kernel says of the mapping. */
  private static void checkMapping(RamBlock block) {
    HostMapping seen = HostMapping.at(block.segment().address()).orElseThrow();
    assertEquals("rw-s", seen.permissions());
    assertEquals(block.spec().backing().toString(), seen.path());
    assertEquals(block.segment().address(), seen.range().from());
    assertEquals(block.segment().byteSize(), seen.range().length());
    assertEquals(block.obtained().contains(RamFlag.RAM_SYNC), seen.vmFlags().contains("sf"), "sf");
  }

  /** No child process inherits the guest's memory. */
  private static void checkAdvice(RamBlock block) {
    HostMapping seen = HostMapping.at(block.segment().address()).orElseThrow();
    assertTrue(seen.vmFlags().contains("dc"), "MADV_DONTFORK");
  }

  @Test
  @DisplayName(
      "told as it is: the write-back after the exchange fails and the old mapping can't be put"
          + " back")
  void aDoubleFaultIsToldAsItIs() throws IOException, RamBlockException {
    for (Harm harm : Harm.values()) {
      try (Bench bench = new Bench(Storage.simulatedDax());
          LogCapture log = new LogCapture()) {
        RamBlock present = bench.mapper().map(Bench.pmemSpec(bench.file("live")), bench.pmem);
        int fixedAndSync = bench.libc.constants().mapFixed() | bench.libc.constants().mapSync();
        bench.libc.with(Fault.ofNth(SystemCall.MSYNC, 2, Errno.EIO));
        bench.libc.with(Fault.ofMmapWith(fixedAndSync, Errno.ENOMEM).doing(harm));
        RamBlock now = bench.mapper().remap(present, Bench.KERNEL);
        checkMapping(now);
        assertThrows(PersistException.class, () -> now.persist(0, 1), "the write-back failed");
        assertEquals(Granularity.PAGE, now.durability().obtained());
        assertThrows(RetiredBlockException.class, () -> present.persist(0, 1));
        assertEquals(1, log.complaints().size(), () -> log.complaints().toString());
        assertTrue(log.complaints().getFirst().contains("without MAP_SYNC"));
        now.close();
      }
    }
  }

  @Test
  @DisplayName("a hole that can't be filled at first is filled as soon as the kernel can")
  void aHoleIsFilledAsSoonAsTheKernelCan() throws IOException, RamBlockException {
    try (Bench bench = new Bench(Storage.disk());
        LogCapture quiet = new LogCapture()) {
      RamBlock present = bench.mapper().map(Bench.pmemSpec(bench.file("live")), Bench.KERNEL);
      KernelConstants k = bench.libc.constants();
      bench.libc.with(Fault.ofMmapWith(k.mapFixed(), Errno.ENOMEM).doing(Harm.DONE));
      AtomicInteger refusals = new AtomicInteger(3);
      bench.libc.with(
          new Fault(
              made ->
                  (made.mapFlags() & k.mapFixedNoreplace()) != 0 && refusals.getAndDecrement() > 0,
              Errno.ENOMEM,
              Harm.NONE));
      assertThrows(MappingException.class, () -> bench.mapper().remap(present, Bench.KERNEL));
      checkTruth(present);
      assertTrue(refusals.get() < 0);
      present.close();
    }
  }

  @Test
  @DisplayName("policy require refuses a re-map that would fall short before anything is touched")
  void aRemapThatWouldFallShortIsRefused() throws IOException, RamBlockException {
    try (Bench bench = new Bench(Storage.simulatedDax())) {
      RamBlockSpec spec = Bench.pmemSpec(bench.file("live")).withPolicy(DurabilityPolicy.REQUIRE);
      try (RamBlock present = bench.mapper().map(spec, bench.pmem)) {
        MemorySegment segment = present.segment();
        bench.libc.forget();
        assertThrows(DurabilityException.class, () -> bench.mapper().remap(present, Bench.KERNEL));
        int fixed = bench.libc.constants().mapFixed();
        assertTrue(
            bench.libc.made(SystemCall.MMAP).stream()
                .noneMatch(made -> (made.mapFlags() & fixed) != 0));
        assertSame(segment, present.segment());
        checkTruth(present);
      }
    }
  }

  @Test
  @DisplayName("what was stored before a re-map is written back before and after the exchange")
  void storesAreWrittenBackAroundTheExchange() throws IOException, RamBlockException {
    try (Bench bench = new Bench(Storage.disk())) {
      RamBlock present = bench.mapper().map(Bench.pmemSpec(bench.file("live")), Bench.KERNEL);
      bench.libc.forget();
      RamBlock next = bench.mapper().remap(present, Bench.KERNEL);
      int fixed = bench.libc.constants().mapFixed();
      List<String> order =
          bench.libc.made().stream()
              .filter(made -> made.call() == SystemCall.MSYNC || (made.mapFlags() & fixed) != 0)
              .map(made -> made.call().toString())
              .toList();
      assertEquals(List.of("msync", "mmap", "msync"), order);
      next.close();
    }
  }
}
