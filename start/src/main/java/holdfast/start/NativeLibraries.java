package holdfast.start;

import java.util.Map;

/** Where JNA looks for the libraries of the system that are asked for by their name alone. */
final class NativeLibraries {
  private static final String PATH = "jna.platform.library.path";

  private static final Map<String, String> ARCHITECTURES =
      Map.of("amd64", "x86_64-linux-gnu", "aarch64", "aarch64-linux-gnu");

  private NativeLibraries() {}

  /**
   * Names the folders, unless the operator has. JNA would run ldconfig otherwise, at each start.
   * What the linker finds by itself is found in any case.
   */
  static void setSearchPath() {
    String architecture = ARCHITECTURES.get(System.getProperty("os.arch", ""));
    if (architecture != null && System.getProperty(PATH) == null) {
      System.setProperty(
          PATH,
          "/usr/lib/ARCH:/lib/ARCH:/usr/lib64:/lib64:/usr/lib:/lib:/usr/local/lib"
              .replace("ARCH", architecture));
    }
  }
}
