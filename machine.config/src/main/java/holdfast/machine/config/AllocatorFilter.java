package holdfast.machine.config;

import java.util.Map;

/** Decides by their properties which allocators may make the block of a memory backend. */
public interface AllocatorFilter {
  /** Lets every allocator make it. */
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

  /** Returns whether an allocator with these service properties may. */
  boolean matches(Map<String, ?> properties);

  /** Returns the filter as an operator writes it; empty if it lets every allocator. */
  String text();
}
