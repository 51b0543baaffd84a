package holdfast.machine.swap;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.Backing;
import holdfast.backend.api.ByteSize;
import holdfast.backend.api.FileIdentity;
import holdfast.backend.api.RamBlockSpec;
import holdfast.backend.api.RamFlag;
import holdfast.host.linux.FileStatus;
import holdfast.host.linux.files.FoundFile;
import holdfast.machine.api.SwapException;
import holdfast.machine.api.SwapLimits;
import holdfast.machine.api.SwapPlan;
import holdfast.machine.config.BackendDefinitions;
import holdfast.machine.config.options.OptionException;
import holdfast.machine.config.options.ParsedObject;
import holdfast.machine.config.options.PropertyDefinition;
import holdfast.machine.config.options.TypeDefinition;
import holdfast.machine.copy.DirtySource;
import holdfast.machine.copy.GuestWriters;
import holdfast.machine.core.Backend;
import holdfast.machine.core.Candidate;
import holdfast.machine.core.Region;
import holdfast.machine.swap.internal.journal.FilePlace;
import holdfast.machine.swap.internal.journal.GivenWarnings;
import holdfast.machine.swap.internal.journal.ImageNotes;
import holdfast.machine.swap.internal.journal.Side;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * A request for a swap, which makes the plan. Nothing is touched here.
 *
 * @param backend the backend to be swapped
 * @param type its type after the swap
 * @param object all its properties after the swap
 * @param writers the writers that store into guest memory
 * @param limits what the swap may cost
 * @param origin who asks for it: a refusal uses the terms of a configuration, or of commands
 */
record SwapRequest(
    Backend backend,
    TypeDefinition type,
    ParsedObject object,
    GuestWriters writers,
    SwapLimits limits,
    Origin origin) {
  private static final String TYPE = "qom-type";
  private static final String ID = "id";

  /** Who asks for a swap. */
  enum Origin {
    OPERATOR,
    CONFIGURATION
  }

  /**
   * Returns a request for the properties in force, as far as the new type has them, with changes.
   *
   * @param changes properties and their values, {@code qom-type} among them
   */
  static SwapRequest changing(
      Backend backend, Map<String, String> changes, GuestWriters writers, SwapLimits limits)
      throws SwapException {
    BackendId id = backend.region().id();
    TypeDefinition type = type(id, changes.getOrDefault(TYPE, backend.type()));
    ParsedObject object = object(backend, type, changes);
    return new SwapRequest(backend, type, object, writers, limits, Origin.OPERATOR);
  }

  /** Returns a request for everything that its configuration says. */
  static SwapRequest configured(Backend backend, ParsedObject wanted, GuestWriters writers)
      throws SwapException {
    return new SwapRequest(
        backend, wanted.type(), wanted, writers, SwapLimits.DEFAULT, Origin.CONFIGURATION);
  }

  /**
   * Returns where stores into a block end up. For a private mapping that is memory, because its
   * file stays as it is; for a folder, too, because the file made in it has no name.
   */
  static Side side(RamBlockSpec spec) {
    if (!spec.has(RamFlag.RAM_SHARED)
        || spec.has(RamFlag.RAM_READONLY)
        || !(spec.backing() instanceof Backing.File file)) {
      return Side.memory();
    }
    try {
      BasicFileAttributes attributes = Files.readAttributes(file.path(), BasicFileAttributes.class);
      if (attributes.isDirectory()) {
        return Side.memory();
      }
      return attributes.isOther() ? Side.device(file.path()) : Side.file(file.path());
    } catch (IOException e) {
      return Side.file(file.path()); // the file does not exist yet, or its disk fails
    }
  }

  /**
   * Returns where stores into a region end up now. A file whose name was removed, or now leads to
   * another file, can't be started from: it counts as memory, has no note, and ends with the swap.
   *
   * @param warnings those that earlier swaps have given
   */
  static Side present(Region region, GivenWarnings warnings) {
    Side side = side(region.spec());
    Optional<FileIdentity> open = region.status().block().file();
    if (side.path().isEmpty() || open.isEmpty()) {
      return side;
    }
    Path path = side.path().get();
    Optional<FileIdentity> found = FilePlace.of(path).file();
    if (!found.equals(open)) {
      warnings.warn(
          region.id(),
          GivenWarnings.Kind.OTHER_FILE,
          path,
          open + " " + found,
          path
              + " is not the file that it is in any more; if that has another name by now, see to it"
              + " yourself that it is not used when the swap is done");
      return Side.memory();
    }
    warnings.clear(region.id(), GivenWarnings.Kind.OTHER_FILE, path);
    return side.takesNotes() ? Side.file(side.path().get(), open) : side;
  }

  /** Returns the target, if the swap can work as far as can be checked now. */
  SwapTarget target() throws SwapException {
    Region region = backend.region();
    BackendId id = region.id();
    if (!object.id().equals(Optional.of(id.value()))) {
      throw new SwapException(id, "its id can't change while the machine is up");
    }
    RamBlockSpec spec;
    try {
      spec = backend.specOf(object);
    } catch (OptionException e) {
      // the sentence without the backend, which is already named
      throw new SwapException(
          id, (e.getCause() instanceof OptionException why ? why : e).getMessage(), e);
    }
    if (!spec.size().equals(region.size())) {
      throw new SwapException(
          id, "its size is " + region.size() + " and can't become " + spec.size());
    }
    if (spec.has(RamFlag.RAM_READONLY)) {
      throw new SwapException(
          id, "readonly=on: nothing can be copied into it; copy the file, and start with that one");
    }
    List<String> differences = differences();
    if (differences.isEmpty()) {
      throw new SwapException(
          id,
          "nothing would change: name a property with another value, such as mem-path=/other/file");
    }
    Optional<ByteSize> free = checkFile(id, spec);
    Candidate maker =
        region
            .best(spec)
            .orElseThrow(
                () ->
                    new SwapException(id, "no allocator that may be used takes " + spec.backing()));
    return new SwapTarget(object, spec, maker, plan(region, spec, differences, free));
  }

  private static TypeDefinition type(BackendId id, String name) throws SwapException {
    return BackendDefinitions.OPTION.types().stream()
        .filter(one -> one.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new SwapException(
                    id,
                    name
                        + " is not a type: the types are "
                        + String.join(
                            ", ",
                            BackendDefinitions.OPTION.types().stream()
                                .map(TypeDefinition::name)
                                .toList())));
  }

  private static ParsedObject object(
      Backend backend, TypeDefinition type, Map<String, String> changes) throws SwapException {
    BackendId id = backend.region().id();
    Map<String, Object> wanted = new LinkedHashMap<>();
    wanted.put(TypeDefinition.EXACT, true); // both have values as on the command line
    for (PropertyDefinition<?> property : type.properties()) {
      backend.object().text(property.name()).ifPresent(text -> wanted.put(property.name(), text));
    }
    for (Map.Entry<String, String> change : changes.entrySet()) {
      if (change.getKey().equals(ID)) {
        throw new SwapException(id, "its id can't change: leave id= out");
      }
      if (!change.getKey().equals(TYPE)) {
        wanted.put(change.getKey(), change.getValue());
      }
    }
    try {
      return type.checkConfiguration(type.name(), wanted);
    } catch (OptionException e) {
      throw new SwapException(id, e.getMessage(), e);
    }
  }

  private List<String> differences() {
    SequencedMap<String, String> before = backend.object().texts();
    List<String> differences = new ArrayList<>();
    if (!type.name().equals(backend.type())) {
      differences.add(TYPE + ": " + backend.type() + " -> " + type.name());
    }
    object
        .texts()
        .forEach(
            (name, value) -> {
              String old = before.getOrDefault(name, "-");
              if (!old.equals(value)) {
                differences.add(name + ": " + old + " -> " + value);
              }
            });
    if (isRemoved()) {
      differences.add("mem-path: the file was removed and is only open -> a new file");
    }
    before.forEach(
        (name, value) -> {
          if (object.text(name).isEmpty() && hasProperty(name)) {
            differences.add(name + ": " + value + " -> -");
          }
        });
    return differences;
  }

  /** Returns whether the name of the region's file has been removed. */
  private boolean isRemoved() {
    Region region = backend.region();
    return region.spec().backing() instanceof Backing.File present
        && region.status().block().file().isPresent()
        && Files.notExists(present.path());
  }

  private boolean hasProperty(String name) {
    return type.properties().stream().anyMatch(property -> property.name().equals(name));
  }

  /** Checks the new file; returns how many bytes are free for it, if it needs any. */
  private Optional<ByteSize> checkFile(BackendId id, RamBlockSpec spec) throws SwapException {
    if (!(spec.backing() instanceof Backing.File wanted)) {
      return Optional.empty();
    }
    Path path = wanted.path();
    Optional<FileStatus> found = status(id, path);
    if (isPresent(path, found)) {
      throw new SwapException(
          id,
          origin == Origin.CONFIGURATION
              ? "that takes another file, and mem-path="
                  + path
                  + " is the one it is in: change mem-path too, or start the machine again"
              : path
                  + " is the file it is in, and stays locked until the swap is over: ram:use re-maps"
                  + " it with another allocator; for all else name another file");
    }
    if (found.isEmpty()) {
      Path folder = path.toAbsolutePath().getParent();
      return folder == null ? Optional.empty() : checkSpace(id, folder, spec);
    }
    if (found.get().type() == FileStatus.Type.DIRECTORY) {
      return checkSpace(id, path, spec);
    }
    if (spec.has(RamFlag.RAM_SHARED) && found.get().links() > 1) {
      throw new SwapException(
          id,
          path
              + " has "
              + found.get().links()
              + " names (hard links), and after a crash a start by another of them would not meet the"
              + " notes that say whether it is whole: name a file of one name");
    }
    if (!limits.overwrite() && !isEmpty(path) && !ImageNotes.isLeftBehind(path)) {
      throw new SwapException(
          id,
          path
              + " holds something already"
              + (origin == Origin.CONFIGURATION
                  ? ", and a configuration overwrites nothing: name a file that doesn't exist, or"
                      + " use ram:swap with -overwrite"
                  : ": name a file that doesn't exist, or say that it may be overwritten"
                      + " (-overwrite)"));
    }
    return Optional.empty();
  }

  private static Optional<FileStatus> status(BackendId id, Path path) throws SwapException {
    try {
      return FoundFile.status(path);
    } catch (IOException e) {
      throw new SwapException(id, path + " can't be looked at: " + e.getMessage());
    }
  }

  /** Returns whether a path leads to the region's present file, however the path is spelled. */
  private boolean isPresent(Path path, Optional<FileStatus> found) {
    if (found.isEmpty() || !(backend.region().spec().backing() instanceof Backing.File present)) {
      return false;
    }
    FileIdentity there = found.get().identity(FileIdentity::new);
    Optional<FileIdentity> open = backend.region().status().block().file();
    return open.map(there::equals)
        .orElseGet(() -> FilePlace.of(present.path()).isSame(FilePlace.of(path)));
  }

  private static boolean isEmpty(Path file) {
    try {
      return Files.isRegularFile(file) && Files.size(file) == 0;
    } catch (IOException e) {
      return false;
    }
  }

  private static Optional<ByteSize> checkSpace(BackendId id, Path folder, RamBlockSpec spec)
      throws SwapException {
    if (!Files.isDirectory(folder)) {
      throw new SwapException(id, "there is no folder " + folder + ": make it first");
    }
    try {
      ByteSize free = new ByteSize(Files.getFileStore(folder).getUsableSpace());
      if (free.compareTo(spec.size()) < 0 && !spec.has(RamFlag.RAM_NORESERVE)) {
        throw new SwapException(
            id, folder + " has only " + free + " free, and " + spec.size() + " are needed");
      }
      return Optional.of(free);
    } catch (IOException e) {
      throw new SwapException(id, folder + " can't be looked at: " + e.getMessage());
    }
  }

  private SwapPlan plan(
      Region region, RamBlockSpec spec, List<String> differences, Optional<ByteSize> free)
      throws SwapException {
    DirtySource.Outlook tracking = DirtySource.outlook(region.status().block(), writers);
    CopyEstimate measured = estimate(region, spec);
    // without tracking, everything is copied while writers pause, and the limit does not apply
    CopyEstimate estimate =
        tracking.tracked() ? measured.heldBackTo(limits.bandwidth(), region.size()) : measured;
    Duration time = estimate.time();
    if (!tracking.tracked() && !writers.areNone() && time.compareTo(limits.downtime()) > 0) {
      throw new SwapException(region.id(), DirtySource.tooLong(time, limits));
    }
    Duration inPause = tracking.tracked() ? limits.downtime() : time;
    return new SwapPlan(
        region.id(),
        region.spec().backing().toString(),
        spec.backing().toString(),
        differences,
        spec.flags(),
        region.durability().obtained(),
        spec.requestedGranularity(),
        region.size(),
        free,
        time,
        estimate.basis(),
        tracking.words(),
        side(spec).path().isEmpty(),
        inPause);
  }

  private static CopyEstimate estimate(Region region, RamBlockSpec spec) throws SwapException {
    try {
      return CopyEstimate.of(region.segment(), spec);
    } catch (InternalError e) {
      if (region.failIfLost(0, CopyEstimate.sample(region.size().bytes()), false)) {
        throw new SwapException(region.id(), "it has failed: " + region.status().note());
      }
      throw new SwapException(region.id(), "memory of somebody else failed meanwhile: " + e);
    }
  }
}
