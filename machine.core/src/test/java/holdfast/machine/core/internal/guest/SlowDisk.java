package holdfast.machine.core.internal.guest;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.jna.LastErrorException;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.nio.file.ExtendedOpenOption;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A disk that answers when a test wants it to: one file of a FUSE file system, read with O_DIRECT.
 * As for a real disk, the kernel pins the reader's pages, asks for the data, and stores them into
 * the pinned pages when they come. Of the FUSE protocol (linux/fuse.h) there is what that takes.
 */
public final class SlowDisk implements AutoCloseable {
  private static final int EIO = 5;
  private static final int ENOSYS = 38;
  private static final int HEADER = 16;
  private static final int FUSE_MAX_PAGES = 1 << 22;
  private static final int FOPEN_DIRECT_IO = 1;
  private static final int MNT_DETACH = 2;
  private static final int O_RDWR = 2;
  private static final int REGULAR_FILE = 0100400;

  /** What one request asks for at most. */
  public static final int PORTION = 1 << 20;

  private final Path path;
  private final int fuse;
  private final long size;
  private final Content content;
  private final Thread thread;

  /** What is on the disk. */
  public interface Content {
    /**
     * Fills {@code into}, of at most {@link #PORTION} bytes, with what is at {@code position}, in a
     * thread of its own, in its own time.
     *
     * @return whether it can be read; else the reader gets EIO
     */
    boolean read(long position, ByteBuffer into) throws InterruptedException;
  }

  private static final class C {
    static {
      Native.register(C.class, "c");
    }

    static native int open(String path, int flags) throws LastErrorException;

    static native int close(int fd) throws LastErrorException;

    static native long read(int fd, Memory buffer, long count) throws LastErrorException;

    static native long write(int fd, Memory buffer, long count) throws LastErrorException;

    static native int mount(String source, String target, String type, long flags, String data)
        throws LastErrorException;

    static native int umount2(String target, int flags) throws LastErrorException;
  }

  private SlowDisk(Path path, int fuse, long size, Content content) {
    this.path = path;
    this.fuse = fuse;
    this.size = size;
    this.content = content;
    this.thread = Thread.ofPlatform().daemon().name("slow-disk").start(this::serve);
  }

  /** Makes one. The test is skipped, with the reason, where FUSE can't be mounted. */
  public static SlowDisk mount(long size, Content content) throws IOException {
    Path path = Files.createTempFile("holdfast-slow", ".disk").toRealPath();
    String refusal = "no FUSE here";
    try {
      int fuse = C.open("/dev/fuse", O_RDWR);
      try {
        String data = "fd=%d,rootmode=%o,user_id=0,group_id=0".formatted(fuse, REGULAR_FILE);
        C.mount("holdfast-test", path.toString(), "fuse", 0, data);
        return new SlowDisk(path, fuse, size, content);
      } catch (LastErrorException e) {
        refusal = "mount(2) of a FUSE file system, which only root can: " + e.getMessage();
        C.close(fuse);
      }
    } catch (LastErrorException e) {
      refusal = "/dev/fuse can't be opened: " + e.getMessage();
    }
    Files.delete(path);
    assumeTrue(false, "a slow disk can't be made here: " + refusal);
    throw new IOException(refusal);
  }

  /** Opens it as an emulator with {@code cache=none} does. */
  public FileChannel openDirect() throws IOException {
    return FileChannel.open(path, StandardOpenOption.READ, ExtendedOpenOption.DIRECT);
  }

  private void serve() {
    Memory memory = new Memory(1 << 18);
    ByteBuffer in = memory.getByteBuffer(0, memory.size()).order(ByteOrder.nativeOrder());
    while (true) {
      try {
        C.read(fuse, memory, memory.size());
      } catch (LastErrorException unmounted) {
        return;
      }
      int opcode = in.getInt(4);
      long unique = in.getLong(8);
      switch (opcode) {
        case 2, 36, 42 -> {} // FORGET, INTERRUPT, BATCH_FORGET: nothing is answered
        case 3 -> answer(unique, 0, attributes());
        case 14 -> answer(unique, 0, buffer(16).putInt(8, FOPEN_DIRECT_IO));
        case 15 -> {
          long position = in.getLong(48);
          int wanted = in.getInt(56);
          Thread.ofPlatform().daemon().start(() -> read(unique, position, wanted));
        }
        case 17 -> answer(unique, 0, buffer(80).putInt(40, 4096).putInt(48, 4096));
        case 18, 25, 38 -> answer(unique, 0, buffer(0)); // RELEASE, FLUSH, DESTROY
        case 26 -> answer(unique, 0, init(in));
        default -> answer(unique, -ENOSYS, buffer(0));
      }
    }
  }

  private static ByteBuffer buffer(int size) {
    return ByteBuffer.allocate(size).order(ByteOrder.nativeOrder());
  }

  private static ByteBuffer init(ByteBuffer in) {
    return buffer(64)
        .putInt(0, in.getInt(40))
        .putInt(4, Math.min(31, in.getInt(44)))
        .putInt(12, FUSE_MAX_PAGES)
        .putInt(20, 4096)
        .putShort(28, (short) (PORTION / 4096));
  }

  private ByteBuffer attributes() {
    return buffer(104).putLong(16, 1).putLong(24, size).putInt(76, REGULAR_FILE).putInt(80, 1);
  }

  private void read(long unique, long position, int wanted) {
    ByteBuffer bytes = buffer((int) Math.max(0, Math.min(wanted, size - position)));
    try {
      boolean done = content.read(position, bytes);
      answer(unique, done ? 0 : -EIO, done ? bytes : buffer(0));
    } catch (InterruptedException | LastErrorException e) {
      // the reader is gone
    }
  }

  private void answer(long unique, int error, ByteBuffer body) {
    int length = HEADER + body.capacity();
    try (Memory memory = new Memory(length)) {
      memory.setInt(0, length);
      memory.setInt(4, error);
      memory.setLong(8, unique);
      memory.write(HEADER, body.array(), 0, body.capacity());
      C.write(fuse, memory, length);
    }
  }

  @Override
  public void close() throws IOException {
    try {
      C.umount2(path.toString(), MNT_DETACH);
      thread.join(10_000);
      C.close(fuse);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    Files.delete(path);
  }
}
