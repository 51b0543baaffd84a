package holdfast.machine.acpi.internal;

import static holdfast.machine.acpi.internal.aml.Data.ONE;
import static holdfast.machine.acpi.internal.aml.Data.ZERO;
import static holdfast.machine.acpi.internal.aml.Data.buffer;
import static holdfast.machine.acpi.internal.aml.Data.integer;
import static holdfast.machine.acpi.internal.aml.Data.packageOf;
import static holdfast.machine.acpi.internal.aml.Declarations.method;
import static holdfast.machine.acpi.internal.aml.Expressions.arg;
import static holdfast.machine.acpi.internal.aml.Expressions.call;
import static holdfast.machine.acpi.internal.aml.Expressions.concatenate;
import static holdfast.machine.acpi.internal.aml.Expressions.element;
import static holdfast.machine.acpi.internal.aml.Expressions.equal;
import static holdfast.machine.acpi.internal.aml.Expressions.index;
import static holdfast.machine.acpi.internal.aml.Expressions.less;
import static holdfast.machine.acpi.internal.aml.Expressions.local;
import static holdfast.machine.acpi.internal.aml.Expressions.mid;
import static holdfast.machine.acpi.internal.aml.Expressions.not;
import static holdfast.machine.acpi.internal.aml.Expressions.sizeOf;
import static holdfast.machine.acpi.internal.aml.Expressions.subtract;
import static holdfast.machine.acpi.internal.aml.Expressions.toBuffer;
import static holdfast.machine.acpi.internal.aml.Expressions.toInteger;
import static holdfast.machine.acpi.internal.aml.Expressions.typeOf;
import static holdfast.machine.acpi.internal.aml.Statements.otherwise;
import static holdfast.machine.acpi.internal.aml.Statements.result;
import static holdfast.machine.acpi.internal.aml.Statements.store;
import static holdfast.machine.acpi.internal.aml.Statements.when;

import holdfast.machine.acpi.internal.aml.Aml;
import holdfast.machine.acpi.internal.aml.Expressions.Type;

/**
 * What the root device and all NVDIMMs have in common: the device-specific method {@code _DSM}
 * (ACPI 6.4, 9.1.1) and the label methods {@code _LSI}, {@code _LSR} and {@code _LSW} (6.5.10),
 * each for a handle.
 */
final class DeviceMethods {
  /** {@code _DSM}'s four arguments and the handle. */
  static final String FUNCTIONS = "NDSM";

  /** The handle. */
  static final String LABEL_SIZE = "NLSI";

  /** The handle, an offset and a length. */
  static final String LABEL_READ = "NLSR";

  /** The handle, an offset, a length and the data. */
  static final String LABEL_WRITE = "NLSW";

  private static final String LABEL_STATUS = "NSTA";

  private static final Aml REVISION = ONE;
  private static final Aml GET_LABEL_SIZE = integer(4);
  private static final Aml GET_LABEL_DATA = integer(5);
  private static final Aml SET_LABEL_DATA = integer(6);

  private static final Aml NO_ARGUMENTS = buffer(new byte[Integer.BYTES]);
  private static final Aml NO_FUNCTIONS = buffer((byte) 0);
  private static final Aml NOTHING = buffer();
  private static final Aml UNSUPPORTED = buffer((byte) 1, (byte) 0, (byte) 0, (byte) 0);

  /** A status of {@code _DSM}: the input is wrong. */
  private static final Aml DSM_INVALID = integer(3);

  /** A status of the label methods: the input is wrong (their 3 means that labels are locked). */
  private static final Aml LABEL_INVALID = integer(2);

  /** The same status in both: memory is lost, or could not be made durable. */
  private static final Aml HARDWARE_ERROR = integer(4);

  private DeviceMethods() {}

  static Aml declarations() {
    return Aml.join(functions(), labelStatus(), labelSize(), labelRead(), labelWrite());
  }

  /** Whoever asks for another interface's functions is told that there are none. */
  private static Aml functions() {
    Aml handle = arg(4);
    Aml interfaceAskedFor = arg(0);
    Aml function = arg(2);
    return method(
        FUNCTIONS,
        5,
        when(equal(handle, ZERO), store(buffer(Guid.ROOT_FUNCTIONS.bytes()), local(0))),
        otherwise(store(buffer(Guid.DEVICE_FUNCTIONS.bytes()), local(0))),
        when(
            not(equal(interfaceAskedFor, local(0))),
            when(equal(function, ZERO), result(NO_FUNCTIONS)),
            result(UNSUPPORTED)),
        arguments(arg(3), local(1)),
        result(call(SharedPage.ASK, handle, arg(1), function, local(1))));
  }

  /**
   * Takes the arguments out of a package of one buffer. Nested, since both sides of an "and" would
   * be evaluated.
   */
  private static Aml arguments(Aml from, Aml into) {
    return Aml.join(
        store(NO_ARGUMENTS, into),
        when(
            equal(typeOf(from), Type.PACKAGE.number()),
            when(
                equal(sizeOf(from), ONE),
                store(element(from, 0), local(2)),
                when(
                    equal(typeOf(local(2)), Type.BUFFER.number()),
                    when(sizeOf(local(2)), store(local(2), into))))));
  }

  /** Turns the status at the beginning of an answer of {@code _DSM} into one of these methods. */
  private static Aml labelStatus() {
    return method(
        LABEL_STATUS,
        1,
        when(less(sizeOf(arg(0)), integer(Integer.BYTES)), result(ONE)),
        store(number(arg(0), 0), local(0)),
        when(equal(local(0), ZERO), result(ZERO)),
        when(equal(local(0), DSM_INVALID), result(LABEL_INVALID)),
        when(equal(local(0), HARDWARE_ERROR), result(HARDWARE_ERROR)),
        result(ONE));
  }

  private static Aml labelSize() {
    return method(
        LABEL_SIZE,
        1,
        store(call(SharedPage.ASK, arg(0), REVISION, GET_LABEL_SIZE, NO_ARGUMENTS), local(0)),
        store(packageOf(ZERO, ZERO, ZERO), local(1)),
        store(call(LABEL_STATUS, local(0)), local(2)),
        when(
            less(sizeOf(local(0)), integer(3 * Integer.BYTES)),
            when(equal(local(2), ZERO), store(ONE, local(2)))),
        store(local(2), index(local(1), 0)),
        when(
            equal(local(2), ZERO),
            store(number(local(0), 1), index(local(1), 1)),
            store(number(local(0), 2), index(local(1), 2))),
        result(local(1)));
  }

  private static Aml labelRead() {
    return method(
        LABEL_READ,
        3,
        store(concatenate(fourBytes(arg(1)), fourBytes(arg(2))), local(0)),
        store(call(SharedPage.ASK, arg(0), REVISION, GET_LABEL_DATA, local(0)), local(0)),
        store(packageOf(ZERO, NOTHING), local(1)),
        store(call(LABEL_STATUS, local(0)), local(2)),
        store(local(2), index(local(1), 0)),
        when(
            equal(local(2), ZERO),
            store(
                mid(
                    local(0),
                    integer(Integer.BYTES),
                    subtract(sizeOf(local(0)), integer(Integer.BYTES))),
                index(local(1), 1))),
        result(local(1)));
  }

  /** Less data than is to be written would be made up by zeros. */
  private static Aml labelWrite() {
    Aml length = arg(2);
    Aml data = arg(3);
    return method(
        LABEL_WRITE,
        4,
        when(not(equal(typeOf(data), Type.BUFFER.number())), result(LABEL_INVALID)),
        when(less(sizeOf(data), length), result(LABEL_INVALID)),
        store(concatenate(fourBytes(arg(1)), fourBytes(length)), local(0)),
        store(concatenate(local(0), data), local(0)),
        store(call(SharedPage.ASK, arg(0), REVISION, SET_LABEL_DATA, local(0)), local(0)),
        result(call(LABEL_STATUS, local(0))));
  }

  /** The number of 32 bits at a position of a buffer, counted in such numbers. */
  static Aml number(Aml buffer, int position) {
    return toInteger(mid(buffer, integer(position * Integer.BYTES), integer(Integer.BYTES)));
  }

  /** A number's lower four bytes, however many the interpreter's numbers have. */
  static Aml fourBytes(Aml number) {
    return mid(toBuffer(number), ZERO, integer(Integer.BYTES));
  }
}
