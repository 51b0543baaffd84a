package holdfast.monitor.shell.report;

import holdfast.backend.api.ByteSize;
import holdfast.backend.api.Granularity;
import holdfast.machine.admin.DeviceStatus;
import holdfast.machine.admin.ObjectStatus;
import holdfast.machine.api.DeviceKind;
import holdfast.machine.api.NvdimmPersistence;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * How a plugged device divides the bytes of its memory backend: those that the guest sees, the
 * label, and those between them, which nobody reaches, since the guest sees a multiple of the
 * alignment.
 */
record GuestShare(DeviceStatus device, ObjectStatus backend) {

  /** Returns how many bytes nobody reaches. */
  ByteSize lost() {
    return new ByteSize(unlabelled() - device.size().bytes());
  }

  private long unlabelled() {
    return backend.size().bytes() - device.labelSize().bytes();
  }

  /**
   * Returns what an operator has to know of the device, a sentence each.
   *
   * @param persistence how far the guest is told that its stores have to go
   */
  List<String> sentences(Optional<NvdimmPersistence> persistence) {
    List<String> sentences = new ArrayList<>();
    arithmetic().ifPresent(sentences::add);
    sentences.addAll(warnings(persistence));
    return sentences;
  }

  /**
   * Returns what the guest is told that does not hold, a sentence each.
   *
   * @param persistence how far the guest is told that its stores have to go
   */
  List<String> warnings(Optional<NvdimmPersistence> persistence) {
    return promise().or(() -> flushes(persistence)).stream().toList();
  }

  private Optional<String> arithmetic() {
    if (device.size().equals(backend.size())) {
      return Optional.empty();
    }
    List<String> parts = new ArrayList<>();
    if (device.labelSize().bytes() > 0) {
      parts.add(device.labelSize() + " are label");
    }
    if (lost().bytes() > 0) {
      parts.add(lost() + " are lost to align=" + backend.align());
    }
    return Optional.of(
        "of "
            + backend.size()
            + " the guest sees "
            + device.size()
            + ": "
            + String.join(", ", parts)
            + (lost().bytes() > 0 ? "; " + remedy() : ""));
  }

  private String remedy() {
    long largest = Long.lowestOneBit(unlabelled());
    if (largest >= backend.pageSize().bytes()) {
      return "align=" + new ByteSize(largest) + " would lose none";
    }
    return "with a label-size that is a multiple of "
        + backend.pageSize()
        + " an align could be found that loses none";
  }

  /** Returns what to do if the guest is promised more than holds. */
  private Optional<String> promise() {
    return isArmed() && backend.durability().isShortfall()
        ? Optional.of(
            "the guest is told that its stores persist, but of what was requested ("
                + backend.durability().requested()
                + ") "
                + backend.durability().obtained()
                + " was obtained: say so to the guest with unarmed=on, or unarmed=auto")
        : Optional.empty();
  }

  private boolean isArmed() {
    return device.driver() == DeviceKind.NVDIMM && !device.unarmed();
  }

  /** Returns what to do if the guest is told not to flush what has to be flushed. */
  private Optional<String> flushes(Optional<NvdimmPersistence> persistence) {
    Granularity obtained = backend.durability().obtained();
    boolean untrue =
        isArmed()
            && persistence.equals(Optional.of(NvdimmPersistence.CPU))
            && obtained.compareTo(Granularity.BYTE) < 0;
    return untrue
        ? Optional.of(
            "the guest is told by nvdimm-persistence=cpu that its stores persist without a flush,"
                + " but "
                + obtained
                + " was obtained, and "
                + loss(obtained))
        : Optional.empty();
  }

  /**
   * Returns what is lost for lack of flushes, and what to do: a guest's own may be worth nothing.
   */
  private static String loss(Granularity obtained) {
    return obtained == Granularity.CACHE_LINE
        ? "what it doesn't flush is lost: use mem-ctrl, or unarmed=auto"
        : "what it flushes may be lost, too: say so to the guest with unarmed=on, or unarmed=auto";
  }
}
