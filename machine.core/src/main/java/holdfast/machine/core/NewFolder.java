package holdfast.machine.core;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import holdfast.machine.admin.AdminException;
import holdfast.machine.admin.HostException;
import holdfast.machine.admin.RefusedException;
import holdfast.machine.config.ConfigurationFiles;
import holdfast.machine.config.MachineDefinition;
import holdfast.machine.config.MachineSpec;
import holdfast.machine.config.options.OptionException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;

/**
 * A folder that comes to be with all its files, or not at all: it is made under another name beside
 * its place.
 */
final class NewFolder {
  private NewFolder() {}

  /**
   * Writes the configuration files of a machine; see {@link
   * holdfast.machine.admin.MachineAdmin#writeFiles}.
   */
  static List<String> write(Path place, MachineSpec spec) throws AdminException {
    Path folder = place.toAbsolutePath(); // which the refusals name: who asks may be elsewhere
    Path parent = folder.getParent();
    if (parent == null) {
      throw new RefusedException("folder / is there already: name one that is not there yet");
    }
    MonitorFolders.of(MachineDefinition.monitorFolders(spec.machine()))
        .require("folder " + folder, folder.toString());
    if (Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
      throw new RefusedException(
          "folder " + folder + " is there already: name one that is not there yet");
    }
    if (!Files.isDirectory(parent)) {
      throw new RefusedException(
          "folder "
              + folder
              + " can't be made, since "
              + parent
              + " is no folder: make that first");
    }
    SequencedMap<String, String> files;
    try {
      files = ConfigurationFiles.write(spec);
    } catch (OptionException e) {
      throw new RefusedException(e);
    }
    try {
      place(folder, parent, files);
    } catch (IOException e) {
      throw new HostException(
          new MachineException("folder " + folder + " can't be written: " + reason(e), e));
    }
    return List.copyOf(files.keySet());
  }

  /** Returns what the host said, without the name of a class. */
  private static String reason(IOException e) {
    return switch (e) {
      case AccessDeniedException denied -> denied.getFile() + ": permission denied";
      case FileSystemException known when known.getReason() != null ->
          known.getFile() + ": " + known.getReason();
      default -> String.valueOf(e.getMessage());
    };
  }

  private static void place(Path folder, Path parent, Map<String, String> files)
      throws IOException {
    Path made = Files.createTempDirectory(parent, ".holdfast"); // for its owner alone
    Path there = made;
    try (FileChannel holder = FileChannel.open(parent, READ)) {
      for (Map.Entry<String, String> file : files.entrySet()) {
        write(made.resolve(file.getKey()), file.getValue());
      }
      sync(made);
      Files.move(made, folder, StandardCopyOption.ATOMIC_MOVE);
      there = folder;
      holder.force(true);
    } catch (IOException e) {
      for (String name : files.keySet()) {
        Files.deleteIfExists(there.resolve(name));
      }
      Files.deleteIfExists(there);
      throw e;
    }
  }

  private static void write(Path file, String text) throws IOException {
    try (FileChannel channel =
        FileChannel.open(
            file,
            Set.of(CREATE_NEW, WRITE),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
      ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(US_ASCII));
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.force(true);
    }
  }

  private static void sync(Path folder) throws IOException {
    try (FileChannel channel = FileChannel.open(folder, READ)) {
      channel.force(true);
    }
  }
}
