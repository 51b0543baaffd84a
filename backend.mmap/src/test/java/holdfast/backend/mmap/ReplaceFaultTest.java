package holdfast.backend.mmap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.Backing;
import holdfast.backend.api.DurabilityPolicy;
import holdfast.backend.api.Granularity;
import holdfast.backend.api.MappingException;
import holdfast.backend.api.MemoryAdvice;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.api.RemapRefusedException;
import holdfast.backend.api.RetiredBlockException;
import holdfast.host.linux.Errno;
import holdfast.host.linux.KernelConstants;
import holdfast.host.testkit.Fault;
import holdfast.host.testkit.Fault.Harm;
import holdfast.host.testkit.HostMapping;
import holdfast.host.testkit.KnownBytes;
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
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;

/**
 * Makes every system call fail in turn with which a block takes the place of a live one: either the
 * old block serves on, untouched, or the new one stands there with the right bytes.
 */
@Timeout(60)
class ReplaceFaultTest {
  private static final MemoryAdvice DISCARD = new MemoryAdvice(false, false, true);

  private static RamBlock make(MemoryKind kind, Bench bench, String name)
      throws IOException, RamBlockException {
    Backing backing = kind.backing(kind.isOfAFile() ? bench.file(name) : bench.folder);
    // every call that there can be: two more advices, and the old file is emptied
    RamBlockSpec spec =
        RamBlockSpec.of(new BackendId("nv_be4"), backing, Bench.SIZE, kind.flags())
            .withAdvice(DISCARD);
    return bench.mapper().map(spec, kind == MemoryKind.PMEM_FILE ? bench.pmem : Bench.KERNEL);
  }

  private record Scenario(String name, Supplier<Storage> storage, MemoryKind from, MemoryKind to) {}

  private static List<Scenario> scenarios() {
    Supplier<Storage> disk = Storage::disk;
    Supplier<Storage> dax = Storage::simulatedDax;
    return List.of(
        new Scenario("file to file on a disk", disk, MemoryKind.FILE, MemoryKind.FILE),
        new Scenario("private file to file", disk, MemoryKind.PRIVATE_FILE, MemoryKind.FILE),
        new Scenario("anonymous memory to file", disk, MemoryKind.ANONYMOUS, MemoryKind.FILE),
        new Scenario("file to pmem on simulated DAX", dax, MemoryKind.FILE, MemoryKind.PMEM_FILE),
        new Scenario("pmem to file on simulated DAX", dax, MemoryKind.PMEM_FILE, MemoryKind.FILE),
        new Scenario("memfd to pmem on simulated DAX", dax, MemoryKind.MEMFD, MemoryKind.PMEM_FILE),
        new Scenario("file to private file", disk, MemoryKind.FILE, MemoryKind.PRIVATE_FILE),
        new Scenario("file to anonymous memory", disk, MemoryKind.FILE, MemoryKind.ANONYMOUS),
        new Scenario("memfd to shared memory", disk, MemoryKind.MEMFD, MemoryKind.ANONYMOUS_SHARED),
        new Scenario("file to memfd", disk, MemoryKind.FILE, MemoryKind.MEMFD));
  }

  @TestFactory
  @DisplayName("whichever system call fails, the old block serves or the new one has the bytes")
  Stream<DynamicNode> everyCallFailsInTurn() {
    return scenarios().stream()
        .map(scenario -> dynamicContainer(scenario.name, faultsOf(scenario).stream()));
  }

  private static List<DynamicNode> faultsOf(Scenario scenario) {
    List<DynamicNode> tests = new ArrayList<>();
    List<RecordedCall> calls = callsOf(scenario);
    for (RecordedCall victim : calls) {
      for (int errno : Errnos.of(victim)) {
        for (Harm harm : harmsOf(victim)) {
          tests.add(
              dynamicTest(
                  victim + " " + Errnos.name(errno) + ", harm " + harm,
                  () -> check(scenario, victim, errno, harm)));
        }
      }
    }
    return tests;
  }

  private static Set<Harm> harmsOf(RecordedCall victim) {
    return victim.call() == SystemCall.MREMAP
        ? EnumSet.allOf(Harm.class)
        : MapFaultTest.harmsOf(victim);
  }

  private static List<RecordedCall> callsOf(Scenario scenario) {
    try (Bench bench = new Bench(scenario.storage.get());
        LogCapture quiet = new LogCapture()) {
      RamBlock present = make(scenario.from, bench, "old");
      RamBlock next = make(scenario.to, bench, "new");
      bench.libc.forget();
      RamBlock now = next.replace(present);
      List<RecordedCall> calls = bench.libc.made();
      now.close();
      return calls;
    } catch (IOException | RamBlockException e) {
      throw new AssertionError("the scenario does not work without a fault", e);
    }
  }

  private static void check(Scenario scenario, RecordedCall victim, int errno, Harm harm)
      throws IOException, RamBlockException {
    try (Bench bench = new Bench(scenario.storage.get());
        LogCapture log = new LogCapture()) {
      RamBlock present = make(scenario.from, bench, "old");
      RamBlock next = make(scenario.to, bench, "new");
      MemorySegment segment = present.segment();
      AtomicReference<RamBlock> stands = new AtomicReference<>();
      try (LiveAccess guest = LiveAccess.over(segment)) {
        if (harm == Harm.DONE) {
          // an access to the hole that a real kernel would leave ends the JVM: the guest rests
          guest.close();
        }
        guest.whileWriterPauses(
            () -> stands.set(attempt(bench, present, next, new Hit(victim, errno, harm))));
        assertEquals(
            victim.call(), bench.libc.made().get(victim.number() - 1).call(), "another failed");
        bench.libc.heal();
        if (harm == Harm.NONE) {
          guest.awaitProgress();
          guest.close();
        }
        guest.assertHeldBy(segment);
        RamBlock now = stands.get();
        checkMapping(now, segment);
        if (isLoss(victim)) {
          checkStaysRefused(present, next);
          return;
        }
        now.persist(0, segment.byteSize());
        boolean replaced = now != present;
        if ((replaced ? scenario.to : scenario.from).reachesAFile()) {
          Path path = bench.folder.resolve(replaced ? "new" : "old");
          guest.assertHeldBy(MemorySegment.ofArray(Files.readAllBytes(path)));
        }
        checkComplaints(log, next, now, victim);
        if (!replaced) {
          checkSecondAttempt(present, next, segment);
        } else {
          now.close();
        }
      }
    }
  }

  private record Hit(RecordedCall victim, int errno, Harm harm) {}

  /** The exchange with the fault in it. Returns what stands in the window then. */
  private static RamBlock attempt(Bench bench, RamBlock present, RamBlock next, Hit hit)
      throws RamBlockException {
    next.segment().copyFrom(present.segment());
    next.persist(0, next.segment().byteSize());
    boolean refused =
        isLoss(hit.victim)
            || hit.harm == Harm.NONE
                && (hit.victim.call() == SystemCall.MMAP || hit.victim.call() == SystemCall.MREMAP)
                && !Errnos.isAskingForAddresses(hit.victim)
                && !Errnos.isMovingAway(hit.victim);
    bench.libc.forget();
    bench.libc.with(Fault.ofCall(hit.victim.number(), hit.errno).doing(hit.harm));
    try {
      RamBlock now = next.replace(present);
      assertTrue(!refused, "a block, though the kernel refused");
      assertThrows(RetiredBlockException.class, () -> present.persist(0, 1));
      assertThrows(RetiredBlockException.class, () -> next.persist(0, 1));
      return now;
    } catch (RemapRefusedException | MappingException failure) {
      assertTrue(refused, failure::getMessage);
      assertEquals(isLoss(hit.victim), failure instanceof RemapRefusedException);
      Sentences.assertNames(failure, "nv_be4");
      Sentences.assertNames(failure, failure.spec().backing().toString());
      Sentences.assertNames(failure, Errnos.name(hit.errno));
      return present;
    }
  }

  /** Whether the kernel told that something could not be written back, which is final. */
  private static boolean isLoss(RecordedCall victim) {
    return victim.call() == SystemCall.SYNC_FILE_RANGE;
  }

  private static void checkStaysRefused(RamBlock present, RamBlock next) {
    assertThrows(RemapRefusedException.class, () -> next.replace(present));
    assertTrue(present.writeBackFailure().or(next::writeBackFailure).isPresent());
    next.close();
    present.close();
  }

  /** What failed once is done at the second attempt: the block that was to be is as it was. */
  private static void checkSecondAttempt(RamBlock present, RamBlock next, MemorySegment segment)
      throws RamBlockException {
    next.segment().copyFrom(segment);
    byte[] bytes = KnownBytes.in(segment);
    RamBlock now = next.replace(present);
    assertTrue(MemorySegment.ofArray(bytes).mismatch(segment) < 0, "other bytes");
    checkTruth(now, segment);
    now.close();
  }

  /** What the block says of itself is true, and it can be persisted. */
  private static void checkTruth(RamBlock block, MemorySegment segment) throws RamBlockException {
    checkMapping(block, segment);
    block.persist(0, segment.byteSize());
  }

  /** What the block says of itself is what the kernel says of the mapping. */
  private static void checkMapping(RamBlock block, MemorySegment segment) {
    HostMapping seen = HostMapping.at(segment.address()).orElseThrow();
    assertEquals(segment, block.segment());
    assertEquals(segment.address(), seen.range().from());
    assertEquals(segment.byteSize(), seen.range().length());
    assertEquals(block.spec().has(RamFlag.RAM_SHARED) ? "rw-s" : "rw-p", seen.permissions());
    if (block.spec().backing() instanceof Backing.File file) {
      assertEquals(file.toString(), seen.path());
    }
    assertEquals(block.obtained().contains(RamFlag.RAM_SYNC), seen.vmFlags().contains("sf"), "sf");
  }

  /** A loss is told once, as an error; an old file that could not be emptied, too. */
  private static void checkComplaints(
      LogCapture log, RamBlock next, RamBlock now, RecordedCall victim) {
    boolean lost = now.durability().obtained().compareTo(next.durability().obtained()) < 0;
    boolean swapped = now.spec().equals(next.spec());
    if (swapped && lost) {
      assertTrue(
          log.complaints().getFirst().contains("the swap lost MAP_SYNC"),
          () -> log.complaints().toString());
    }
    if (victim.call() == SystemCall.FALLOCATE) {
      assertTrue(
          log.complaints().getFirst().contains("discard-data"), () -> log.complaints().toString());
    }
  }

  @Test
  @DisplayName(
      "MAP_SYNC lost in the hole: told, page granularity, whatever the policy; nothing lost")
  void syncLost() throws IOException, RamBlockException {
    for (DurabilityPolicy policy : List.of(DurabilityPolicy.WARN, DurabilityPolicy.REQUIRE)) {
      try (Bench bench = new Bench(Storage.simulatedDax());
          LogCapture log = new LogCapture()) {
        RamBlock present = bench.mapper().map(Bench.pmemSpec(bench.file("old")), bench.pmem);
        RamBlockSpec spec = Bench.pmemSpec(bench.file("new")).withPolicy(policy);
        RamBlock next = bench.mapper().map(spec, bench.pmem);
        int fixedAndSync = bench.libc.constants().mapFixed() | bench.libc.constants().mapSync();
        bench.libc.with(Fault.ofMmapWith(fixedAndSync, Errno.EOPNOTSUPP).doing(Harm.DONE));
        RamBlock now = next.replace(present);
        checkTruth(now, present.segment());
        assertEquals(Granularity.PAGE, now.durability().obtained());
        assertTrue(now.durability().reason().contains("EOPNOTSUPP"), now.durability().reason());
        assertEquals(1, log.complaints().size(), () -> log.complaints().toString());
        assertTrue(log.complaints().getFirst().contains("the granularity is page, not cache-line"));
        now.close();
      }
    }
  }

  @Test
  @DisplayName(
      "policy require: a refusal before anything is touched leaves the old block its place")
  void requireAndRefused() throws IOException, RamBlockException {
    try (Bench bench = new Bench(Storage.simulatedDax())) {
      RamBlockSpec spec = Bench.pmemSpec(bench.file("new")).withPolicy(DurabilityPolicy.REQUIRE);
      try (RamBlock present = bench.mapper().map(Bench.pmemSpec(bench.file("old")), bench.pmem);
          RamBlock next = bench.mapper().map(spec, bench.pmem)) {
        int fixed = bench.libc.constants().mapFixed();
        bench.libc.with(Fault.ofMmapWith(fixed, Errno.EOPNOTSUPP));
        assertThrows(MappingException.class, () -> next.replace(present));
        checkTruth(present, present.segment());
        assertEquals(Granularity.CACHE_LINE, present.durability().obtained());
        assertEquals(Granularity.CACHE_LINE, next.durability().obtained());
        next.persist(0, 1);
      }
    }
  }

  @Test
  @DisplayName("a hole that can't be filled at first is filled as soon as the kernel can")
  void aHoleIsFilledAsSoonAsTheKernelCan() throws IOException, RamBlockException {
    for (MemoryKind to : List.of(MemoryKind.FILE, MemoryKind.ANONYMOUS)) {
      try (Bench bench = new Bench(Storage.disk());
          LogCapture quiet = new LogCapture()) {
        RamBlock present = make(MemoryKind.FILE, bench, "old");
        RamBlock next = make(to, bench, "new");
        MemorySegment segment = present.segment();
        next.segment().copyFrom(segment);
        KernelConstants k = bench.libc.constants();
        AtomicInteger moves = new AtomicInteger();
        bench.libc.with(
            new Fault(
                made ->
                    (made.mapFlags() & k.mapFixed()) != 0
                        || made.call() == SystemCall.MREMAP
                            && !Errnos.isMovingAway(made)
                            && moves.getAndIncrement() == 0,
                Errno.ENOMEM,
                Harm.DONE));
        AtomicInteger refusals = new AtomicInteger(3);
        bench.libc.with(
            new Fault(
                made ->
                    ((made.mapFlags() & k.mapFixedNoreplace()) != 0
                            || made.call() == SystemCall.MREMAP && !Errnos.isMovingAway(made))
                        && refusals.getAndDecrement() > 0,
                Errno.ENOMEM,
                Harm.NONE));
        RamBlock now = next.replace(present);
        assertTrue(refusals.get() < 0);
        checkTruth(now, segment);
        byte[] content = Bench.content(Bench.SIZE);
        assertTrue(MemorySegment.ofArray(content).mismatch(segment) < 0, "other bytes");
        now.close();
      }
    }
  }

  @Test
  @DisplayName("what got into the hole in the meantime is left alone, and both blocks say so")
  void aHoleThatIsNoHole() throws IOException, RamBlockException {
    try (Bench bench = new Bench(Storage.disk());
        LogCapture quiet = new LogCapture();
        RamBlock present = make(MemoryKind.FILE, bench, "old");
        RamBlock next = make(MemoryKind.ANONYMOUS, bench, "new")) {
      bench.libc.with(
          new Fault(
              made -> made.call() == SystemCall.MREMAP && !Errnos.isMovingAway(made),
              Errno.ENOMEM,
              Harm.NONE));
      assertThrows(MappingException.class, () -> next.replace(present));
      assertEquals(
          1,
          bench.libc.made(SystemCall.MREMAP).stream()
              .filter(made -> !Errnos.isMovingAway(made))
              .count());
      checkTruth(present, present.segment());
    }
  }
}
