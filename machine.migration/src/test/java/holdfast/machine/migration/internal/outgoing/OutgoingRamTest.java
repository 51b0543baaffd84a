package holdfast.machine.migration.internal.outgoing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import holdfast.backend.api.ByteSize;
import holdfast.backend.api.RamBlock;
import holdfast.backend.api.RamBlockAllocator;
import holdfast.backend.api.TrackingRefusedException;
import holdfast.machine.api.GuestWriter;
import holdfast.machine.config.MachineOptions;
import holdfast.machine.copy.Cancellation;
import holdfast.machine.copy.GivenUpException;
import holdfast.machine.copy.GuestWriters;
import holdfast.machine.copy.PreCopyLoop;
import holdfast.machine.core.Candidates;
import holdfast.machine.core.ImageCheck;
import holdfast.machine.core.Machine;
import holdfast.machine.core.Region;
import holdfast.machine.migration.internal.stream.NeedsQemu;
import holdfast.machine.migration.internal.stream.PageCount;
import holdfast.machine.migration.internal.stream.Qemu;
import holdfast.machine.migration.internal.stream.RamStreamReader;
import holdfast.machine.migration.internal.stream.SegmentSink;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** RAM that is sent while writers store into it, on the file system of temporary files. */
@Timeout(300)
class OutgoingRamTest {
  private static final long SIZE = 32 << 20;
  private static final Duration LIMIT = Duration.ofSeconds(60);

  @TempDir private Path folder;

  private final GuestWriters writers = new GuestWriters();
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Cancellation cancellation = new Cancellation();
  private Optional<Machine> machine = Optional.empty();
  private Optional<Arena> arena = Optional.empty();

  @BeforeEach
  void open() throws Exception {
    MachineOptions options = new MachineOptions();
    options.read("-machine", "pc,nvdimm=on");
    options.read("-m", "1M,slots=4,maxmem=1G");
    for (String id : List.of("nv0", "nv1")) {
      options.read(
          "-object",
          "memory-backend-file,id=%s,share=on,size=%d,mem-path=%s"
              .formatted(id, SIZE, folder.resolve(id + ".img")));
    }
    Candidates candidates = new Candidates();
    ServiceLoader.load(RamBlockAllocator.class)
        .forEach(one -> candidates.add(forgetful(RamBlockAllocator.class, one)));
    machine = Optional.of(Machine.open(options.spec(), candidates, ImageCheck.NONE));
    arena = Optional.of(Arena.ofShared());
  }

  @AfterEach
  void close() throws Exception {
    writers.cont();
    writers.removeAll();
    machine.ifPresent(Machine::close);
    threads.shutdownNow();
    assertTrue(threads.awaitTermination(60, TimeUnit.SECONDS));
    arena.ifPresent(Arena::close);
  }

  /** Whether no block can be tracked, as on DAX, or with an older kernel. */
  private boolean untracked;

  /** Returns an allocator, or a block, that can't be tracked while that is so. */
  private <T> T forgetful(Class<T> type, T real) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (_, method, arguments) -> {
              if (untracked && real instanceof RamBlock block && method.getName().equals("track")) {
                throw new TrackingRefusedException(block.spec(), "the test says so");
              }
              try {
                Object answer = method.invoke(real, arguments);
                return answer instanceof RamBlock block ? forgetful(RamBlock.class, block) : answer;
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            }));
  }

  @Test
  @DisplayName("memory that can't be tracked is sent while the writers are stopped")
  void untrackedMemory() throws Exception {
    untracked = true;
    stamper("nv0");
    MemorySegment first = arena.orElseThrow().allocate(SIZE);
    SegmentSink sink = new SegmentSink(Map.of("nv0", first), false);
    OutgoingLimits patient =
        new OutgoingLimits(LIMIT, ByteSize.ZERO, Duration.ofSeconds(1), Duration.ofSeconds(10));
    try (Ends ends = connect()) {
      Future<?> receiver = threads.submit(() -> new RamStreamReader(ends.there, sink).read());
      run(outgoing(patient, ends.here, "nv0"));
      receiver.get(60, TimeUnit.SECONDS);
    }
    assertTrue(writers.isStopped());
    assertEquals(-1, first.mismatch(copy("nv0")));
  }

  @Test
  @DisplayName("memory that can't be tracked is refused where it would take too long, by a sample")
  void untrackedMemoryTakesTooLong() throws Exception {
    untracked = true;
    Stamper stamper = stamper("nv0");
    SegmentSink sink = new SegmentSink(Map.of("nv0", arena.orElseThrow().allocate(SIZE)), false);
    OutgoingLimits hasty =
        new OutgoingLimits(
            Duration.ofNanos(1), ByteSize.ZERO, Duration.ofSeconds(1), Duration.ofSeconds(10));
    try (Ends ends = connect()) {
      Future<?> receiver = threads.submit(() -> new RamStreamReader(ends.there, sink).read());
      OutgoingRam outgoing = outgoing(hasty, ends.here, "nv0");
      GivenUpException refused = assertThrows(GivenUpException.class, () -> run(outgoing));
      assertTrue(
          refused.getMessage().contains(SIZE + " bytes can't be tracked"), refused::getMessage);
      ends.here.close();
      assertThrows(ExecutionException.class, () -> receiver.get(60, TimeUnit.SECONDS));
    }
    assertEquals(0, stamper.pauses());
    stamper.awaitMore();
  }

  private Region region(String id) {
    return machine.orElseThrow().find(id).orElseThrow().region();
  }

  private OutgoingRam outgoing(OutgoingLimits limits, SocketChannel to, String... ids) {
    List<Region> regions = List.of(ids).stream().map(this::region).toList();
    return new OutgoingRam(regions, writers, () -> limits, new Stopping(), cancellation, to);
  }

  private static Sent run(OutgoingRam outgoing) throws Exception {
    try (outgoing) {
      return outgoing.run("none");
    }
  }

  /** Stops the writers, and no more. */
  private final class Stopping implements OutgoingRam.Course {
    private boolean stopped;

    @Override
    public void aboutToStop() {}

    @Override
    public void stop(Duration limit) throws GivenUpException, InterruptedException {
      stopped = writers.stop(limit);
    }

    @Override
    public void undo() {
      if (stopped) {
        writers.cont();
      }
    }

    @Override
    public void ended(PreCopyLoop.Round round) {}

    @Override
    public void sent(PageCount total, long left) {}
  }

  private Stamper stamper(String id) {
    Stamper stamper = new Stamper(id, region(id).segment());
    writers.add(stamper);
    threads.submit(stamper);
    return stamper;
  }

  /** Both ends of a connection. */
  private record Ends(SocketChannel here, SocketChannel there) implements AutoCloseable {
    @Override
    public void close() throws IOException {
      here.close();
      there.close();
    }
  }

  private Ends connect() throws IOException {
    UnixDomainSocketAddress address = UnixDomainSocketAddress.of(folder.resolve("socket"));
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(address);
      return new Ends(SocketChannel.open(address), server.accept());
    }
  }

  @Test
  @DisplayName(
      "what two regions hold when their writers have stopped is what the receiver has, and the"
          + " writers stay stopped")
  void underWriters() throws Exception {
    Stamper one = stamper("nv0");
    Stamper two = stamper("nv1");
    MemorySegment first = arena.orElseThrow().allocate(SIZE);
    MemorySegment second = arena.orElseThrow().allocate(SIZE);
    SegmentSink sink = new SegmentSink(Map.of("nv0", first, "nv1", second), false);
    try (Ends ends = connect()) {
      Future<?> receiver = threads.submit(() -> new RamStreamReader(ends.there, sink).read());
      Sent sent = run(outgoing(OutgoingLimits.DEFAULT, ends.here, "nv0", "nv1"));
      receiver.get(60, TimeUnit.SECONDS);
      assertTrue(sent.rounds() >= 2, sent::toString);
    }
    assertEquals(Optional.empty(), sink.missing());
    assertTrue(writers.isStopped());
    long stored = one.stored() + two.stored();
    assertEquals(-1, first.mismatch(copy("nv0")));
    assertEquals(-1, second.mismatch(copy("nv1")));
    assertEquals(stored, one.stored() + two.stored(), "somebody stored meanwhile");
    assertTrue(stored > 0);
    writers.cont();
    one.awaitMore();
  }

  private MemorySegment copy(String id) {
    return arena.orElseThrow().allocate(SIZE).copyFrom(region(id).segment());
  }

  @Test
  @DisplayName("a receiver that goes leaves the writers running: they are never stopped")
  void theReceiverGoes() throws Exception {
    Stamper stamper = stamper("nv0");
    try (Ends ends = connect()) {
      Future<?> receiver =
          threads.submit(
              () -> {
                ends.there.read(ByteBuffer.allocate(1 << 20));
                ends.there.close();
                return null;
              });
      OutgoingRam outgoing = outgoing(OutgoingLimits.DEFAULT, ends.here, "nv0");
      assertThrows(IOException.class, () -> run(outgoing));
      receiver.get(60, TimeUnit.SECONDS);
    }
    assertFalse(writers.isStopped());
    assertEquals(0, stamper.pauses());
    stamper.awaitMore();
  }

  @Test
  @DisplayName("a receiver that stops reading while the writers are stopped keeps them no longer")
  void theReceiverHangs() throws Exception {
    CountDownLatch end = new CountDownLatch(1);
    Stamper stamper = stamper("nv0").storingBeforeItPauses(16 << 20);
    try (Ends ends = connect()) {
      Future<?> receiver =
          threads.submit(
              () -> {
                ByteBuffer into = ByteBuffer.allocate(1 << 16);
                while (stamper.pauses() == 0 && ends.there.read(into.clear()) >= 0) {
                  // until the writer is asked to pause
                }
                return end.await(60, TimeUnit.SECONDS);
              });
      OutgoingLimits limits =
          new OutgoingLimits(Duration.ofMillis(300), ByteSize.ZERO, LIMIT, Duration.ofMillis(500));
      OutgoingRam outgoing = outgoing(limits, ends.here, "nv0");
      IOException late = assertThrows(IOException.class, () -> run(outgoing));
      assertTrue(late.getMessage().contains("did not take the rest"), late.toString());
      end.countDown();
      receiver.get(60, TimeUnit.SECONDS);
    }
    assertFalse(writers.isStopped());
    assertEquals(1, stamper.pauses());
    stamper.awaitMore();
  }

  @Test
  @DisplayName("a cancel ends it while it waits for its bandwidth, and nobody was stopped")
  void cancelled() throws Exception {
    Stamper stamper = stamper("nv0");
    try (Ends ends = connect()) {
      Future<?> receiver = threads.submit(() -> drain(ends.there));
      OutgoingLimits slow =
          new OutgoingLimits(Duration.ofMillis(300), ByteSize.kib(64), LIMIT, LIMIT);
      Future<Sent> sending = threads.submit(() -> run(outgoing(slow, ends.here, "nv0")));
      stamper.awaitMore();
      cancellation.cancel("it was cancelled");
      ExecutionException e =
          assertThrows(ExecutionException.class, () -> sending.get(60, TimeUnit.SECONDS));
      assertTrue(e.getCause() instanceof GivenUpException, e.toString());
      ends.here.close();
      receiver.get(60, TimeUnit.SECONDS);
    }
    assertEquals(0, stamper.pauses());
    stamper.awaitMore();
  }

  private static long drain(SocketChannel from) throws IOException {
    ByteBuffer into = ByteBuffer.allocate(1 << 16);
    long all = 0;
    for (int read = from.read(into); read >= 0; read = from.read(into.clear())) {
      all += read;
    }
    return all;
  }

  @Test
  @DisplayName("a region whose file was truncated is named, and the writers go on")
  void truncated() throws Exception {
    try (Ends ends = connect();
        FileChannel file = FileChannel.open(folder.resolve("nv0.img"), StandardOpenOption.WRITE)) {
      file.truncate(SIZE / 2);
      Future<?> receiver = threads.submit(() -> drain(ends.there));
      OutgoingRam outgoing = outgoing(OutgoingLimits.DEFAULT, ends.here, "nv0");
      GivenUpException e = assertThrows(GivenUpException.class, () -> run(outgoing));
      assertTrue(("" + e.getMessage()).contains("memory backend 'nv0'"), e.toString());
      ends.here.close();
      receiver.get(60, TimeUnit.SECONDS);
    }
    assertFalse(writers.isStopped());
  }

  /** With a real QEMU as receiver. */
  @Nested
  @NeedsQemu
  class ToQemu {
    @Test
    @DisplayName("a QEMU's image is what our region held when its writers stopped")
    void underWriters() throws Exception {
      Stamper stamper = stamper("nv0");
      Path image = folder.resolve("qemu.img");
      Path socket = folder.resolve("in");
      List<String> options =
          List.of(
              "-machine",
              "none,memory-backend=nv0",
              "-object",
              "memory-backend-file,id=nv0,share=on,mem-path=%s,size=%d".formatted(image, SIZE),
              "-incoming",
              "unix:" + socket);
      try (Qemu qemu = new Qemu(folder, options);
          SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
        run(outgoing(OutgoingLimits.DEFAULT, channel, "nv0"));
        assertEquals("completed", qemu.migrated());
      }
      assertTrue(stamper.stored() > 0);
      try (FileChannel file = FileChannel.open(image)) {
        MemorySegment there = file.map(FileChannel.MapMode.READ_ONLY, 0, SIZE, arena.orElseThrow());
        assertEquals(-1, there.mismatch(copy("nv0")));
      }
    }
  }

  /** Stores numbers all over a region until it is paused. */
  private static final class Stamper implements GuestWriter, Runnable {
    private final String name;
    private final MemorySegment memory;
    private final ReentrantLock storing = new ReentrantLock();
    private volatile long stored;
    private volatile int pauses;
    private volatile boolean paused;
    private long lastWords;

    Stamper(String name, MemorySegment memory) {
      this.name = name;
      this.memory = memory;
    }

    /** When it is asked to pause it stores so many bytes more, which it may. */
    Stamper storingBeforeItPauses(long bytes) {
      lastWords = bytes;
      return this;
    }

    long stored() {
      return stored;
    }

    int pauses() {
      return pauses;
    }

    void awaitMore() {
      long before = stored;
      long end = System.nanoTime() + LIMIT.toNanos();
      while (stored == before) {
        if (System.nanoTime() > end) {
          fail("the writer stands still");
        }
        Thread.onSpinWait();
      }
    }

    @Override
    public void run() {
      for (long number = 1; !Thread.currentThread().isInterrupted(); number++) {
        storing.lock();
        try {
          if (!paused) {
            long at = number * 4096 * 7 % SIZE;
            memory.set(ValueLayout.JAVA_LONG, at, number);
            stored = number;
          }
        } finally {
          storing.unlock();
        }
        LockSupport.parkNanos(20_000);
      }
    }

    @Override
    public String name() {
      return name;
    }

    @Override
    public boolean pause(Duration limit) {
      storing.lock();
      try {
        paused = true;
        pauses++;
        for (long at = 0; at < lastWords; at += Long.BYTES) {
          memory.set(ValueLayout.JAVA_LONG, at, at + 1);
        }
        return true;
      } finally {
        storing.unlock();
      }
    }

    @Override
    public void resume() {
      paused = false;
    }
  }
}
