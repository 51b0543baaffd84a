package holdfast.launcher.internal.machine;

/** Where a machine is defined, which decides the terms of the advice about a mistake. */
public enum Origin {
  /** The command line. */
  COMMAND_LINE,
  /** Configurations from another source. */
  CONFIGURATIONS;

  /** Returns how to add a memory backend to the machine. */
  String addBackend(String id) {
    return switch (this) {
      case COMMAND_LINE -> "add -object memory-backend-file,id=" + id + ",…";
      case CONFIGURATIONS ->
          "name one of them, or configure one with id=" + id + " and list its name in objects";
    };
  }

  /** Returns how to give two memory backends different ids. */
  String giveAnotherId() {
    return switch (this) {
      case COMMAND_LINE -> "give each -object an id of its own";
      case CONFIGURATIONS -> "give each memory backend that objects lists an id of its own";
    };
  }
}
