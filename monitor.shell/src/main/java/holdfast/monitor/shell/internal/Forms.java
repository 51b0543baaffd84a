package holdfast.monitor.shell.internal;

import java.util.Map;
import java.util.Optional;

/**
 * How the commands are written that take arguments. A word's name says what can stand there: {@link
 * Completions} has them all.
 */
final class Forms {
  static final String SHOW = "ram:show [ID]";
  static final String OPTIONS = "ram:options [-files FOLDER]";
  static final String USE = "ram:use ID FILTER";
  static final String SET = "ram:set ID PROPERTY VALUE";
  static final String PERSIST = "ram:persist ID, or ram:persist ID OFFSET LENGTH";
  static final String EVACUATE = "ram:evacuate ID FILE";
  static final String SWAP =
      "ram:swap ID PROPERTIES [-plan] [-background] [-verify] [-overwrite] [-downtime-limit MS]"
          + " [-max-bandwidth SIZE] [-rounds N] [-pause-limit MS], or ram:swap ID -cancel";
  static final String SWAPS = "ram:swaps ID";
  static final String OBJECT_ADD = "ram:object_add TYPE,id=ID,PROPERTIES";
  static final String OBJECT_DEL = "ram:object_del ID";
  static final String DEVICE_ADD = "ram:device_add DRIVER,memdev=ID,PROPERTIES";
  static final String DEVICE_DEL = "ram:device_del ID [-force] [-timeout S]";
  static final String MIGRATE =
      "ram:migrate ADDRESS [-peer WHO] [-peer-machine TYPE] [-downtime-limit MS]"
          + " [-max-bandwidth SIZE] [-tls-dir DIR] [-tls-hostname NAME] [-background], or"
          + " ram:migrate -cancel";
  static final String MIGRATE_INCOMING = "ram:migrate_incoming ADDRESS";
  static final String PARAMETERS = "ram:migration_parameters [NAME=VALUE]...";
  static final String DECIDE = "ram:migrate_decide here|elsewhere [PROOF]";

  /** How each of them may be written, by its name without the scope. */
  private static final Map<String, String> EXAMPLES =
      Map.ofEntries(
          Map.entry("show", "ram:show m0"),
          Map.entry("options", "ram:options -files saved"),
          Map.entry("use", "ram:use m0 '(backend.kind=file)'"),
          Map.entry("set", "ram:set m0 dump off"),
          Map.entry("persist", "ram:persist m0 0 4K"),
          Map.entry("evacuate", "ram:evacuate m0 /b/rescued.img"),
          Map.entry("swap", "ram:swap m0 mem-path=/b/nv.img -plan"),
          Map.entry("swaps", "ram:swaps m0"),
          Map.entry("object_add", "ram:object_add memory-backend-ram,id=m1,size=64M"),
          Map.entry("object_del", "ram:object_del m1"),
          Map.entry("device_add", "ram:device_add nvdimm,id=nv1,memdev=m1"),
          Map.entry("device_del", "ram:device_del nv1 -timeout 60"),
          Map.entry("migrate", "ram:migrate tcp:host2:4444 -background"),
          Map.entry("migrate_incoming", "ram:migrate_incoming tcp:0.0.0.0:4444"),
          Map.entry("migration_parameters", "ram:migration_parameters max-bandwidth=200M"),
          Map.entry("migrate_decide", "ram:migrate_decide elsewhere"));

  private Forms() {}

  /** Returns an example of a command; empty for one that takes nothing. */
  static Optional<String> example(String name) {
    return Optional.ofNullable(EXAMPLES.get(name));
  }
}
