package holdfast.backend.mmap.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import holdfast.backend.api.BackendId;
import holdfast.backend.api.Backing;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.Preallocation;
import holdfast.backend.api.PreallocationException;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockException;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.backend.mmap.Mount;
import holdfast.backend.mmap.RamMapper;
import holdfast.backend.mmap.style.MappingStyle;
import holdfast.host.linux.Errno;
import holdfast.host.linux.HostLibc;
import holdfast.host.linux.KernelConstants;
import holdfast.host.testkit.Fault;
import holdfast.host.testkit.FaultyLibc;
import holdfast.host.testkit.HostMapping;
import holdfast.host.testkit.LeakCheck;
import holdfast.host.testkit.RecordedCall;
import holdfast.host.testkit.Storage;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;

/** Making pages present: by how many threads, all of them, told of, and stopped. In memory. */
@Timeout(60)
class PreallocatorTest {
  private static final Path SYSFS = Path.of("/sys");
  private static final Duration LIMIT = Duration.ofSeconds(20);

  /** Three portions, of which the last is not a whole one. */
  private static final ByteSize SEVERAL = ByteSize.mib(72);

  /** As many bytes as are worth two threads, in four portions. */
  private static final ByteSize FOR_TWO = ByteSize.mib(128);

  private final FaultyLibc libc = FaultyLibc.host();
  private final long page = libc.getpagesize();

  @AfterEach
  void nothingIsLeft() {
    assertEquals(List.of(), preallocatingThreads());
    assertEquals(List.of(), libc.mapped());
    assertEquals(Set.of(), libc.descriptors());
  }

  private static List<String> preallocatingThreads() {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> name.startsWith("holdfast-prealloc-"))
        .toList();
  }

  /** How pages become present. */
  private enum Way {
    POPULATE,
    /** As on a kernel before 5.14. */
    TOUCH
  }

  private FaultyLibc libc(Way way) {
    return way == Way.POPULATE
        ? libc
        : libc.with(new Fault(PreallocatorTest::populates, Errno.EINVAL, Fault.Harm.NONE));
  }

  private static boolean populates(RecordedCall made) {
    return made.advice() == KernelConstants.MADV_POPULATE_WRITE
        || made.advice() == KernelConstants.MADV_POPULATE_READ;
  }

  private boolean populatesPortion(RecordedCall made) {
    return populates(made) && (long) made.arguments().get(1) > page;
  }

  /** Something that happens at each call that is {@code moment}; nothing fails. */
  private static Fault at(Predicate<RecordedCall> moment, Consumer<RecordedCall> happening) {
    return new Fault(
        made -> {
          if (moment.test(made)) {
            happening.accept(made);
          }
          return false;
        },
        0,
        Fault.Harm.NONE);
  }

  private static RamBlockSpec anonymous(ByteSize size) {
    return RamBlockSpec.of(new BackendId("ram0"), new Backing.Anonymous(), size, Set.of())
        .withPrealloc(Preallocation.ALL);
  }

  private static RamBlockSpec file(Path path, ByteSize size, RamFlag... flags) {
    return RamBlockSpec.of(
        new BackendId("ram0"), new Backing.File(path), size, Arrays.asList(flags));
  }

  private RamBlock map(RamBlockSpec spec) throws RamBlockException {
    return new RamMapper(libc, SYSFS).map(spec, MappingStyle.kernel("file"));
  }

  @ParameterizedTest
  @CsvSource({
    // size, page size, asked for, processors, threads
    "4K, 4K, , 8, 1",
    "63M, 4K, , 8, 1",
    "64M, 4K, , 8, 1",
    "128M, 4K, , 8, 2",
    "191M, 4K, , 8, 2",
    "192M, 4K, , 8, 3",
    "1G, 4K, , 8, 8",
    "1G, 4K, , 1, 1",
    "1G, 4K, 1, 8, 1",
    "1G, 4K, 3, 8, 3",
    "1G, 4K, 100, 8, 8",
    "1G, 4K, 100, 64, 16",
    "1G, 4K, , 64, 16",
    "1T, 4K, , 256, 16",
    "1G, 1G, , 64, 1",
    "2G, 1G, , 64, 2",
    "4G, 1G, 3, 64, 3"
  })
  @DisplayName("as many threads as QEMU starts, with processors in the place of its vCPUs")
  void theNumberOfThreads(
      String size, String pageSize, Integer asked, int processors, int expected) {
    OptionalInt wished = asked == null ? OptionalInt.empty() : OptionalInt.of(asked);
    assertEquals(expected, Preallocator.threads(bytes(size), bytes(pageSize), wished, processors));
  }

  private static long bytes(String size) {
    long number = Long.parseLong(size.substring(0, size.length() - 1));
    return switch (size.charAt(size.length() - 1)) {
      case 'K' -> number << 10;
      case 'M' -> number << 20;
      case 'G' -> number << 30;
      default -> number << 40;
    };
  }

  @Test
  @DisplayName(
      "a block for several threads is made present by so many at a time, if there are so many processors")
  void severalThreads() throws RamBlockException {
    int processors = Runtime.getRuntime().availableProcessors();
    assumeTrue(processors > 1, "one processor: one thread");
    CountDownLatch both = new CountDownLatch(2);
    libc.with(
        at(
            this::populatesPortion,
            made -> {
              both.countDown();
              await(both);
            }));
    map(anonymous(FOR_TWO)).close();
    assertEquals(0, both.getCount());
  }

  @ParameterizedTest
  @EnumSource(Way.class)
  @DisplayName("every page of several portions of memory is present")
  void everyPageOfMemory(Way way) throws RamBlockException {
    // of small pages alone, so that one touched byte makes one page present
    libc(way)
        .with(
            new Fault(
                made -> made.advice() == HostLibc.instance().constants().madvHugepage(),
                Errno.EINVAL,
                Fault.Harm.NONE));
    try (RamBlock block = map(anonymous(SEVERAL))) {
      assertPresent(block);
      assertEquals(
          -1, block.segment().mismatch(MemorySegment.ofArray(new byte[(int) SEVERAL.bytes()])));
    }
  }

  @ParameterizedTest
  @EnumSource(Way.class)
  @DisplayName(
      "every page of several portions of a file on tmpfs is present, and keeps its content")
  void everyPageOfAFile(Way way) throws IOException, RamBlockException {
    libc(way);
    Path folder = Storage.tmpfs().newFolder();
    try {
      Path path = folder.resolve("file");
      fill(path);
      for (RamFlag[] flags :
          new RamFlag[][] {{RamFlag.RAM_SHARED}, {}, {RamFlag.RAM_SHARED, RamFlag.RAM_READONLY}}) {
        try (RamBlock block = map(file(path, SEVERAL, flags).withPrealloc(Preallocation.ALL))) {
          assertPresent(block);
          for (long at = 0; at < SEVERAL.bytes(); at += page) {
            assertEquals(at + 1, block.segment().get(ValueLayout.JAVA_LONG, at));
          }
        }
      }
    } finally {
      Storage.remove(folder);
    }
  }

  /** In the first bytes of each page where it is. */
  private void fill(Path path) throws IOException {
    try (FileChannel out =
        FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      ByteBuffer portion = ByteBuffer.allocate(1 << 20).order(ByteOrder.nativeOrder());
      for (long from = 0; from < SEVERAL.bytes(); from += portion.capacity()) {
        for (int at = 0; at < portion.capacity(); at += (int) page) {
          portion.putLong(at, from + at + 1);
        }
        assertEquals(portion.capacity(), out.write(portion.rewind()));
      }
    }
  }

  private static void assertPresent(RamBlock block) {
    HostMapping seen = HostMapping.at(block.segment().address()).orElseThrow();
    long page = HostLibc.instance().getpagesize();
    assertEquals(block.segment().byteSize() / page, seen.presentPages(page));
  }

  @Test
  @DisplayName("how far it is is told when it takes longer than a second")
  void progressIsTold() throws RamBlockException {
    try (Progress progress = new Progress()) {
      libc.with(at(this::populatesPortion, made -> await(progress.told)));
      map(anonymous(SEVERAL)).close();
      List<String> lines = progress.lines();
      assertEquals("memory backend 'ram0': 0 of 72M preallocated (0 %)", lines.getFirst());
      assertEquals("memory backend 'ram0': 72M of 72M preallocated (100 %)", lines.getLast());
    }
  }

  @Test
  @DisplayName("nothing is told of what takes no second")
  void progressIsNotTold() throws RamBlockException {
    try (Progress progress = new Progress()) {
      long from = System.nanoTime();
      map(anonymous(new ByteSize(page))).close();
      assumeTrue(
          System.nanoTime() - from < Duration.ofSeconds(1).toNanos(),
          "this machine was too busy to make one page present in a second");
      assertEquals(List.of(), progress.lines());
    }
  }

  @Test
  @DisplayName("a portion that fails ends all threads and is the exception, and nothing is left")
  void aFailingPortion() throws IOException {
    Path folder = Storage.tmpfs().newFolder();
    try {
      AtomicInteger portions = new AtomicInteger();
      libc.with(
          new Fault(
              made -> populatesPortion(made) && portions.incrementAndGet() == 2,
              Errno.ENOMEM,
              Fault.Harm.NONE));
      PreallocationException failure =
          assertThrows(
              PreallocationException.class,
              () ->
                  map(file(folder.resolve("file"), FOR_TWO, RamFlag.RAM_SHARED)
                          .withPrealloc(Preallocation.ALL))
                      .close());
      assertTrue(failure.errno().startsWith("ENOMEM"), failure::errno);
      assertEquals(List.of(), preallocatingThreads());
      assertFalse(Files.exists(folder.resolve("file")));
      // the other thread may have begun one more before it learned of it
      assertTrue(portions.get() <= 3, () -> portions + " portions were begun");
    } finally {
      Storage.remove(folder);
    }
  }

  @Test
  @DisplayName("a thread that ends for a reason that nobody thought of is no success")
  void anUnforeseenFailure() {
    libc.with(
        at(
            this::populatesPortion,
            made -> {
              throw new IllegalStateException("unforeseen");
            }));
    RuntimeException failure =
        assertThrows(RuntimeException.class, () -> map(anonymous(SEVERAL)).close());
    assertEquals("unforeseen", failure.getMessage());
  }

  @Test
  @DisplayName("interrupting who waits ends all threads and is the exception, and nothing is left")
  void interrupted() throws InterruptedException {
    CountDownLatch underWay = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    AtomicInteger begun = new AtomicInteger();
    libc.with(
        at(
            this::populatesPortion,
            made -> {
              begun.incrementAndGet();
              underWay.countDown();
              await(goOn);
            }));
    Starter starter = new Starter();
    await(underWay);
    starter.thread.interrupt();
    awaitJoin(starter.thread);
    goOn.countDown();
    starter.assertInterrupted();
    assertTrue(begun.get() <= 2, () -> begun + " portions were begun");
  }

  @Test
  @DisplayName("interrupting who waits ends a portion, too, that signals interrupt again and again")
  void interruptedAmongSignals() throws InterruptedException {
    CountDownLatch underWay = new CountDownLatch(1);
    libc.with(at(this::populatesPortion, made -> underWay.countDown()))
        .with(new Fault(this::populatesPortion, Errno.EINTR, Fault.Harm.NONE));
    Starter starter = new Starter();
    await(underWay);
    starter.thread.interrupt();
    starter.assertInterrupted();
  }

  /** Makes a block for two threads, and keeps what came of it. */
  private final class Starter {
    private final AtomicReference<Throwable> outcome = new AtomicReference<>();
    private final AtomicBoolean interrupted = new AtomicBoolean();
    private final Thread thread = Thread.ofPlatform().daemon().start(this::start);

    private void start() {
      try {
        map(anonymous(FOR_TWO)).close();
      } catch (Throwable e) {
        interrupted.set(Thread.currentThread().isInterrupted());
        outcome.set(e);
      }
    }

    void assertInterrupted() throws InterruptedException {
      assertTrue(thread.join(LIMIT), "it does not end");
      PreallocationException failure =
          assertInstanceOf(PreallocationException.class, outcome.get());
      assertEquals("interrupted", failure.errno());
      assertTrue(interrupted.get(), "the interrupt is the caller's to know");
    }
  }

  /** Until it has heard of the interrupt, and waits for its threads without a limit. */
  private static void awaitJoin(Thread thread) {
    long limit = System.nanoTime() + LIMIT.toNanos();
    while (thread.getState() != Thread.State.WAITING) {
      assertTrue(System.nanoTime() < limit, () -> "does not wait but is " + thread.getState());
      Thread.onSpinWait();
    }
  }

  @Test
  @DisplayName("no threads at all are refused, and so are fewer")
  void impossibleThreads() throws RamBlockException {
    try (RamBlock block = map(anonymous(SEVERAL).withPrealloc(Preallocation.NONE))) {
      for (int threads : new int[] {0, -1}) {
        assertThrows(
            IllegalArgumentException.class, () -> block.preallocate(OptionalInt.of(threads)));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Way.class)
  @DisplayName("a hole that a full tmpfs can't fill is an exception and no signal")
  void aHoleThatCantBeFilled(Way way) throws IOException, InterruptedException {
    try (Mount mount = Mount.tmpfs(16)) {
      try (LeakCheck leaks = LeakCheck.start(libc(way), mount.folder())) {
        Path path = mount.folder().resolve("file");
        // of a private block's file no space is set aside before
        PreallocationException failure =
            assertThrows(
                PreallocationException.class,
                () -> map(file(path, SEVERAL).withPrealloc(Preallocation.ALL)).close());
        assertTrue(
            failure.errno().startsWith(way == Way.POPULATE ? "EFAULT" : "SIGBUS"), failure::errno);
        assertEquals(Set.of(), leaks.newFiles());
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Way.class)
  @DisplayName(
      "of a hole that a full tmpfs can't fill a block that is in use learns, and serves on")
  void aHoleInABlockInUse(Way way) throws IOException, InterruptedException, RamBlockException {
    try (Mount mount = Mount.tmpfs(16)) {
      try (LeakCheck leaks = LeakCheck.start(libc(way), mount.folder())) {
        RamBlockSpec spec =
            file(
                mount.folder().resolve("file"), SEVERAL, RamFlag.RAM_SHARED, RamFlag.RAM_NORESERVE);
        try (RamBlock block = map(spec)) {
          block.segment().set(ValueLayout.JAVA_LONG, 0, 42);
          assertThrows(PreallocationException.class, () -> block.preallocate(OptionalInt.empty()));
          assertEquals(42, block.segment().get(ValueLayout.JAVA_LONG, 0));
        }
        assertEquals(List.of(), leaks.leaks());
      }
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      assertTrue(latch.await(LIMIT.toSeconds(), TimeUnit.SECONDS));
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** What is told of progress while this is open; nothing reaches the console. */
  private static final class Progress extends AppenderBase<ILoggingEvent> implements AutoCloseable {
    private final Logger logger = (Logger) LoggerFactory.getLogger("holdfast.progress");
    private final Level levelBefore = logger.getLevel();
    private final boolean additiveBefore = logger.isAdditive();
    private final List<String> lines = new CopyOnWriteArrayList<>();

    /** Whether anything was told. */
    final CountDownLatch told = new CountDownLatch(1);

    Progress() {
      start();
      logger.setLevel(Level.INFO);
      logger.setAdditive(false);
      logger.addAppender(this);
    }

    List<String> lines() {
      return List.copyOf(lines);
    }

    @Override
    protected void append(ILoggingEvent event) {
      lines.add(event.getFormattedMessage());
      told.countDown();
    }

    @Override
    public void close() {
      logger.detachAppender(this);
      logger.setLevel(levelBefore);
      logger.setAdditive(additiveBefore);
    }
  }
}
