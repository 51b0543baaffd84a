package holdfast.examples.demo;

import holdfast.machine.api.DeviceState;
import holdfast.machine.api.DirtyLog;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestMemory;
import holdfast.machine.api.GuestWriter;
import holdfast.machine.api.MemoryDevice;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Simulates a guest: a thread that fills an nvdimm through guest memory, block after block, over
 * and over, and reads each block back. Each block has a pattern of its own that changes with every
 * pass.
 */
final class Guest implements AutoCloseable, GuestWriter, DeviceState {
  private static final int BLOCK = 4096;
  private static final long LIMIT_NANOS = 30_000_000_000L;
  private static final long PAUSE_NANOS = 100_000;

  private final GuestMemory memory;
  private final MemoryDevice nvdimm;
  private final int blocks;
  private final StoreLog log;
  private final AtomicLong writes = new AtomicLong();
  private final AtomicReference<String> error = new AtomicReference<>("");
  private final Thread thread;
  private volatile boolean stopping;
  private volatile boolean closed;

  /**
   * Held while a block is written and counted, and by the thread that makes the guest pause, which
   * is not to wait for longer than that: it is fair.
   */
  private final ReentrantLock writing = new ReentrantLock(true);

  /** Makes one that {@link #start} starts. */
  Guest(GuestMemory memory, MemoryDevice nvdimm) {
    this.memory = memory;
    this.nvdimm = nvdimm;
    this.blocks = Math.toIntExact(nvdimm.size().bytes() / BLOCK);
    this.log = new StoreLog(nvdimm.region(), BLOCK);
    this.thread = Thread.ofPlatform().name("demo-guest").daemon().unstarted(this::run);
  }

  /** Starts it: where it is paused it begins when it is resumed. */
  void start() {
    thread.start();
  }

  private void run() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment wanted = arena.allocate(BLOCK);
      MemorySegment found = arena.allocate(BLOCK);
      while (!closed && (!stopping || writes.get() < blocks)) {
        writing.lock();
        try {
          step(wanted, found);
        } finally {
          writing.unlock();
        }
      }
    } catch (RuntimeException | InternalError e) {
      error.set("the guest met: " + e);
    }
  }

  private void step(MemorySegment wanted, MemorySegment found) {
    long number = writes.get();
    int block = (int) (number % blocks);
    fill(wanted, block, number / blocks);
    memory.write(address(block), wanted);
    log.add(block);
    memory.read(address(block), found);
    if (wanted.mismatch(found) >= 0) {
      throw new IllegalStateException("block " + block + " reads back wrong");
    }
    writes.incrementAndGet();
  }

  @Override
  public String id() {
    return name();
  }

  @Override
  public int version() {
    return 1;
  }

  @Override
  public void save(OutputStream to) throws IOException {
    new DataOutputStream(to).writeLong(writes.get());
  }

  @Override
  public void load(int version, InputStream from) throws IOException {
    writes.set(new DataInputStream(from).readLong());
  }

  @Override
  public String name() {
    return "demo-guest";
  }

  @Override
  public boolean pause(Duration limit) throws InterruptedException {
    return writing.tryLock(limit.toNanos(), TimeUnit.NANOSECONDS);
  }

  @Override
  public void resume() {
    writing.unlock();
  }

  @Override
  public Optional<DirtyLog> dirtyLog() {
    return Optional.of(log);
  }

  private GuestAddress address(int block) {
    return nvdimm.address().plus((long) block * BLOCK);
  }

  private static void fill(MemorySegment into, int block, long pass) {
    long value = (block + 1) * 0x9E37_79B9_7F4A_7C15L + pass;
    for (long at = 0; at < BLOCK; at += Long.BYTES) {
      into.set(ValueLayout.JAVA_LONG, at, value + at);
    }
  }

  /** Returns how many blocks have been written. */
  long writes() {
    return writes.get();
  }

  /** Waits until {@code more} blocks have been written from now on. */
  void awaitMoreWrites(long more) throws DemoException {
    long goal = writes.get() + more;
    long limit = System.nanoTime() + LIMIT_NANOS;
    while (writes.get() < goal) {
      LockSupport.parkNanos(PAUSE_NANOS);
      requireNoError();
      if (System.nanoTime() > limit) {
        throw new DemoException("the guest has come to a halt");
      }
    }
  }

  /** Lets the guest finish its first pass, if it has not, and stops it. */
  void stop() throws DemoException, InterruptedException {
    stopping = true;
    thread.join(LIMIT_NANOS / 1_000_000);
    requireNoError();
  }

  private void requireNoError() throws DemoException {
    if (!error.get().isEmpty()) {
      throw new DemoException(error.get());
    }
  }

  /**
   * Compares every block in guest memory with what was written last; returns the number of bytes
   * compared.
   */
  long checkMemory() throws DemoException {
    return check("guest memory", nvdimm.segment());
  }

  /** Compares every block in the file, opened anew; returns the number of bytes compared. */
  long checkFile(Path file) throws IOException, DemoException {
    try (Arena arena = Arena.ofConfined();
        FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      MemorySegment bytes =
          channel.map(FileChannel.MapMode.READ_ONLY, 0, nvdimm.size().bytes(), arena);
      return check("the file", bytes);
    }
  }

  private long check(String where, MemorySegment bytes) throws DemoException {
    long total = writes.get();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment wanted = arena.allocate(BLOCK);
      MemorySegment found = arena.allocate(BLOCK);
      for (int block = 0; block < blocks; block++) {
        fill(wanted, block, (total - 1 - block) / blocks);
        long offset = (long) block * BLOCK;
        // a copy is compared: a page that is lost under a comparison can end the JVM
        MemorySegment.copy(bytes, offset, found, 0, BLOCK);
        if (wanted.mismatch(found) >= 0) {
          throw new DemoException("block " + block + " is wrong in " + where);
        }
      }
    }
    return bytes.byteSize();
  }

  /** Ends it where it is: a block that is being written is written to its end, and no other. */
  @Override
  public void close() {
    closed = true;
  }
}
