package holdfast.machine.config.options;

/** A switch that can be left to what is found. */
public enum OnOffAuto {
  /** Always. */
  ON,
  /** Never. */
  OFF,
  /** As what is found demands. */
  AUTO
}
