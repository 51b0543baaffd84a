package holdfast.machine.acpi.internal;

import static holdfast.machine.acpi.internal.DeviceMethods.fourBytes;
import static holdfast.machine.acpi.internal.DeviceMethods.number;
import static holdfast.machine.acpi.internal.aml.Data.ONE;
import static holdfast.machine.acpi.internal.aml.Data.ZERO;
import static holdfast.machine.acpi.internal.aml.Data.buffer;
import static holdfast.machine.acpi.internal.aml.Data.integer;
import static holdfast.machine.acpi.internal.aml.Declarations.serialized;
import static holdfast.machine.acpi.internal.aml.Expressions.call;
import static holdfast.machine.acpi.internal.aml.Expressions.concatenate;
import static holdfast.machine.acpi.internal.aml.Expressions.equal;
import static holdfast.machine.acpi.internal.aml.Expressions.less;
import static holdfast.machine.acpi.internal.aml.Expressions.local;
import static holdfast.machine.acpi.internal.aml.Expressions.mid;
import static holdfast.machine.acpi.internal.aml.Expressions.sizeOf;
import static holdfast.machine.acpi.internal.aml.Statements.again;
import static holdfast.machine.acpi.internal.aml.Statements.forEver;
import static holdfast.machine.acpi.internal.aml.Statements.leave;
import static holdfast.machine.acpi.internal.aml.Statements.result;
import static holdfast.machine.acpi.internal.aml.Statements.store;
import static holdfast.machine.acpi.internal.aml.Statements.storeDifference;
import static holdfast.machine.acpi.internal.aml.Statements.storeSum;
import static holdfast.machine.acpi.internal.aml.Statements.when;

import holdfast.machine.acpi.internal.aml.Aml;

/**
 * The root device's {@code _FIT} (ACPI 6.4, 6.5.9): the NFIT's structures as they are now, read
 * piece by piece until nothing more comes, and again from the start if they change meanwhile.
 */
final class FitMethod {
  /** The handle of what is between these tables and the host alone, and its function. */
  private static final Aml PRIVATE = integer(0x10000);

  private static final Aml READ_FIT = ONE;

  private static final Aml CHANGED = integer(0x100);
  private static final int STATUS_SIZE = Integer.BYTES;
  private static final Aml NOTHING = buffer();

  private FitMethod() {}

  /** One thread at a time, since what another one begins to read would be this one's start. */
  static Aml declaration() {
    Aml read = local(0);
    Aml offset = local(1);
    Aml answer = local(2);
    Aml status = local(3);
    Aml size = local(4);
    return serialized(
        "_FIT",
        0,
        store(NOTHING, read),
        store(ZERO, offset),
        forEver(
            store(call(SharedPage.ASK, PRIVATE, ONE, READ_FIT, fourBytes(offset)), answer),
            when(less(sizeOf(answer), integer(STATUS_SIZE)), result(NOTHING)),
            store(number(answer, 0), status),
            when(equal(status, CHANGED), store(NOTHING, read), store(ZERO, offset), again()),
            when(status, result(NOTHING)),
            storeDifference(sizeOf(answer), integer(STATUS_SIZE), size),
            when(equal(size, ZERO), leave()),
            store(concatenate(read, mid(answer, integer(STATUS_SIZE), size)), read),
            storeSum(offset, size, offset)),
        result(read));
  }
}
