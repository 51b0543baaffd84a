package holdfast.backend.mmap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.Backing;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.api.ReservationException;
import holdfast.host.linux.KernelConstants;
import holdfast.host.testkit.HostMapping;
import holdfast.host.testkit.RecordedCall;
import holdfast.host.testkit.Sentences;
import holdfast.host.testkit.Storage;
import holdfast.host.testkit.SystemCall;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code reserve=off}: where the kernel would set memory aside all the same, it is refused. On a
 * disk, on tmpfs and in memory, with a proc(5) of the test's own.
 */
@Timeout(60)
class ReserveTest {
  private static final ByteSize HUGE = ByteSize.mib(2);
  private static final Path SYSFS = Path.of("/sys");

  @TempDir Path procfs;

  /** What proc(5) says of the host's overcommitting; empty where the file is missing. */
  private static final List<String> OVERCOMMIT = List.of("0\n", "1\n", "2\n", "");

  /**
   * @param always whether MAP_NORESERVE has an effect however the host overcommits
   */
  private record Kind(String words, Supplier<Storage> storage, Where where, boolean always) {}

  private enum Where {
    PRIVATE_FILE,
    NEW_PRIVATE_FILE,
    SHARED_FILE,
    READ_ONLY_FILE,
    READ_ONLY_PRIVATE_FILE,
    TEMPLATE,
    HUGE_PRIVATE_FILE,
    ANONYMOUS,
    SHARED_ANONYMOUS,
    PRIVATE_MEMFD,
    SHARED_MEMFD
  }

  private static final List<Kind> KINDS =
      List.of(
          new Kind("a private file on a disk", Storage::disk, Where.PRIVATE_FILE, false),
          new Kind("a new private file on a disk", Storage::disk, Where.NEW_PRIVATE_FILE, false),
          new Kind("a private file on tmpfs", Storage::tmpfs, Where.PRIVATE_FILE, false),
          new Kind("a template on a disk", Storage::disk, Where.TEMPLATE, false),
          new Kind("a shared file on a disk", Storage::disk, Where.SHARED_FILE, true),
          new Kind("a shared file on tmpfs", Storage::tmpfs, Where.SHARED_FILE, true),
          new Kind("a read-only file", Storage::disk, Where.READ_ONLY_FILE, true),
          new Kind("a read-only private file", Storage::disk, Where.READ_ONLY_PRIVATE_FILE, true),
          new Kind("a private file of huge pages", Storage::tmpfs, Where.HUGE_PRIVATE_FILE, true),
          new Kind("anonymous memory", Storage::tmpfs, Where.ANONYMOUS, false),
          new Kind("shared anonymous memory", Storage::tmpfs, Where.SHARED_ANONYMOUS, false),
          new Kind("a private memfd", Storage::tmpfs, Where.PRIVATE_MEMFD, false),
          new Kind("a shared memfd", Storage::tmpfs, Where.SHARED_MEMFD, true));

  private static RamBlockSpec spec(Where where, Bench bench) throws IOException {
    Path path = bench.folder.resolve("file");
    ByteSize size = where == Where.HUGE_PRIVATE_FILE ? HUGE : Bench.SIZE;
    EnumSet<RamFlag> flags = EnumSet.of(RamFlag.RAM_NORESERVE);
    Backing backing =
        switch (where) {
          case ANONYMOUS, SHARED_ANONYMOUS -> new Backing.Anonymous();
          case PRIVATE_MEMFD, SHARED_MEMFD -> new Backing.Memfd(false, ByteSize.ZERO, true);
          default -> new Backing.File(path);
        };
    switch (where) {
      case SHARED_FILE, SHARED_ANONYMOUS, SHARED_MEMFD -> flags.add(RamFlag.RAM_SHARED);
      case READ_ONLY_FILE -> {
        flags.add(RamFlag.RAM_SHARED);
        flags.add(RamFlag.RAM_READONLY);
      }
      case READ_ONLY_PRIVATE_FILE -> flags.add(RamFlag.RAM_READONLY);
      case TEMPLATE -> flags.add(RamFlag.RAM_READONLY_FD);
      case HUGE_PRIVATE_FILE -> bench.libc.withHugetlbfs(HUGE.bytes());
      case PRIVATE_FILE, NEW_PRIVATE_FILE, ANONYMOUS, PRIVATE_MEMFD -> {}
    }
    if (backing instanceof Backing.File && where != Where.NEW_PRIVATE_FILE) {
      Files.write(path, Bench.content(size));
    }
    return RamBlockSpec.of(new BackendId("nv_be4"), backing, size, flags);
  }

  @TestFactory
  @DisplayName(
      "reserve=off is refused exactly where QEMU refuses it, and else MAP_NORESERVE is passed")
  Stream<DynamicTest> refusedWhereItHasNoEffect() {
    return KINDS.stream()
        .flatMap(
            kind ->
                OVERCOMMIT.stream()
                    .map(
                        overcommit ->
                            dynamicTest(
                                kind.words + ", overcommit_memory " + overcommit.strip(),
                                () -> check(kind, overcommit))));
  }

  private void check(Kind kind, String overcommit) throws IOException, RamBlockException {
    Path told = Files.createDirectories(procfs.resolve("sys/vm")).resolve("overcommit_memory");
    if (overcommit.isEmpty()) {
      Files.deleteIfExists(told);
    } else {
      Files.writeString(told, overcommit);
    }
    try (Bench bench = new Bench(kind.storage.get())) {
      RamBlockSpec spec = spec(kind.where, bench);
      RamMapper mapper = new RamMapper(bench.libc, SYSFS, procfs);
      if (kind.always || overcommit.equals("0\n") || overcommit.equals("1\n")) {
        checkNotReserved(bench, mapper.map(spec, Bench.KERNEL));
      } else {
        ReservationException refusal =
            assertThrows(ReservationException.class, () -> mapper.map(spec, Bench.KERNEL).close());
        Sentences.assertNames(refusal, "nv_be4");
        Sentences.assertNames(refusal, spec.backing().toString());
        Sentences.assertNames(refusal, told.toString());
        Sentences.assertNames(refusal, overcommit.isEmpty() ? "can't be read" : " is 2");
        assertEquals(List.of(), bench.leaks().leaks());
        assertEquals(kind.where != Where.NEW_PRIVATE_FILE ? filesOf(spec) : Set.of(), files(bench));
      }
    }
  }

  private static Set<String> filesOf(RamBlockSpec spec) {
    return spec.backing() instanceof Backing.File ? Set.of("file") : Set.of();
  }

  private static Set<String> files(Bench bench) {
    return bench.leaks().newFiles();
  }

  private static void checkNotReserved(Bench bench, RamBlock block) throws IOException {
    assertEquals(List.of(), bench.libc.made(SystemCall.FALLOCATE));
    List<Boolean> passed =
        bench.libc.made(SystemCall.MMAP).stream()
            .filter(ReserveTest::mapsTheBlock)
            .map(made -> (made.mapFlags() & bench.libc.constants().mapNoreserve()) != 0)
            .distinct()
            .toList();
    assertEquals(List.of(true), passed);
    if (!Files.readString(Path.of("/proc/sys/vm/overcommit_memory")).strip().equals("2")) {
      List<String> seen = HostMapping.at(block.segment().address()).orElseThrow().vmFlags();
      assertTrue(seen.contains("nr"), () -> "nr is not in " + seen);
    }
    block.close();
  }

  private static boolean mapsTheBlock(RecordedCall made) {
    return !made.arguments().get(2).equals(KernelConstants.PROT_NONE);
  }

  @Test
  @DisplayName("with reserve=on MAP_NORESERVE is not passed, and nobody looks at overcommit_memory")
  void reservedByDefault() throws IOException, RamBlockException {
    for (Kind kind : KINDS) {
      try (Bench bench = new Bench(kind.storage.get())) {
        RamBlockSpec asked = spec(kind.where, bench);
        EnumSet<RamFlag> flags = asked.flags();
        flags.remove(RamFlag.RAM_NORESERVE);
        RamBlockSpec spec = RamBlockSpec.of(asked.id(), asked.backing(), asked.size(), flags);
        try (RamBlock block =
            new RamMapper(bench.libc, SYSFS, procfs.resolve("no")).map(spec, Bench.KERNEL)) {
          int noreserve = bench.libc.constants().mapNoreserve();
          assertTrue(
              bench.libc.made(SystemCall.MMAP).stream()
                  .allMatch(made -> (made.mapFlags() & noreserve) == 0));
          List<String> seen = HostMapping.at(block.segment().address()).orElseThrow().vmFlags();
          assertTrue(!seen.contains("nr"), () -> kind + ": nr is in " + seen);
        }
      }
    }
  }
}
