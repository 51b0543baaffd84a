package holdfast.backend.mmap.internal;

import static holdfast.backend.api.RamFlag.RAM_PMEM;
import static holdfast.backend.api.RamFlag.RAM_READONLY;
import static holdfast.backend.api.RamFlag.RAM_SHARED;
import static holdfast.backend.api.RamFlag.RAM_SYNC;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.Alignment;
import holdfast.backend.api.BackendId;
import holdfast.backend.api.Backing;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.Durability;
import holdfast.backend.api.DurabilityPolicy;
import holdfast.backend.api.Granularity;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.mmap.FlushOracle;
import holdfast.backend.mmap.style.MappingStyle;
import holdfast.host.linux.Errno;
import holdfast.host.linux.KernelConstants;
import holdfast.host.testkit.FakeSysfs;
import holdfast.host.testkit.FaultyLibc;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every row of the table that turns facts into a granularity, a way to persist and a reason. */
class DurabilityAssessmentTest {
  private static final long EXT4 = 0xEF53;
  private static final long TMPFS = 0x01021994;
  private static final int DAX_MAJOR = 252;

  private static final MappingStyle FILE_STYLE = MappingStyle.kernel("file");
  private static final MappingStyle DAX_STYLE = MappingStyle.pmem("dax", new FlushOracle());
  private static final MappingStyle EADR_STYLE = MappingStyle.pmem("dax", new FlushOracle(true));
  private static final MappingStyle NO_FLUSH_STYLE =
      MappingStyle.pmemWithoutFlush("dax", "there is none");

  private static final SyncAttempt ACCEPTED = new SyncAttempt.Accepted();
  private static final SyncAttempt NOT_MADE = new SyncAttempt.NotMade("for a reason of its own");
  private static final SyncAttempt UNSUPPORTED =
      new SyncAttempt.Refused(new Errno(Errno.EOPNOTSUPP, "Operation not supported"));
  private static final SyncAttempt INVALID =
      new SyncAttempt.Refused(new Errno(Errno.EINVAL, "Invalid argument"));

  private static final EnumSet<RamFlag> PMEM = EnumSet.of(RAM_SHARED, RAM_PMEM);
  private static final EnumSet<RamFlag> PMEM_SYNC = EnumSet.of(RAM_SHARED, RAM_PMEM, RAM_SYNC);
  private static final EnumSet<RamFlag> SHARED = EnumSet.of(RAM_SHARED);
  private static final String SF = "rd wr sh mr mw me ms sf";
  private static final String NO_SF = "rd wr sh mr mw me ms";

  @TempDir Path folder;

  /** Where the bytes live. */
  private enum Medium {
    ANONYMOUS,
    DISK,
    MEMORY,
    DAX_DEVICE
  }

  private record Row(
      Medium medium,
      EnumSet<RamFlag> requested,
      MappingStyle style,
      SyncAttempt attempt,
      String vmFlags,
      EnumSet<RamFlag> obtained,
      PersistMethod method,
      Granularity granularity,
      String reason) {}

  static Stream<Row> rows() {
    EnumSet<RamFlag> none = EnumSet.noneOf(RamFlag.class);
    EnumSet<RamFlag> readOnly = EnumSet.of(RAM_SHARED, RAM_READONLY);
    PersistMethod nothing = PersistMethod.NOTHING;
    PersistMethod msync = PersistMethod.MSYNC;
    PersistMethod flush = PersistMethod.CACHE_FLUSH;
    return Stream.of(
        new Row(
            Medium.ANONYMOUS,
            SHARED,
            FILE_STYLE,
            NOT_MADE,
            NO_SF,
            SHARED,
            nothing,
            Granularity.NONE,
            "ends with the process"),
        new Row(
            Medium.DISK,
            readOnly,
            FILE_STYLE,
            NOT_MADE,
            NO_SF,
            readOnly,
            nothing,
            Granularity.NONE,
            "readonly=on"),
        new Row(
            Medium.DISK,
            none,
            FILE_STYLE,
            NOT_MADE,
            NO_SF,
            none,
            nothing,
            Granularity.NONE,
            "share=off"),
        new Row(
            Medium.DISK,
            EnumSet.of(RAM_PMEM),
            DAX_STYLE,
            NOT_MADE,
            NO_SF,
            EnumSet.of(RAM_PMEM),
            nothing,
            Granularity.NONE,
            "share=off"),
        new Row(
            Medium.MEMORY,
            PMEM,
            DAX_STYLE,
            UNSUPPORTED,
            NO_SF,
            PMEM,
            nothing,
            Granularity.NONE,
            "tmpfs keeps its files in the host's memory"),
        new Row(
            Medium.DISK,
            SHARED,
            FILE_STYLE,
            NOT_MADE,
            NO_SF,
            SHARED,
            msync,
            Granularity.PAGE,
            "for a reason of its own"),
        new Row(
            Medium.DISK,
            PMEM,
            FILE_STYLE,
            NOT_MADE,
            NO_SF,
            SHARED,
            msync,
            Granularity.PAGE,
            "for a reason of its own"),
        new Row(
            Medium.DISK,
            PMEM,
            DAX_STYLE,
            UNSUPPORTED,
            NO_SF,
            PMEM,
            msync,
            Granularity.PAGE,
            "this file on ext4 is not on a DAX mount"),
        new Row(
            Medium.DISK,
            PMEM,
            DAX_STYLE,
            INVALID,
            NO_SF,
            PMEM,
            msync,
            Granularity.PAGE,
            "refused MAP_SYNC: EINVAL (Invalid argument)"),
        new Row(
            Medium.DISK,
            PMEM,
            DAX_STYLE,
            INVALID,
            SF,
            PMEM,
            msync,
            Granularity.PAGE,
            "refused MAP_SYNC"),
        new Row(
            Medium.DISK,
            PMEM,
            DAX_STYLE,
            ACCEPTED,
            NO_SF,
            PMEM,
            msync,
            Granularity.PAGE,
            "don't show sf: " + NO_SF),
        new Row(
            Medium.DISK,
            PMEM,
            NO_FLUSH_STYLE,
            ACCEPTED,
            SF,
            PMEM_SYNC,
            msync,
            Granularity.PAGE,
            "CPU caches are not flushed: there is none"),
        new Row(
            Medium.DISK,
            PMEM,
            DAX_STYLE,
            ACCEPTED,
            SF,
            PMEM_SYNC,
            flush,
            Granularity.CACHE_LINE,
            "MAP_SYNC is in force"),
        new Row(
            Medium.DISK,
            PMEM,
            EADR_STYLE,
            ACCEPTED,
            SF,
            PMEM_SYNC,
            PersistMethod.FENCE,
            Granularity.BYTE,
            "eADR"),
        new Row(
            Medium.DAX_DEVICE,
            PMEM,
            DAX_STYLE,
            ACCEPTED,
            SF,
            PMEM_SYNC,
            flush,
            Granularity.CACHE_LINE,
            "a DAX device has no metadata"),
        new Row(
            Medium.DAX_DEVICE,
            PMEM,
            DAX_STYLE,
            NOT_MADE,
            NO_SF,
            PMEM,
            flush,
            Granularity.CACHE_LINE,
            "a DAX device has no metadata"),
        new Row(
            Medium.DAX_DEVICE,
            PMEM,
            EADR_STYLE,
            UNSUPPORTED,
            NO_SF,
            PMEM,
            PersistMethod.FENCE,
            Granularity.BYTE,
            "eADR"));
  }

  @ParameterizedTest
  @MethodSource("rows")
  @DisplayName("facts give flags, a way to persist, a granularity and a reason")
  void assessmentOfFacts(Row row) throws RamBlockException, IOException {
    RamBlockSpec spec = spec(row.medium, row.requested);
    BackingStore store = store(row.medium, spec);
    DurabilityAssessment assessment =
        DurabilityAssessment.of(
            spec, row.style, store, row.attempt, "NAMES", new VmFlags(row.vmFlags));
    store.close();
    Durability durability = assessment.durability();
    assertEquals(row.obtained, assessment.obtained());
    assertEquals(row.method, assessment.method());
    assertEquals(row.granularity, durability.obtained());
    assertEquals(spec.requestedGranularity(), durability.requested());
    assertTrue(durability.reason().contains(row.reason), durability::reason);
    assertEquals(row.vmFlags, durability.evidence().vmFlags());
    assertEquals(mmapEvidence(row.attempt), durability.evidence().mmap());
    assertEquals(persistEvidence(row.method), durability.evidence().persist());
    assertEquals(store.medium(), durability.evidence().fileSystem());
  }

  private static String mmapEvidence(SyncAttempt attempt) {
    return switch (attempt) {
      case SyncAttempt.NotMade none -> "NAMES: ok";
      case SyncAttempt.Accepted ok -> "MAP_SHARED_VALIDATE|MAP_SYNC: ok";
      case SyncAttempt.Refused(Errno errno) -> "MAP_SHARED_VALIDATE|MAP_SYNC: " + errno.name();
    };
  }

  private static String persistEvidence(PersistMethod method) {
    return switch (method) {
      case NOTHING -> "nothing";
      case MSYNC -> "msync(MS_SYNC)";
      case CACHE_FLUSH -> new FlushOracle().describe();
      case FENCE -> "the fence of " + new FlushOracle().describe();
    };
  }

  private RamBlockSpec spec(Medium medium, EnumSet<RamFlag> flags) throws IOException {
    long size = 2 << 20;
    Backing backing = new Backing.Anonymous();
    if (medium != Medium.ANONYMOUS) {
      backing = new Backing.File(Files.write(folder.resolve("file"), new byte[(int) size]));
    }
    return RamBlockSpec.of(new BackendId("nv_be4"), backing, new ByteSize(size), flags)
        .withAlign(new Alignment(2 << 20));
  }

  private BackingStore store(Medium medium, RamBlockSpec spec)
      throws RamBlockException, IOException {
    FaultyLibc libc = FaultyLibc.host().withFileSystem(medium == Medium.MEMORY ? TMPFS : EXT4);
    FakeSysfs sysfs = new FakeSysfs(folder.resolve("sys"));
    if (medium == Medium.DAX_DEVICE) {
      sysfs.addDaxDevice(DAX_MAJOR, 0, spec.size().bytes(), 2 << 20);
      libc.withCharacterDevice(DAX_MAJOR, 0);
    }
    return BackingStore.open(libc, sysfs.root(), spec);
  }

  @Test
  @DisplayName("detached, a DAX file falls back to msync, and nothing else changes")
  void detachedFromAFile() throws RamBlockException, IOException {
    RamBlockSpec spec = spec(Medium.DISK, PMEM);
    BackingStore store = store(Medium.DISK, spec);
    store.close();
    DurabilityAssessment flushing =
        DurabilityAssessment.of(spec, DAX_STYLE, store, ACCEPTED, "NAMES", new VmFlags(SF));
    DurabilityAssessment detached = flushing.detached(store);
    assertEquals(PersistMethod.MSYNC, detached.method());
    assertEquals(flushing.obtained(), detached.obtained());
    assertEquals(Granularity.PAGE, detached.durability().obtained());
    assertTrue(detached.durability().reason().startsWith("detached: "));
    assertEquals("msync(MS_SYNC)", detached.durability().evidence().persist());
    assertEquals(SF, detached.durability().evidence().vmFlags());
    DurabilityAssessment fencing =
        DurabilityAssessment.of(spec, EADR_STYLE, store, ACCEPTED, "NAMES", new VmFlags(SF));
    assertEquals(detached, fencing.detached(store));
    DurabilityAssessment plain =
        DurabilityAssessment.of(spec, FILE_STYLE, store, NOT_MADE, "NAMES", new VmFlags(NO_SF));
    assertSame(plain, plain.detached(store));
  }

  @Test
  @DisplayName("detached, a DAX device goes on flushing: msync does nothing for it")
  void detachedFromADevice() throws RamBlockException, IOException {
    RamBlockSpec spec = spec(Medium.DAX_DEVICE, PMEM);
    BackingStore store = store(Medium.DAX_DEVICE, spec);
    store.close();
    DurabilityAssessment flushing =
        DurabilityAssessment.of(spec, DAX_STYLE, store, ACCEPTED, "NAMES", new VmFlags(SF));
    assertSame(flushing, flushing.detached(store));
    DurabilityAssessment fencing =
        DurabilityAssessment.of(spec, EADR_STYLE, store, ACCEPTED, "NAMES", new VmFlags(SF));
    assertSame(fencing, fencing.detached(store));
  }

  @Test
  @DisplayName(
      "each reason not to attempt MAP_SYNC has its words, and without a reason there are none")
  void reasonsNotToAttempt() throws IOException {
    KernelConstants k = KernelConstants.of("amd64");
    RamBlockSpec pmem = spec(Medium.DISK, PMEM);
    assertEquals(Optional.empty(), SyncNegotiation.obstacle(pmem, DAX_STYLE, k));
    assertEquals(Optional.empty(), SyncNegotiation.obstacle(pmem, NO_FLUSH_STYLE, k));
    List<String> reasons =
        Stream.of(
                SyncNegotiation.obstacle(spec(Medium.DISK, EnumSet.of(RAM_PMEM)), DAX_STYLE, k),
                SyncNegotiation.obstacle(spec(Medium.DISK, SHARED), DAX_STYLE, k),
                SyncNegotiation.obstacle(pmem.withPolicy(DurabilityPolicy.OFF), DAX_STYLE, k),
                SyncNegotiation.obstacle(pmem, FILE_STYLE, k),
                SyncNegotiation.obstacle(pmem, DAX_STYLE, k.withoutSync()))
            .map(Optional::orElseThrow)
            .toList();
    assertEquals(reasons.size(), reasons.stream().distinct().count());
    List<String> words =
        List.of("share=off", "pmem=off", "x-durability=off", "file", "no MAP_SYNC");
    for (int at = 0; at < words.size(); at++) {
      assertTrue(reasons.get(at).contains(words.get(at)), reasons.get(at));
      assertFalse(reasons.get(at).isBlank());
    }
  }
}
