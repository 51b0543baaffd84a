package holdfast.monitor.shell.internal;

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

  private Forms() {}
}
