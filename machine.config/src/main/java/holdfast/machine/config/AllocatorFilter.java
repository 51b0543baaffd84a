package holdfast.machine.config;

import java.util.Map;
import org.osgi.annotation.versioning.ConsumerType;

/** Decides by their service properties which allocators may make the block of a memory backend. */
@ConsumerType
public interface AllocatorFilter {
  /** Accepts every allocator. */
  AllocatorFilter ANY =
      new AllocatorFilter() {
        @Override
        public boolean matches(Map<String, ?> properties) {
          return true;
        }

        @Override
        public String text() {
          return "";
        }
      };

  /** Returns whether an allocator with these service properties is accepted. */
  boolean matches(Map<String, ?> properties);

  /** Returns the filter as an operator writes it; empty if it accepts every allocator. */
  String text();
}
