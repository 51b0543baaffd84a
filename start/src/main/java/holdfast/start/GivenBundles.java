package holdfast.start;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import org.osgi.framework.Constants;

/**
 * The bundles that the operator adds to the product with {@code -bundles FOLDER}: each {@code
 * *.jar} of the folder, in the order of their names. Other files there are left alone.
 *
 * @param files the bundles, in the order in which they are installed
 * @param arguments the other arguments of the process
 */
record GivenBundles(List<Path> files, List<String> arguments) {
  private static final String OPTION = "-bundles";

  GivenBundles {
    files = List.copyOf(files);
    arguments = List.copyOf(arguments);
  }

  /**
   * Takes the option from the arguments, as often as it is there, and looks at what it names.
   *
   * @throws StartException with a sentence if a folder is missing, has no bundle, or could be
   *     filled by anybody, or if a file is no bundle
   */
  static GivenBundles of(List<String> arguments) throws StartException {
    // by name, since two of one name could not stand in the private folder
    Map<Path, Path> files = new LinkedHashMap<>();
    List<String> others = new ArrayList<>();
    for (int i = 0; i < arguments.size(); i++) {
      String argument = arguments.get(i);
      if (!argument.replaceFirst("^--", "-").equals(OPTION)) {
        others.add(argument);
        continue;
      }
      i++;
      if (i == arguments.size()) {
        throw new StartException(
            OPTION + " needs a value: write the folder of the bundles behind it");
      }
      for (Path file : bundles(arguments.get(i))) {
        Path twin = files.putIfAbsent(file.getFileName(), file);
        if (twin != null) {
          throw new StartException(
              OPTION
                  + ": "
                  + twin
                  + " and "
                  + file
                  + " have one name; rename or remove one of them");
        }
      }
    }
    return new GivenBundles(List.copyOf(files.values()), others);
  }

  private static List<Path> bundles(String folder) throws StartException {
    List<Path> found = new ArrayList<>();
    try {
      // what stands behind a link is looked at, and read
      Path real = Path.of(folder).toRealPath();
      requireSafe(real, folder);
      try (DirectoryStream<Path> jars = Files.newDirectoryStream(real, "*.jar")) {
        for (Path jar : jars) {
          Path file = jar.toRealPath();
          requireSafe(file, folder);
          requireBundle(file);
          found.add(file);
        }
      }
    } catch (IOException | DirectoryIteratorException | InvalidPathException e) {
      throw new StartException(
          OPTION + ": the folder " + folder + " can't be read (" + Start.reason(e) + ")");
    }
    if (found.isEmpty()) {
      throw new StartException(
          OPTION + ": there is no bundle in " + folder + ": put files *.jar there");
    }
    found.sort(null);
    return found;
  }

  private static void requireSafe(Path real, String folder) throws IOException, StartException {
    String objection = Owner.objectionToCode(real, Owner.self());
    if (!objection.isEmpty()) {
      throw new StartException(
          OPTION
              + ": no code is taken from "
              + folder
              + ", where another user could put it: "
              + objection);
    }
  }

  private static void requireBundle(Path file) throws StartException {
    if (!Files.isRegularFile(file)) {
      throw new StartException(OPTION + ": " + file + " is no bundle: it is no regular file");
    }
    try (JarFile jar = new JarFile(file.toFile())) {
      Manifest manifest = jar.getManifest();
      Attributes headers = manifest == null ? new Attributes() : manifest.getMainAttributes();
      if (headers.getValue(Constants.BUNDLE_SYMBOLICNAME) == null) {
        throw new StartException(
            OPTION
                + ": "
                + file
                + " is no bundle: its manifest has no "
                + Constants.BUNDLE_SYMBOLICNAME);
      }
    } catch (IOException e) {
      throw new StartException(
          OPTION + ": " + file + " is no bundle: it is no readable jar (" + e.getMessage() + ")");
    }
  }
}
