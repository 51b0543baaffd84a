package holdfast.machine.migration.internal.course;

import holdfast.machine.api.DeviceState;
import holdfast.machine.migration.internal.peer.Offer;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The states of an emulator's parts. Their code is somebody else's: each call has a thread of its
 * own and a limit.
 *
 * @param all those that take part, in their order
 */
public record States(List<DeviceState> all) {
  /** The longest state, with what is before it in its frame. */
  public static final int LONGEST = (64 << 20) + 1024;

  private static final int LONGEST_STATE = 64 << 20;
  private static final int LONGEST_ID = 255;

  /** How long a state may take to be saved, or loaded. */
  private static final Duration LIMIT = Duration.ofSeconds(10);

  /**
   * Returns states in the order in which they are saved and loaded.
   *
   * @throws IOException if one can't take part, or says nothing of itself in time
   */
  public static States of(List<DeviceState> present) throws IOException {
    return bounded(
        "the emulator's parts say what they are",
        () -> {
          Set<String> ids = new HashSet<>();
          for (DeviceState one : present) {
            int length = one.id().getBytes(StandardCharsets.UTF_8).length;
            if (length == 0 || length > LONGEST_ID || one.version() < 1 || !ids.add(one.id())) {
              throw new IOException(
                  "the emulator has a state '"
                      + one.id()
                      + "' of version "
                      + one.version()
                      + ": its id must be its own, of 1 to 255 bytes, and its version 1 at least");
            }
          }
          return new States(
              present.stream()
                  .sorted(
                      Comparator.comparingInt(DeviceState::order).thenComparing(DeviceState::id))
                  .toList());
        });
  }

  /** Copies the list. */
  public States {
    all = List.copyOf(all);
  }

  /** Returns what is told of them before. */
  public List<Offer.State> offered() {
    return all.stream().map(one -> new Offer.State(one.id(), one.version())).toList();
  }

  /** Returns whether the state of that id can be loaded that has that version. */
  public boolean loads(String id, int version) {
    return all.stream().anyMatch(one -> one.id().equals(id) && one.canLoad(version));
  }

  /** Returns the frame with a state. */
  public static byte[] save(DeviceState one) throws IOException {
    return bounded(
        "the state '" + one.id() + "' is saved",
        () -> {
          ByteArrayOutputStream into = new ByteArrayOutputStream();
          byte[] id = one.id().getBytes(StandardCharsets.UTF_8);
          into.write(id.length);
          into.write(id);
          into.write(ByteBuffer.allocate(Integer.BYTES).putInt(one.version()).array());
          one.save(new Bounded(into, LONGEST_STATE));
          return into.toByteArray();
        });
  }

  /** A state that came. */
  public record Came(String id, int version, byte[] frame, int at) {
    /**
     * Reads a frame.
     *
     * @throws IOException if it is none
     */
    public static Came read(byte[] frame) throws IOException {
      int length = frame.length == 0 ? 0 : Byte.toUnsignedInt(frame[0]);
      int at = Byte.BYTES + length + Integer.BYTES;
      if (length == 0 || frame.length < at) {
        throw new IOException("the source sends a state that can't be read");
      }
      return new Came(
          new String(frame, Byte.BYTES, length, StandardCharsets.UTF_8),
          ByteBuffer.wrap(frame).getInt(Byte.BYTES + length),
          frame,
          at);
    }
  }

  /**
   * Loads all states.
   *
   * @param came those of the source; in whatever order
   * @throws IOException if one is missing, or can't be loaded
   */
  public void load(List<Came> came) throws IOException {
    for (DeviceState one : all) {
      Came state =
          came.stream()
              .filter(each -> each.id().equals(one.id()))
              .findFirst()
              .orElseThrow(() -> new IOException("the source sent no state of '" + one.id() + "'"));
      bounded(
          "the state '" + one.id() + "' is loaded",
          () -> {
            one.load(
                state.version(),
                new ByteArrayInputStream(
                    state.frame(), state.at(), state.frame().length - state.at()));
            return true;
          });
    }
  }

  /** Takes no more than so many bytes. */
  private static final class Bounded extends OutputStream {
    private final OutputStream to;
    private int left;

    Bounded(OutputStream to, int most) {
      this.to = to;
      this.left = most;
    }

    @Override
    public void write(int value) throws IOException {
      write(new byte[] {(byte) value}, 0, 1);
    }

    @Override
    public void write(byte[] from, int at, int length) throws IOException {
      if (length > left) {
        throw new IOException("it is longer than " + (LONGEST_STATE >> 20) + " MiB");
      }
      left -= length;
      to.write(Arrays.copyOfRange(from, at, at + length));
    }
  }

  /** Calls the emulator in a thread of its own. */
  private static <T> T bounded(String what, Callable<T> call) throws IOException {
    FutureTask<T> task = new FutureTask<>(call);
    Thread.ofPlatform().daemon().name("holdfast-device-state").start(task);
    try {
      return task.get(LIMIT.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      task.cancel(true);
      throw new IOException(
          "until " + what + " took more than " + LIMIT.toSeconds() + " s: the emulator hangs", e);
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      throw new IOException(
          "while "
              + what
              + " the emulator failed: "
              + (cause instanceof IOException io && io.getMessage() != null
                  ? io.getMessage()
                  : cause),
          e);
    } catch (InterruptedException e) {
      task.cancel(true);
      Thread.currentThread().interrupt();
      throw new IOException("it was interrupted while " + what, e);
    }
  }
}
