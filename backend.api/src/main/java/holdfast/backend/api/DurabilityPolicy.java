package holdfast.backend.api;

/** What happens when a block's durability falls short of what its flags ask for. */
public enum DurabilityPolicy {
  /** The block is made; the operator is warned. The default, as in QEMU. */
  WARN,

  /** No block is made unless cache-line or byte granularity was obtained. */
  REQUIRE,

  /** Nothing is asked for and nobody is warned: MAP_SYNC is not attempted. */
  OFF
}
