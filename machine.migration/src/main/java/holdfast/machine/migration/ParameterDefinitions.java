package holdfast.machine.migration;

import holdfast.backend.api.ByteSize;
import holdfast.machine.admin.InvalidRequestException;
import holdfast.machine.admin.MigrationParameters;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.Options;
import holdfast.machine.config.options.ParsedObject;
import holdfast.machine.config.options.PropertyDefinition;
import holdfast.machine.config.options.PropertyType;
import holdfast.machine.config.options.TypeDefinition;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The parameters of a migration by their names. */
final class ParameterDefinitions {
  /** QEMU's upper limit. */
  private static final long LONGEST_DOWNTIME = 2_000_000;

  private static final PropertyDefinition<Long> DOWNTIME_LIMIT =
      PropertyDefinition.withDefault(
          "downtime-limit",
          PropertyType.integer(0, LONGEST_DOWNTIME),
          "" + MigrationParameters.DEFAULT.downtimeLimit().toMillis(),
          "how many milliseconds the guest may be expected to be stopped");
  private static final PropertyDefinition<ByteSize> MAX_BANDWIDTH =
      PropertyDefinition.withDefault(
          "max-bandwidth",
          PropertyType.size(),
          "" + MigrationParameters.DEFAULT.maxBandwidth().bytes(),
          "bytes a second that are sent while the guest runs, 0 for no limit");
  private static final PropertyDefinition<MigrationParameters.Peer> PEER =
      PropertyDefinition.withDefault(
          "x-holdfast-peer",
          PropertyType.choice(MigrationParameters.Peer.class),
          MigrationParameters.DEFAULT.peer().label(),
          "who receives: a Holdfast, or a QEMU, which takes RAM alone");
  private static final PropertyDefinition<String> PEER_MACHINE =
      PropertyDefinition.withDefault(
          "x-holdfast-peer-machine",
          PropertyType.text(),
          MigrationParameters.DEFAULT.peerMachine(),
          "the machine type of a QEMU that receives");
  private static final PropertyDefinition<String> TLS_FOLDER =
      PropertyDefinition.optional(
          "x-holdfast-tls-dir",
          PropertyType.text(),
          "the folder with the PEM files of QEMU's tls-creds-x509; empty for no TLS");
  private static final PropertyDefinition<String> TLS_HOSTNAME =
      PropertyDefinition.optional(
          "tls-hostname",
          PropertyType.text(),
          "the name that the destination's certificate must have; empty for that of the address");

  private static final TypeDefinition ALL =
      new TypeDefinition(
          "migration",
          "the parameters of migrations",
          List.of(DOWNTIME_LIMIT, MAX_BANDWIDTH, PEER, PEER_MACHINE, TLS_FOLDER, TLS_HOSTNAME));

  private ParameterDefinitions() {}

  /** Returns the defaults. */
  static ParsedObject defaults() {
    try {
      return ALL.check("migrate-set-parameters", new Options(List.of(), false));
    } catch (OptionException e) {
      throw new AssertionError(e);
    }
  }

  /**
   * Returns parameters with other values.
   *
   * @throws InvalidRequestException if there is no such parameter, or it can't have that value
   */
  static ParsedObject with(ParsedObject present, Map<String, String> changes)
      throws InvalidRequestException {
    ParsedObject next = present;
    try {
      for (Map.Entry<String, String> one : changes.entrySet()) {
        next =
            one.getValue().isEmpty() && isOptional(one.getKey())
                ? without(next, one.getKey())
                : next.withText(one.getKey(), one.getValue());
      }
    } catch (OptionException e) {
      throw new InvalidRequestException(e);
    }
    return next;
  }

  private static boolean isOptional(String name) {
    return name.equals(TLS_FOLDER.name()) || name.equals(TLS_HOSTNAME.name());
  }

  private static ParsedObject without(ParsedObject present, String name) {
    return present.with(
        name.equals(TLS_FOLDER.name()) ? TLS_FOLDER : TLS_HOSTNAME, Optional.empty());
  }

  /** Returns parameters with their types. */
  static MigrationParameters typed(ParsedObject present) {
    return new MigrationParameters(
        Duration.ofMillis(present.get(DOWNTIME_LIMIT)),
        present.get(MAX_BANDWIDTH),
        present.get(PEER),
        present.get(PEER_MACHINE),
        present.find(TLS_FOLDER).orElse(""),
        present.find(TLS_HOSTNAME).orElse(""));
  }
}
