package holdfast.machine.acpi.internal;

import static holdfast.machine.acpi.internal.aml.Aml.name;
import static holdfast.machine.acpi.internal.aml.Data.ZERO;
import static holdfast.machine.acpi.internal.aml.Data.buffer;
import static holdfast.machine.acpi.internal.aml.Data.dword;
import static holdfast.machine.acpi.internal.aml.Data.integer;
import static holdfast.machine.acpi.internal.aml.Declarations.bytes;
import static holdfast.machine.acpi.internal.aml.Declarations.fields;
import static holdfast.machine.acpi.internal.aml.Declarations.method;
import static holdfast.machine.acpi.internal.aml.Declarations.mutex;
import static holdfast.machine.acpi.internal.aml.Declarations.named;
import static holdfast.machine.acpi.internal.aml.Declarations.region;
import static holdfast.machine.acpi.internal.aml.Expressions.arg;
import static holdfast.machine.acpi.internal.aml.Expressions.greater;
import static holdfast.machine.acpi.internal.aml.Expressions.less;
import static holdfast.machine.acpi.internal.aml.Expressions.local;
import static holdfast.machine.acpi.internal.aml.Expressions.mid;
import static holdfast.machine.acpi.internal.aml.Expressions.or;
import static holdfast.machine.acpi.internal.aml.Expressions.subtract;
import static holdfast.machine.acpi.internal.aml.Statements.acquire;
import static holdfast.machine.acpi.internal.aml.Statements.otherwise;
import static holdfast.machine.acpi.internal.aml.Statements.release;
import static holdfast.machine.acpi.internal.aml.Statements.result;
import static holdfast.machine.acpi.internal.aml.Statements.store;
import static holdfast.machine.acpi.internal.aml.Statements.when;

import holdfast.machine.acpi.internal.aml.Aml;
import holdfast.machine.acpi.internal.aml.Declarations.Space;

/**
 * How the guest asks the host: it lays a request into a page of memory, writes the page's address
 * to an I/O port, and finds the answer in the page. The layout is QEMU's.
 */
final class SharedPage {
  /** The name of the page's address, which a firmware may have to put there. */
  static final String ADDRESS = "MEMA";

  /** The method that asks: handle, revision, function, arguments in a buffer; returns a buffer. */
  static final String ASK = "NCAL";

  private static final int SIZE = 4096;
  private static final int REQUEST_HEADER = 12;
  private static final int ANSWER_HEADER = 4;
  private static final String MUTEX = "NMTX";

  /** The answer of a function that is not supported, for an answer that is none. */
  private static final Aml UNSUPPORTED = buffer((byte) 1, (byte) 0, (byte) 0, (byte) 0);

  private SharedPage() {}

  static Aml declarations(int port, int page) {
    return Aml.join(
        named(ADDRESS, dword(page)),
        region("NPIO", Space.SYSTEM_IO, integer(port), integer(Integer.BYTES)),
        fields("NPIO", bytes("NTFI", Integer.BYTES)),
        region("NRAM", Space.SYSTEM_MEMORY, name(ADDRESS), integer(SIZE)),
        fields(
            "NRAM",
            bytes("HDLE", Integer.BYTES),
            bytes("REVS", Integer.BYTES),
            bytes("FUNC", Integer.BYTES),
            bytes("FARG", SIZE - REQUEST_HEADER)),
        fields("NRAM", bytes("RLEN", Integer.BYTES), bytes("ODAT", SIZE - ANSWER_HEADER)),
        mutex(MUTEX),
        ask());
  }

  /** The length counts itself. What is not a length is not believed: nobody may have answered. */
  private static Aml ask() {
    return method(
        ASK,
        4,
        acquire(MUTEX),
        store(arg(0), name("HDLE")),
        store(arg(1), name("REVS")),
        store(arg(2), name("FUNC")),
        store(arg(3), name("FARG")),
        store(name(ADDRESS), name("NTFI")),
        store(name("RLEN"), local(0)),
        when(
            or(less(local(0), integer(ANSWER_HEADER)), greater(local(0), integer(SIZE))),
            store(UNSUPPORTED, local(1))),
        otherwise(
            store(name("ODAT"), local(1)),
            store(mid(local(1), ZERO, subtract(local(0), integer(ANSWER_HEADER))), local(1))),
        release(MUTEX),
        result(local(1)));
  }
}
