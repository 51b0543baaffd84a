package holdfast.machine.acpi.internal;

import static holdfast.machine.acpi.internal.aml.Data.integer;
import static holdfast.machine.acpi.internal.aml.Data.string;
import static holdfast.machine.acpi.internal.aml.Declarations.device;
import static holdfast.machine.acpi.internal.aml.Declarations.method;
import static holdfast.machine.acpi.internal.aml.Declarations.named;
import static holdfast.machine.acpi.internal.aml.Declarations.scope;
import static holdfast.machine.acpi.internal.aml.Expressions.arg;
import static holdfast.machine.acpi.internal.aml.Expressions.call;
import static holdfast.machine.acpi.internal.aml.Statements.result;
import static holdfast.machine.acpi.internal.aml.Statements.tell;
import static java.nio.charset.StandardCharsets.US_ASCII;

import holdfast.machine.acpi.internal.aml.Aml;
import java.util.Arrays;
import java.util.OptionalInt;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * The Secondary System Description Table with the root device of NVDIMMs (ACPI 6.4, 9.20.2) and one
 * device for each slot, whether something is in it or not.
 */
public final class Ssdt {
  /** The root device. */
  public static final String ROOT = "\\_SB.NVDR";

  /** The root device's notification that the NFIT has changed (ACPI 6.4, table 5.168). */
  public static final int FIT_CHANGED = 0x80;

  /** An NVDIMM's notification that its health has changed (ACPI 6.4, table 5.169). */
  public static final int HEALTH_CHANGED = 0x81;

  private static final int REVISION = 2;

  private Ssdt() {}

  /**
   * Returns the table.
   *
   * @param page the guest address of the shared page
   * @param fitEvent the general-purpose event that tells of another NFIT, if it is handled here
   * @param healthEvent the one that tells of NVDIMMs' health, if it is handled here
   */
  public static byte[] table(
      int slots, int port, int page, OptionalInt fitEvent, OptionalInt healthEvent) {
    Aml nvdimms = Aml.join(slots(slots, Ssdt::nvdimm));
    Aml root =
        device(
            "NVDR",
            named("_HID", string("ACPI0012")),
            SharedPage.declarations(port, page),
            DeviceMethods.declarations(),
            FitMethod.declaration(),
            method("_DSM", 4, result(functions(0))),
            nvdimms);
    Aml content = scope("\\_SB", root);
    if (fitEvent.isPresent()) {
      content = Aml.join(content, onEvent(fitEvent.getAsInt(), tell(ROOT, FIT_CHANGED)));
    }
    if (healthEvent.isPresent()) {
      Aml tellAll = Aml.join(slots(slots, slot -> tell(path(slot), HEALTH_CHANGED)));
      content = Aml.join(content, onEvent(healthEvent.getAsInt(), tellAll));
    }
    return TableHeader.before("SSDT", REVISION, content.toByteArray());
  }

  /**
   * Returns where in a table the four bytes of the shared page's address are.
   *
   * @throws IllegalArgumentException if it is no such table
   */
  public static int addressOffset(byte[] table) {
    byte[] name = (SharedPage.ADDRESS + "\f").getBytes(US_ASCII);
    for (int at = TableHeader.SIZE; at + name.length < table.length; at++) {
      if (Arrays.equals(table, at, at + name.length, name, 0, name.length)) {
        return at + name.length;
      }
    }
    throw new IllegalArgumentException("no address of a shared page");
  }

  /** Returns the device that stands for a slot. */
  public static String path(int slot) {
    return ROOT + "." + deviceName(slot);
  }

  private static String deviceName(int slot) {
    return String.format("NV%02X", slot);
  }

  private static Aml[] slots(int count, IntFunction<Aml> each) {
    return IntStream.range(0, count).mapToObj(each).toArray(Aml[]::new);
  }

  private static Aml nvdimm(int slot) {
    Aml handle = integer(Nfit.handle(slot));
    return device(
        deviceName(slot),
        named("_ADR", handle),
        method("_DSM", 4, result(functions(Nfit.handle(slot)))),
        method("_LSI", 0, result(call(DeviceMethods.LABEL_SIZE, handle))),
        method("_LSR", 2, result(call(DeviceMethods.LABEL_READ, handle, arg(0), arg(1)))),
        method("_LSW", 3, result(call(DeviceMethods.LABEL_WRITE, handle, arg(0), arg(1), arg(2)))));
  }

  private static Aml functions(int handle) {
    return call(DeviceMethods.FUNCTIONS, arg(0), arg(1), arg(2), arg(3), integer(handle));
  }

  /** Edge-triggered, as QEMU's (ACPI 6.4, 5.6.4.1). */
  private static Aml onEvent(int event, Aml statements) {
    return scope("\\_GPE", method(String.format("_E%02X", event), 0, statements));
  }
}
