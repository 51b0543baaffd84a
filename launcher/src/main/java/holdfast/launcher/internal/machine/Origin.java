package holdfast.launcher.internal.machine;

/** Where a machine's definition is, in whose words it is told what to do about a mistake. */
public enum Origin {
  /** The command line. */
  COMMAND_LINE,
  /** Configurations that somebody else wrote. */
  CONFIGURATIONS;

  /** How the machine comes to have a memory backend. */
  String addBackend(String id) {
    return switch (this) {
      case COMMAND_LINE -> "add -object memory-backend-file,id=" + id + ",…";
      case CONFIGURATIONS ->
          "name one of them, or configure one with id=" + id + " and list its name in objects";
    };
  }

  /** How two memory backends come to have two ids. */
  String giveAnotherId() {
    return switch (this) {
      case COMMAND_LINE -> "give each -object an id of its own";
      case CONFIGURATIONS -> "give each memory backend that objects lists an id of its own";
    };
  }
}
