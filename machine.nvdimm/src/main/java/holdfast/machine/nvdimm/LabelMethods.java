package holdfast.machine.nvdimm;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * The label methods of NVDIMM devices (ACPI 6.4, 6.5.10), for emulators whose AML reaches them
 * without the shared page of {@link NvdimmDsm}. Their status codes are others than those of {@code
 * _DSM}: there 3 is a wrong argument, here it would say that the label area is locked, and Linux
 * would no longer touch the NVDIMM.
 *
 * <p>All arguments are the guest's, and may be any. Thread-safe; calls end, wait and store as those
 * of {@link LabelArea} do.
 */
public final class LabelMethods {
  private final PluggedNvdimms nvdimms;

  LabelMethods(PluggedNvdimms nvdimms) {
    this.nvdimms = nvdimms;
  }

  /**
   * What {@code _LSI} returns, in this order.
   *
   * @param status how it ended; if that is no success, the other values are 0
   * @param size the size of the label area in bytes; at most 4294967295, which is all that a guest
   *     can reach
   * @param maxTransfer the greatest number of bytes of one read or write
   */
  public record Information(LabelStatus status, long size, int maxTransfer) {}

  /**
   * What {@code _LSR} returns, in this order.
   *
   * @param status how it ended
   * @param data the bytes, read-only; none if {@code status} is no success
   */
  public record Data(LabelStatus status, MemorySegment data) {
    private static Data none(LabelStatus status) {
      return new Data(status, MemorySegment.ofArray(new byte[0]).asReadOnly());
    }
  }

  private Optional<LabelArea> find(int slot) {
    return nvdimms.find(slot).flatMap(PluggedNvdimms.Nvdimm::label);
  }

  /**
   * Does what {@code _LSI} does: tells the size of a label area.
   *
   * @param slot the NVDIMM's, from 0
   */
  public Information lsi(int slot) {
    return find(slot)
        .map(
            label ->
                new Information(LabelStatus.SUCCESS, label.reachable(), DsmRequest.MAX_TRANSFER))
        .orElseGet(() -> new Information(LabelStatus.FAILURE, 0, 0));
  }

  /**
   * Does what {@code _LSR} does: reads from a label area.
   *
   * @param slot the NVDIMM's, from 0
   * @param offset the method's first argument
   * @param length its second one
   */
  public Data lsr(int slot, long offset, long length) {
    Optional<LabelArea> label = find(slot);
    if (label.isEmpty()) {
      return Data.none(LabelStatus.FAILURE);
    }
    if (!isTransfer(length)) {
      return Data.none(LabelStatus.INVALID_INPUT);
    }
    MemorySegment data = MemorySegment.ofArray(new byte[(int) length]);
    LabelStatus status = LabelStatus.of(label.get().read(offset, data));
    return status == LabelStatus.SUCCESS ? new Data(status, data.asReadOnly()) : Data.none(status);
  }

  /**
   * Does what {@code _LSW} does: writes to a label area and makes that durable.
   *
   * @param slot the NVDIMM's, from 0
   * @param offset the method's first argument
   * @param length its second one
   * @param data its third one, which must have at least {@code length} bytes; copied first
   * @throws IllegalStateException if the memory of {@code data} has ended
   */
  public LabelStatus lsw(int slot, long offset, long length, MemorySegment data) {
    Optional<LabelArea> label = find(slot);
    if (label.isEmpty()) {
      return LabelStatus.FAILURE;
    }
    if (!isTransfer(length) || length > data.byteSize()) {
      return LabelStatus.INVALID_INPUT;
    }
    MemorySegment copy = MemorySegment.ofArray(new byte[(int) length]);
    return LostPages.copy(data, 0, copy, 0, length)
        ? LabelStatus.of(label.get().write(offset, copy))
        : LabelStatus.HARDWARE_ERROR;
  }

  private static boolean isTransfer(long length) {
    return length >= 0 && length <= DsmRequest.MAX_TRANSFER;
  }
}
