package holdfast.monitor.qmp.internal.command;

import static holdfast.monitor.qmp.internal.schema.ValueType.BOOLEAN;
import static holdfast.monitor.qmp.internal.schema.ValueType.INTEGER;
import static holdfast.monitor.qmp.internal.schema.ValueType.Member.optional;
import static holdfast.monitor.qmp.internal.schema.ValueType.Member.required;
import static holdfast.monitor.qmp.internal.schema.ValueType.NUMBER;
import static holdfast.monitor.qmp.internal.schema.ValueType.SIZE;
import static holdfast.monitor.qmp.internal.schema.ValueType.STRING;

import holdfast.machine.admin.MigratedRam;
import holdfast.machine.admin.MigrationParameters;
import holdfast.machine.admin.MigrationParameters.Peer;
import holdfast.machine.admin.MigrationState;
import holdfast.machine.admin.MigrationStatus;
import holdfast.machine.admin.MigrationWords;
import holdfast.machine.config.options.Excerpt;
import holdfast.monitor.qmp.internal.schema.ValueType.Choice;
import holdfast.monitor.qmp.internal.schema.ValueType.ListOf;
import holdfast.monitor.qmp.internal.schema.ValueType.Member;
import holdfast.monitor.qmp.internal.schema.ValueType.Struct;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What clients are told of migrations, by commands and events alike, with QEMU's members. */
final class MigrationShapes {
  /** Bytes of a page of what is counted. */
  private static final long PAGE = 4096;

  private static final double BITS = 8 / 1e6;

  private static final Struct RAM =
      new Struct(
          "MigrationStats",
          List.of(
              required("transferred", SIZE),
              required("remaining", SIZE),
              required("total", SIZE),
              required("duplicate", INTEGER),
              required("skipped", INTEGER),
              required("normal", INTEGER),
              required("normal-bytes", SIZE),
              required("dirty-pages-rate", INTEGER),
              required("mbps", NUMBER),
              required("dirty-sync-count", INTEGER),
              required("postcopy-requests", INTEGER),
              required("page-size", INTEGER),
              required("multifd-bytes", SIZE),
              required("pages-per-second", INTEGER)));

  private static final Struct ADDRESS =
      new Struct(
          "SocketAddress",
          List.of(
              required("type", STRING),
              optional("host", STRING),
              optional("port", STRING),
              optional("path", STRING)));

  /** The type of {@link #info}. */
  static final Struct INFO =
      new Struct(
          "MigrationInfo",
          List.of(
              optional("status", STRING),
              optional("ram", RAM),
              optional("total-time", INTEGER),
              optional("expected-downtime", INTEGER),
              optional("downtime", INTEGER),
              optional("setup-time", INTEGER),
              optional("error-desc", STRING),
              optional("socket-address", new ListOf(ADDRESS)),
              optional("x-holdfast-address", STRING),
              optional("x-holdfast-incoming", BOOLEAN),
              optional("x-holdfast-ended", BOOLEAN),
              optional("x-holdfast-text", STRING)));

  /** The parameters, each of which may be left out when they are set. */
  static final List<Member> PARAMETERS =
      List.of(
          optional(MigrationWords.DOWNTIME_LIMIT, INTEGER),
          optional(MigrationWords.MAX_BANDWIDTH, SIZE),
          optional(
              MigrationWords.PEER,
              new Choice("XHoldfastPeer", Arrays.stream(Peer.values()).map(Peer::label).toList())),
          optional(MigrationWords.PEER_MACHINE, STRING),
          optional(MigrationWords.TLS_FOLDER, STRING),
          optional(MigrationWords.TLS_HOSTNAME, STRING));

  private MigrationShapes() {}

  /**
   * Returns what a client is told of a migration; if there was none, nothing but where one can come
   * to.
   */
  static Map<String, Object> info(MigrationStatus status) {
    Map<String, Object> all = new LinkedHashMap<>();
    if (status.state() == MigrationState.NONE) {
      if (!status.address().isEmpty()) {
        all.put("socket-address", List.of(socket(status.address())));
        all.put("x-holdfast-address", status.address());
        all.put("x-holdfast-incoming", true);
      }
      return all;
    }
    all.put("status", status.state().label());
    if (status.ram().total().bytes() > 0) {
      all.put("ram", ram(status.ram()));
    }
    all.put("total-time", status.time().toMillis());
    status.expectedDowntime().ifPresent(time -> all.put("expected-downtime", time.toMillis()));
    status.downtime().ifPresent(time -> all.put("downtime", time.toMillis()));
    status.setup().ifPresent(time -> all.put("setup-time", time.toMillis()));
    status.error().ifPresent(error -> all.put("error-desc", Excerpt.onOneLine(error)));
    all.put("x-holdfast-address", status.address());
    all.put("x-holdfast-incoming", status.incoming());
    all.put("x-holdfast-ended", !status.state().isUnderWay());
    all.put("x-holdfast-text", Excerpt.onOneLine(MigrationWords.line(status)));
    return all;
  }

  /** Returns an address as QEMU has it: {@code unix:PATH}, {@code tcp:HOST:PORT}. */
  private static Map<String, Object> socket(String address) {
    String rest = address.substring(address.indexOf(':') + 1);
    if (!address.startsWith("tcp:")) {
      return Map.of("type", "unix", "path", rest);
    }
    int colon = rest.lastIndexOf(':');
    String host = rest.substring(0, colon).replaceAll("[\\[\\]]", "");
    return Map.of("type", "inet", "host", host, "port", rest.substring(colon + 1));
  }

  /** What QEMU counts of features that aren't here is 0, since clients expect each of these. */
  private static Map<String, Object> ram(MigratedRam ram) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("transferred", ram.transferred().bytes());
    all.put("remaining", ram.remaining().bytes());
    all.put("total", ram.total().bytes());
    all.put("duplicate", ram.zeroPages());
    all.put("skipped", 0);
    all.put("normal", ram.normalPages());
    all.put("normal-bytes", ram.normalPages() * PAGE);
    all.put("dirty-pages-rate", ram.dirtyPagesRate());
    all.put("mbps", ram.bytesPerSecond() * BITS);
    all.put("dirty-sync-count", ram.rounds());
    all.put("postcopy-requests", 0);
    all.put("page-size", PAGE);
    all.put("multifd-bytes", 0);
    all.put("pages-per-second", ram.bytesPerSecond() / PAGE);
    return all;
  }

  /** Returns the parameters as QMP has them: sizes and times are numbers. */
  static Map<String, Object> parameters(MigrationParameters parameters) {
    Map<String, Object> all = new LinkedHashMap<>(MigrationWords.parameters(parameters));
    all.put(MigrationWords.DOWNTIME_LIMIT, parameters.downtimeLimit().toMillis());
    all.put(MigrationWords.MAX_BANDWIDTH, parameters.maxBandwidth().bytes());
    return all;
  }
}
