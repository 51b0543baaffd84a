package holdfast.backend.api;

/** What happens when a block is less durable than its flags ask for. */
public enum DurabilityPolicy {
  /** The block is made; the operator is warned. The default, as in QEMU. */
  WARN,

  /** No block is made unless it has cache-line or byte granularity. */
  REQUIRE,

  /** No durability is requested and no warning given; MAP_SYNC is not attempted. */
  OFF
}
