package holdfast.machine.acpi.internal.aml;

/** What gets a name in the namespace (20.2.5.1 and 20.2.5.2). */
public final class Declarations {
  private static final int NAME = 0x08;
  private static final Aml SCOPE = Aml.of(0x10);
  private static final Aml METHOD = Aml.of(0x14);
  private static final int EXTENDED = 0x5B;
  private static final Aml MUTEX = Aml.of(EXTENDED, 0x01);
  private static final Aml REGION = Aml.of(EXTENDED, 0x80);
  private static final Aml FIELD = Aml.of(EXTENDED, 0x81);
  private static final Aml DEVICE = Aml.of(EXTENDED, 0x82);
  private static final int SERIALIZED = 1 << 3;

  /** Accessed in units of 32 bits, without the global lock, other bits of a unit preserved. */
  private static final int DWORD_ACCESS = 3;

  private Declarations() {}

  /** Where an operation region is. */
  public enum Space {
    /** At addresses of memory. */
    SYSTEM_MEMORY,
    /** At I/O ports. */
    SYSTEM_IO
  }

  /** Returns a scope: what stands in it belongs to {@code path}, which is there already. */
  public static Aml scope(String path, Aml... content) {
    return Aml.block(SCOPE, Aml.name(path), Aml.join(content));
  }

  /** Returns a device. */
  public static Aml device(String name, Aml... content) {
    return Aml.block(DEVICE, Aml.name(name), Aml.join(content));
  }

  /** Returns a name for a constant. */
  public static Aml named(String name, Aml value) {
    return Aml.join(Aml.of(NAME), Aml.name(name), value);
  }

  /** Returns a method that several threads may be in. */
  public static Aml method(String name, int arguments, Aml... statements) {
    return Aml.block(METHOD, Aml.name(name), Aml.of(arguments), Aml.join(statements));
  }

  /** Returns a method that one thread at a time may be in. */
  public static Aml serialized(String name, int arguments, Aml... statements) {
    return Aml.block(METHOD, Aml.name(name), Aml.of(SERIALIZED | arguments), Aml.join(statements));
  }

  /** Returns a mutex that may be acquired whatever other one is held. */
  public static Aml mutex(String name) {
    return Aml.join(MUTEX, Aml.name(name), Aml.of(0));
  }

  /** Returns an operation region. */
  public static Aml region(String name, Space space, Aml address, Aml size) {
    return Aml.join(REGION, Aml.name(name), Aml.of(space.ordinal()), address, size);
  }

  /** Returns names for a region's parts, from its beginning, by {@link #bytes}. */
  public static Aml fields(String region, Aml... parts) {
    return Aml.block(FIELD, Aml.name(region), Aml.of(DWORD_ACCESS), Aml.join(parts));
  }

  /** Returns one part of a region. */
  public static Aml bytes(String name, int size) {
    return Aml.join(Aml.name(name), Aml.plainLength(size * Byte.SIZE));
  }
}
