package holdfast.backend.testkit;

/** A group of promises, checked on a fixture. */
interface Promises {
  /** The allocator under test, and where it is tested. */
  AllocatorFixture on();
}
