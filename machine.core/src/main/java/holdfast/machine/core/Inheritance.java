package holdfast.machine.core;

import java.util.OptionalInt;
import org.osgi.annotation.versioning.ProviderType;

/**
 * What another machine of this host has handed over to one that takes its guest over: the open
 * files and memory in which the guest's bytes are. Nothing of it is copied.
 */
@ProviderType
public interface Inheritance extends AutoCloseable {
  /** Of a machine that opens all by itself. */
  Inheritance NONE =
      new Inheritance() {
        @Override
        public OptionalInt descriptor(String id) {
          return OptionalInt.empty();
        }

        @Override
        public void ready() {}

        @Override
        public void refuse(String why) {}

        @Override
        public void close() {}
      };

  /**
   * Returns the descriptor of a memory backend's file; it stays the inheritance's.
   *
   * @param id of the memory backend
   * @return empty if none was handed over for it
   */
  OptionalInt descriptor(String id);

  /** Tells the other machine that all of it is open, and its guest is waited for. */
  void ready();

  /** Tells the other machine that its guest can't be taken over. */
  void refuse(String why);

  /** Closes what was handed over; what was opened from it stays open. */
  @Override
  void close();
}
