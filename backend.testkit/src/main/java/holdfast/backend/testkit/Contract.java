package holdfast.backend.testkit;

/** A group of guarantees, tested on a fixture. */
interface Contract {
  /** Returns the allocator under test with its environment. */
  AllocatorFixture fixture();
}
