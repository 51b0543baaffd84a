package holdfast.bench;

/** One part of the measurements. */
interface Part {
  /** Measures. */
  void measure(Effort effort, Findings findings) throws Exception;
}
