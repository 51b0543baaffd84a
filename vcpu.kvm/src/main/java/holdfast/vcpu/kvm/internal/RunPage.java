package holdfast.vcpu.kvm.internal;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What {@code KVM_RUN} shares with its caller, {@code struct kvm_run}: why it returned, and what
 * the guest reads next. Of the vCPU's thread alone, except {@link #leave}.
 */
final class RunPage {
  // offsets in struct kvm_run
  private static final int REQUEST_INTERRUPT_WINDOW = 0;
  private static final int IMMEDIATE_EXIT = 1;
  private static final int EXIT_REASON = 8;
  private static final int READY_FOR_INTERRUPT = 12;
  private static final int UNION = 32;
  private static final int MMIO_DATA = 40;

  private static final byte ONES = -1;

  private volatile @Nullable ByteBuffer page;

  RunPage(ByteBuffer page) {
    this.page = page;
  }

  /** Forgets the page, which is unmapped next: an access to it would end the process. */
  void close() {
    page = null;
  }

  private ByteBuffer page() {
    ByteBuffer open = page;
    if (open == null) {
      throw new IllegalStateException("the vCPU is closed");
    }
    return open;
  }

  /** Why KVM_RUN returned. */
  sealed interface Reason {
    /** Data for ports: {@code count} items of {@code width} bytes. */
    record Port(boolean in, int port, int width, int count, int data) implements Reason {}

    /** An access to memory that KVM does not have. */
    record Mmio(boolean store, long address, int width, int data) implements Reason {}

    /** The guest waits for an interrupt. */
    record Halt() implements Reason {}

    /** The guest shut down. */
    record Shutdown() implements Reason {}

    /** The CPU did not enter the guest. */
    record FailedEntry(long reason) implements Reason {}

    /** KVM can't go on. */
    record InternalError(int suberror, List<Long> data) implements Reason {}

    /** It returned for a signal, or since the guest can take an interrupt now. */
    record Left() implements Reason {}

    /** Something that was not asked for. */
    record Other(int reason) implements Reason {}
  }

  /** Has the next KVM_RUN return at once, or the one that a signal reaches. From any thread. */
  void leave(boolean soon) {
    page().put(IMMEDIATE_EXIT, (byte) (soon ? 1 : 0));
  }

  /** Has KVM_RUN return when the guest can take an interrupt. */
  void askForInterruptWindow(boolean ask) {
    page().put(REQUEST_INTERRUPT_WINDOW, (byte) (ask ? 1 : 0));
  }

  boolean takesInterrupt() {
    return page().get(READY_FOR_INTERRUPT) != 0;
  }

  /** Forgets the last reason, so that it is not mistaken for the next one. */
  void clear() {
    page().putInt(EXIT_REASON, 0);
  }

  /**
   * Reads what {@code KVM_EXIT_MEMORY_FAULT} (39) tells, which comes with an error: the guest
   * address, or -1 if the reason is another one.
   */
  long faultAddress() {
    return page().getInt(EXIT_REASON) == 39 ? page().getLong(UNION + 8) : -1;
  }

  /** Reads why KVM_RUN returned. */
  Reason reason() {
    int reason = page().getInt(EXIT_REASON);
    return switch (reason) {
      case 2 -> // KVM_EXIT_IO
          new Reason.Port(
              page().get(UNION) == 0,
              Short.toUnsignedInt(page().getShort(UNION + 2)),
              page().get(UNION + 1),
              page().getInt(UNION + 4),
              Math.toIntExact(page().getLong(UNION + 8)));
      case 5 -> new Reason.Halt(); // KVM_EXIT_HLT
      case 6 -> // KVM_EXIT_MMIO
          new Reason.Mmio(
              page().get(UNION + 20) != 0,
              page().getLong(UNION),
              page().getInt(UNION + 16),
              MMIO_DATA);
      case 7, 10 -> new Reason.Left(); // KVM_EXIT_IRQ_WINDOW_OPEN, KVM_EXIT_INTR
      case 8 -> new Reason.Shutdown(); // KVM_EXIT_SHUTDOWN
      case 9 -> new Reason.FailedEntry(page().getLong(UNION)); // KVM_EXIT_FAIL_ENTRY
      case 17 -> // KVM_EXIT_INTERNAL_ERROR
          new Reason.InternalError(page().getInt(UNION), numbers(page().getInt(UNION + 4)));
      default -> new Reason.Other(reason);
    };
  }

  private List<Long> numbers(int count) {
    List<Long> numbers = new ArrayList<>();
    for (int i = 0; i < Math.min(count, 16); i++) {
      numbers.add(page().getLong(UNION + 8 + i * 8));
    }
    return numbers;
  }

  /** Returns {@code width} bytes, the lowest first. */
  long value(int offset, int width) {
    long value = 0;
    for (int i = width - 1; i >= 0; i--) {
      value = value << 8 | Byte.toUnsignedLong(page().get(offset + i));
    }
    return value;
  }

  /** Sets what the guest reads. */
  void answer(int offset, int width, long value) {
    for (int i = 0; i < width; i++) {
      page().put(offset + i, (byte) (value >>> i * 8));
    }
  }

  /** Sets what the guest reads where nobody answers. */
  void answerOnes(int offset, int length) {
    for (int i = 0; i < length; i++) {
      page().put(offset + i, ONES);
    }
  }
}
