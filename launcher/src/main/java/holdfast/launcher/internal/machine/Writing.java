package holdfast.launcher.internal.machine;

/** Writes several configurations. */
@FunctionalInterface
public interface Writing<E extends Exception> {
  /** Writes them. */
  void write() throws E;
}
