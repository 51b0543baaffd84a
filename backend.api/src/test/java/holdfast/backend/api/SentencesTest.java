package holdfast.backend.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each cause has its type, and each type its sentence. */
class SentencesTest {
  private static final RamBlockSpec SPEC =
      RamBlockSpec.of(
              new BackendId("nv_be4"),
              new Backing.File(Path.of("/pmem/nv")),
              ByteSize.mib(256),
              List.of(RamFlag.RAM_SHARED, RamFlag.RAM_PMEM))
          .withAlign(new Alignment(4096));

  private static final RamBlockSpec BOUND =
      SPEC.withNuma(new NumaBinding(NumaPolicy.BIND, new TreeSet<>(Set.of(0, 7))));

  private static final Durability SHORT =
      new Durability(
          Granularity.CACHE_LINE,
          Granularity.PAGE,
          "no DAX here",
          new Evidence("MAP_SHARED: ok", "rd wr sh", "msync(MS_SYNC)", "ext4"));

  /** An exception, and what was asked, what was obtained and what to do, in its words. */
  private record Sample(RamBlockException exception, String... words) {
    @Override
    public String toString() {
      return exception.getClass().getSimpleName();
    }
  }

  static Stream<Sample> samples() {
    String enomem = "ENOMEM (Cannot allocate memory)";
    return Stream.of(
        new Sample(
            new BackingKindException(SPEC, "a FIFO", "name a regular file"),
            "a FIFO",
            "name a regular file"),
        new Sample(new BackingLockedException(SPEC), "locked", "end the other one first"),
        new Sample(
            new BackingOpenException(SPEC, "EACCES (Permission denied)", "check the permissions"),
            "EACCES (Permission denied)",
            "check the permissions"),
        new Sample(
            new BackingSizeException(SPEC, ByteSize.mib(128)),
            "size=256M",
            "only 128M",
            "134217728 bytes",
            "grow the file first"),
        new Sample(
            new BackingSpaceException(SPEC, "fallocate", "ENOSPC (…)", "free some huge pages"),
            "size=256M",
            "fallocate: ENOSPC (…)",
            "free some huge pages"),
        new Sample(
            new BlockAlignmentException(
                SPEC, new Alignment(2 << 20), "the page size of this backing"),
            "align=4K asked for",
            "the page size of this backing is 2M",
            "ask for align=2M"),
        new Sample(
            new BlockSizeException(SPEC, ByteSize.gib(1)),
            "size=256M is not a multiple of 1G",
            "round it"),
        new Sample(
            new DurabilityException(SPEC, SHORT),
            "x-durability=require",
            "obtained is page",
            "no DAX here",
            "x-durability=warn"),
        new Sample(
            new MappingException(SPEC, "mmap(MAP_SHARED|MAP_FIXED)", enomem, "free memory"),
            "size=256M",
            "mmap(MAP_SHARED|MAP_FIXED): " + enomem,
            "free memory"),
        new Sample(
            new PersistException(SPEC, 4096, 64, "msync", "EIO (Input/output error)"),
            "64 bytes from offset 4096",
            "msync: EIO (Input/output error)",
            "check the disk"),
        new Sample(
            new PersistException(SPEC, 4096, 64, "msync", "ENOSPC (…)", "free some space"),
            "msync: ENOSPC (…)",
            "nothing is known about what the file holds",
            "free some space"),
        new Sample(
            PersistException.ofFailed(SPEC, 4096, 64, "the file was truncated"),
            "64 bytes from offset 4096",
            "failed before (the file was truncated)",
            "start the machine again"),
        new Sample(
            new PreallocationException(SPEC, enomem, "set prealloc=off"),
            "size=256M",
            enomem,
            "prealloc=off"),
        new Sample(new RemapRefusedException(SPEC, "share=off"), "stays where it is", "share=off"),
        new Sample(
            new BlockOffsetException(SPEC, new ByteSize(1000), ByteSize.kib(4)),
            "offset=1000 is not a multiple of 4K",
            "round it"),
        new Sample(
            new NumaBindingException(BOUND, "EINVAL (Invalid argument)", "see the nodes"),
            "size=256M to host-nodes=0,7: EINVAL (Invalid argument)",
            "see the nodes"),
        new Sample(
            new ReservationException(SPEC, "the kernel counts every promise"),
            "reserve=off can't be had: the kernel counts every promise",
            "set reserve=on"),
        new Sample(
            new TrackingRefusedException(SPEC, "no userfaultfd; see the device's permissions"),
            "can't be tracked: no userfaultfd",
            "see the device's permissions"),
        new Sample(
            new TrackingLostException(SPEC, 8192, "ioctl(PAGEMAP_SCAN): EPERM"),
            "from offset 8192 on is not known: ioctl(PAGEMAP_SCAN): EPERM",
            "take every page from there for written"));
  }

  @ParameterizedTest
  @MethodSource("samples")
  @DisplayName(
      "the sentence names the backend, its file, what was asked, what came of it, what to do")
  void theSentenceNamesEverything(Sample sample) {
    String sentence = sample.exception.getMessage();
    assertTrue(sentence.startsWith("memory backend 'nv_be4' on /pmem/nv: "), sentence);
    for (String words : sample.words) {
      assertTrue(sentence.contains(words), () -> "'" + sentence + "' lacks '" + words + "'");
    }
    assertEquals(1, sentence.lines().count());
    assertTrue(!sentence.endsWith("."), "half a sentence that others can go on with");
    assertTrue(sample.exception.spec() == SPEC || sample.exception.spec() == BOUND);
  }

  @Test
  @DisplayName("no exception type is without a sample here")
  void everyTypeIsSampled() {
    Set<Class<?>> sampled =
        samples().map(sample -> sample.exception.getClass()).collect(Collectors.toSet());
    assertEquals(
        Set.copyOf(Arrays.asList(RamBlockException.class.getPermittedSubclasses())), sampled);
  }

  @Test
  @DisplayName("the fields of an exception are what it was made of")
  void theFieldsAreThere() {
    assertEquals("a FIFO", new BackingKindException(SPEC, "a FIFO", "").found());
    assertEquals("EACCES", new BackingOpenException(SPEC, "EACCES", "").errno());
    assertEquals(ByteSize.mib(1), new BackingSizeException(SPEC, ByteSize.mib(1)).actual());
    assertEquals("ENOSPC", new BackingSpaceException(SPEC, "", "ENOSPC", "").errno());
    assertEquals(
        new Alignment(2), new BlockAlignmentException(SPEC, new Alignment(2), "").needed());
    assertEquals(ByteSize.kib(4), new BlockSizeException(SPEC, ByteSize.kib(4)).unit());
    assertEquals(SHORT, new DurabilityException(SPEC, SHORT).durability());
    assertEquals("mmap", new MappingException(SPEC, "mmap", "ENOMEM", "").call());
    assertEquals("ENOMEM", new MappingException(SPEC, "mmap", "ENOMEM", "").errno());
    PersistException persist = new PersistException(SPEC, 1, 2, "msync", "EIO");
    assertEquals(1, persist.offset());
    assertEquals(2, persist.length());
    assertEquals("EIO", persist.errno());
    assertEquals("ENOMEM", new PreallocationException(SPEC, "ENOMEM", "").errno());
    assertEquals("why", new RemapRefusedException(SPEC, "why").reason());
    assertEquals("why", new ReservationException(SPEC, "why").reason());
    assertEquals("why", new TrackingRefusedException(SPEC, "why").reason());
    assertEquals("why", new TrackingLostException(SPEC, 1, "why").reason());
    assertEquals(1, new TrackingLostException(SPEC, 1, "why").offset());
    assertEquals("EINVAL", new NumaBindingException(BOUND, "EINVAL", "").errno());
    assertEquals(
        ByteSize.kib(4), new BlockOffsetException(SPEC, ByteSize.ZERO, ByteSize.kib(4)).unit());
    RamBlockSpec behind =
        RamBlockSpec.of(
            new BackendId("m"),
            new Backing.File(Path.of("/f"), ByteSize.mib(2), false),
            ByteSize.mib(1),
            List.of());
    assertTrue(
        new BackingSizeException(behind, ByteSize.mib(2))
            .getMessage()
            .contains("size=1M from offset=2M asked for"));
    assertTrue(new RetiredBlockException(SPEC).getMessage().contains("'nv_be4'"));
  }

  @Test
  @DisplayName("memory without a file is named as such")
  void anonymousMemoryIsNamed() {
    RamBlockSpec spec =
        RamBlockSpec.of(new BackendId("ram"), new Backing.Anonymous(), ByteSize.mib(1), List.of());
    assertTrue(
        new PreallocationException(spec, "ENOMEM", "")
            .getMessage()
            .startsWith("memory backend 'ram' on anonymous memory: "));
  }
}
