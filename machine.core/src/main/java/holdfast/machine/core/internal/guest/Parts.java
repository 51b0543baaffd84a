package holdfast.machine.core.internal.guest;

import holdfast.backend.api.Granularity;
import holdfast.backend.api.PersistException;
import holdfast.machine.api.GuestAddress;
import holdfast.machine.api.GuestMemoryException;
import holdfast.machine.api.ReadOnlyDeviceException;
import java.lang.foreign.MemorySegment;

/** Makes accesses to ranges that may span several devices, one part after the other. */
final class Parts {
  private Parts() {}

  /** Copies a range to {@code target}. */
  static void read(GuestMap now, long address, MemorySegment target) {
    long length = target.byteSize();
    int index = now.require(address, length);
    for (long done = 0; done < length; index++) {
      Span span = now.span(index);
      long at = address + done;
      long part = Math.min(length - done, span.bytesFrom(at));
      MemorySegment.copy(span.segment(), span.offsetOf(at), target, done, part);
      done += part;
    }
  }

  /** Copies {@code source} to a range. */
  static void write(GuestMap now, long address, MemorySegment source) {
    long length = source.byteSize();
    int index = now.require(address, length);
    for (long done = 0; done < length; index++) {
      Span span = now.span(index);
      long at = address + done;
      long part = Math.min(length - done, span.bytesFrom(at));
      MemorySegment.copy(source, done, span.segment(), span.offsetOf(at), part);
      done += part;
    }
  }

  /**
   * Checks that every address of a range has memory that can be stored to.
   *
   * @throws GuestMemoryException if one has not
   */
  static void requireWritable(GuestMap now, long address, long length) {
    int index = now.require(address, length);
    for (long done = 0; done < length; index++) {
      Span span = now.span(index);
      if (span.readOnly()) {
        throw new ReadOnlyDeviceException(new GuestAddress(address), length, span.device());
      }
      done += Math.min(length - done, span.bytesFrom(address + done));
    }
  }

  /** Persists a range of one device. */
  static Granularity persist(Span span, long address, long length) throws PersistException {
    return span.device().region().persist(span.regionOffsetOf(address), length);
  }

  /** Persists the parts of a range, and returns the weakest granularity. */
  static Granularity persist(GuestMap now, GuestAddress address, long length)
      throws PersistException {
    Granularity weakest = Granularity.BYTE;
    int index = now.require(address.value(), length);
    for (long done = 0; done < length; index++) {
      Span span = now.span(index);
      long at = address.value() + done;
      long part = Math.min(length - done, span.bytesFrom(at));
      Granularity held = persist(span, at, part);
      weakest = held.compareTo(weakest) < 0 ? held : weakest;
      done += part;
    }
    return weakest;
  }
}
