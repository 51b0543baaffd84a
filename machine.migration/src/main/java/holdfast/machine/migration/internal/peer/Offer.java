package holdfast.machine.migration.internal.peer;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.BiPredicate;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * What a source has to send, and what a destination has places for: both are the same kind of
 * record, so that they can be held against each other.
 *
 * @param id of the migration
 * @param proofHash SHA-256, in hex, of what the source will show when the guest has left it
 * @param machine the kind of machine
 * @param ramBase the guest address of its base RAM
 * @param ram bytes of base RAM
 * @param blocks the memory backends
 * @param devices the devices on them
 * @param states the parts of the emulator that have a state
 */
public record Offer(
    UUID id,
    String proofHash,
    String machine,
    long ramBase,
    long ram,
    List<Block> blocks,
    List<Device> devices,
    List<State> states) {

  /** The longest offer, in bytes. */
  public static final int LONGEST = 1 << 20;

  /** What is spoken; another version is another language. */
  private static final int VERSION = 2;

  /**
   * A memory backend.
   *
   * @param readOnly whether nothing can be stored into it; then its content is not sent
   * @param durable whether anything can make a store into it durable
   * @param shared the memory that both sides have, if it was handed over: then its content is not
   *     sent, either; else empty
   */
  public record Block(String id, long size, boolean readOnly, boolean durable, String shared) {
    private String words() {
      return size
          + " bytes, "
          + (readOnly ? "read-only" : durable ? "durable" : "volatile")
          + (shared.isEmpty() ? "" : ", handed over as the file " + shared);
    }

    private Block asDurableAs(Block other) {
      return new Block(id, size, readOnly, other.durable, shared);
    }
  }

  /**
   * A device as the guest sees it.
   *
   * @param slot -1 for base RAM
   */
  public record Device(
      String id,
      String driver,
      String memdev,
      long address,
      long size,
      long labelSize,
      int slot,
      int node) {
    private String words() {
      return "%s on %s at 0x%x, %d bytes, label-size %d, slot %d, node %d"
          .formatted(driver, memdev, address, size, labelSize, slot, node);
    }
  }

  /** A part of the emulator. */
  public record State(String id, int version) {}

  /** Copies the lists. */
  public Offer {
    blocks = List.copyOf(blocks);
    devices = List.copyOf(devices);
    states = List.copyOf(states);
  }

  /** Returns it as it is sent. */
  public byte[] json() throws IOException {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("version", VERSION);
    all.put("id", id.toString());
    all.put("proof-sha256", proofHash);
    all.put("machine", machine);
    all.put("ram-base", ramBase);
    all.put("ram", ram);
    all.put("blocks", blocks.stream().map(Offer::json).toList());
    all.put("devices", devices.stream().map(Offer::json).toList());
    all.put(
        "states",
        states.stream().map(one -> Map.of("id", one.id(), "version", one.version())).toList());
    return JSON.std.asBytes(all);
  }

  private static Map<String, Object> json(Block one) {
    return Map.of(
        "id", one.id(),
        "size", one.size(),
        "read-only", one.readOnly(),
        "durable", one.durable(),
        "shared", one.shared());
  }

  private static Map<String, Object> json(Device one) {
    return Map.of(
        "id", one.id(),
        "driver", one.driver(),
        "memdev", one.memdev(),
        "address", one.address(),
        "size", one.size(),
        "label-size", one.labelSize(),
        "slot", one.slot(),
        "node", one.node());
  }

  /**
   * Reads what was sent.
   *
   * @throws PeerException if it is none
   */
  public static Offer read(byte[] json) throws PeerException {
    Fields fields = Fields.of(json);
    long version = fields.number("version");
    if (version != VERSION) {
      throw new PeerException(
          "the source speaks version " + version + " of this protocol, and here is " + VERSION);
    }
    List<Block> blocks = new ArrayList<>();
    for (Fields one : fields.list("blocks")) {
      blocks.add(
          new Block(
              one.text("id"),
              one.number("size"),
              one.flag("read-only"),
              one.flag("durable"),
              one.text("shared")));
    }
    List<Device> devices = new ArrayList<>();
    for (Fields one : fields.list("devices")) {
      devices.add(
          new Device(
              one.text("id"),
              one.text("driver"),
              one.text("memdev"),
              one.number("address"),
              one.number("size"),
              one.number("label-size"),
              (int) one.number("slot"),
              (int) one.number("node")));
    }
    List<State> states = new ArrayList<>();
    for (Fields one : fields.list("states")) {
      states.add(new State(one.text("id"), (int) one.number("version")));
    }
    return new Offer(
        id(fields.text("id")),
        fields.text("proof-sha256"),
        fields.text("machine"),
        fields.number("ram-base"),
        fields.number("ram"),
        blocks,
        devices,
        states);
  }

  private static UUID id(String text) throws PeerException {
    try {
      return UUID.fromString(text);
    } catch (IllegalArgumentException e) {
      throw new PeerException("what the source offers has no id that can be read");
    }
  }

  /**
   * Returns why a source's offer can't be taken here, as a sentence with both sides' values; empty
   * if it can.
   *
   * @param here what there is here
   * @param loads whether a state of that id can be loaded that has that version
   */
  public Optional<String> mismatch(Offer here, BiPredicate<String, Integer> loads) {
    if (!machine.equals(here.machine) || ramBase != here.ramBase) {
      return Optional.of(
          "the source is a machine of type %s with its RAM at 0x%x, this one of type %s with its RAM at 0x%x"
              .formatted(machine, ramBase, here.machine, here.ramBase));
    }
    if (ram != here.ram) {
      return Optional.of(
          "the source has %d bytes of base RAM, this one %d".formatted(ram, here.ram));
    }
    return volatileHere(here)
        .or(() -> differing("memory backend", blocks, asDurable(here), Block::id, Block::words))
        .or(() -> differing("device", devices, here.devices, Device::id, Device::words))
        .or(() -> states(here, loads));
  }

  /** Returns which memory backend would no longer be durable. */
  private Optional<String> volatileHere(Offer here) {
    return blocks.stream()
        .filter(Block::durable)
        .filter(
            one ->
                here.blocks.stream().anyMatch(own -> own.id().equals(one.id()) && !own.durable()))
        .findFirst()
        .map(
            one ->
                ("memory backend '%s' is durable at the source, and here nothing makes a store into it"
                        + " durable: give it a file, with share=on, on a disk or on DAX")
                    .formatted(one.id()));
  }

  /** Returns what is here; what is more durable than at the source is no difference. */
  private List<Block> asDurable(Offer here) {
    return here.blocks.stream()
        .map(
            own ->
                blocks.stream()
                    .filter(one -> one.id().equals(own.id()))
                    .findFirst()
                    .map(own::asDurableAs)
                    .orElse(own))
        .toList();
  }

  private static <T> Optional<String> differing(
      String kind, List<T> there, List<T> here, Function<T, String> id, Function<T, String> words) {
    Map<String, T> ours = here.stream().collect(Collectors.toMap(id, one -> one, (a, b) -> a));
    for (T one : there) {
      T own = ours.remove(id.apply(one));
      if (own == null) {
        return Optional.of(
            "the source has a %s '%s' (%s), and this machine has none of that id: start it with the same"
                .formatted(kind, id.apply(one), words.apply(one)));
      }
      if (!own.equals(one)) {
        return Optional.of(
            "%s '%s' is %s at the source, and %s here"
                .formatted(kind, id.apply(one), words.apply(one), words.apply(own)));
      }
    }
    return ours.keySet().stream()
        .findFirst()
        .map(
            left ->
                "this machine has a %s '%s', and the source has none of that id: start it without"
                    .formatted(kind, left));
  }

  private Optional<String> states(Offer here, BiPredicate<String, Integer> loads) {
    Map<String, State> ours =
        here.states.stream().collect(Collectors.toMap(State::id, one -> one, (a, b) -> a));
    for (State one : states) {
      State own = ours.remove(one.id());
      if (own == null) {
        return Optional.of(
            "the source sends the state of '%s', version %d, and no emulator here takes it"
                .formatted(one.id(), one.version()));
      }
      if (!loads.test(one.id(), one.version())) {
        return Optional.of(
            "the source sends version %d of the state of '%s', and the emulator here, which has version %d, can't load it"
                .formatted(one.version(), one.id(), own.version()));
      }
    }
    return ours.keySet().stream()
        .findFirst()
        .map(
            left ->
                "the emulator here wants a state of '%s', and the source has none".formatted(left));
  }
}
