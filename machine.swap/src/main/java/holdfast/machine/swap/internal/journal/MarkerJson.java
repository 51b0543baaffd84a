package holdfast.machine.swap.internal.journal;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.jr.ob.JSON;
import holdfast.backend.api.BackendId;
import holdfast.backend.api.FileIdentity;
import holdfast.host.linux.files.NoteFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Converts markers to the text of a note, and back. */
final class MarkerJson {
  private static final String STATE = "state";
  private static final String COPYING = "copying";
  private static final String SWITCHING = "switching";
  private static final String COMPLETE = "complete";
  private static final String MOVED = "moved";

  private static final int DEEPEST = 4;
  private static final int LONGEST_QUOTE = 40;

  /** PATH_MAX in limits.h, without the NUL at the end. */
  private static final int LONGEST_PATH = 4095;

  private static final JSON READER =
      JSON.builder(
              JsonFactory.builder()
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .disable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
                  .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
                  .streamReadConstraints(
                      StreamReadConstraints.builder().maxNestingDepth(DEEPEST).build())
                  .build())
          .build();

  private MarkerJson() {}

  /** A text is not one that {@link #write} made. */
  static final class MalformedException extends Exception {
    private static final long serialVersionUID = 1;

    MalformedException(String reason) {
      super(reason);
    }
  }

  /** Returns the text of a marker. */
  static byte[] write(Marker.Written marker) throws IOException {
    SwapId swap = marker.swap();
    Map<String, Object> content = new LinkedHashMap<>();
    content.put("region", swap.region().value());
    swap.from().ifPresent(path -> content.put("from", path.toString()));
    swap.to().ifPresent(path -> content.put("to", path.toString()));
    content.put("started", swap.started().toString());
    content.put(STATE, state(marker));
    if (marker instanceof Marker.Moved moved && moved.content().isPresent()) {
      Marker.Content left = moved.content().get();
      content.put("device", left.file().deviceMajor() + ":" + left.file().deviceMinor());
      content.put("inode", Long.toUnsignedString(left.file().inode()));
      content.put("size", Long.toString(left.size()));
      content.put("changed", left.changed().toString());
    }
    return (JSON.std.asString(content) + "\n").getBytes(StandardCharsets.UTF_8);
  }

  private static String state(Marker.Written marker) {
    return switch (marker) {
      case Marker.Copying _ -> COPYING;
      case Marker.Switching _ -> SWITCHING;
      case Marker.Complete _ -> COMPLETE;
      case Marker.Moved _ -> MOVED;
    };
  }

  /**
   * Returns the marker in a text. Unknown fields are ignored.
   *
   * @throws MalformedException with the rest of a sentence that begins with the note
   */
  static Marker.Written read(byte[] text) throws MalformedException {
    Map<String, Object> fields = object(text);
    SwapId swap =
        new SwapId(
            region(text(fields, "region")),
            path(fields, "from"),
            path(fields, "to"),
            instant(fields, "started"));
    String state = text(fields, STATE);
    return switch (state) {
      case COPYING -> new Marker.Copying(swap);
      case SWITCHING -> new Marker.Switching(swap);
      case COMPLETE -> new Marker.Complete(swap);
      case MOVED -> new Marker.Moved(swap, content(fields));
      default ->
          throw new MalformedException(
              "has the state " + quoted(state) + ", which this version doesn't know");
    };
  }

  private static Map<String, Object> object(byte[] text) throws MalformedException {
    String json;
    try {
      json = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(text)).toString();
    } catch (CharacterCodingException e) {
      throw new MalformedException("is no note of a swap: it is not text in UTF-8");
    }
    if (!json.stripLeading().startsWith("{")) {
      throw new MalformedException("is no note of a swap: it is no JSON object");
    }
    try (JsonParser parser = READER.createParser(json)) {
      Map<String, Object> object = READER.mapFrom(parser);
      if (parser.nextToken() != null) {
        throw new MalformedException("is no note of a swap: there is more behind its JSON object");
      }
      return object;
    } catch (JsonProcessingException e) {
      throw new MalformedException(
          "is no note of a swap: its JSON is not well formed in line "
              + Math.max(1, e.getLocation() == null ? 1 : e.getLocation().getLineNr()));
    } catch (IOException e) {
      throw new MalformedException("is no note of a swap: " + e.getClass().getSimpleName());
    }
  }

  private static String text(Map<String, Object> fields, String name) throws MalformedException {
    return optional(fields, name)
        .orElseThrow(() -> new MalformedException("is no note of a swap: it has no " + name));
  }

  private static Optional<String> optional(Map<String, Object> fields, String name)
      throws MalformedException {
    @Nullable Object value = fields.get(name);
    if (value == null && !fields.containsKey(name)) {
      return Optional.empty();
    }
    if (value instanceof String text) {
      return Optional.of(text);
    }
    throw new MalformedException("is no note of a swap: its " + name + " is no text");
  }

  private static BackendId region(String id) throws MalformedException {
    if (!BackendId.isWellFormed(id)) {
      throw new MalformedException("is no note of a swap: its region is no id");
    }
    return new BackendId(id);
  }

  private static Optional<Path> path(Map<String, Object> fields, String name)
      throws MalformedException {
    Optional<String> text = optional(fields, name);
    if (text.isEmpty()) {
      return Optional.empty();
    }
    if (text.get().getBytes(StandardCharsets.UTF_8).length > LONGEST_PATH) {
      throw new MalformedException(
          "is no note of a swap: its " + name + " is longer than any path can be");
    }
    try {
      Path path = Path.of(text.get());
      if (path.isAbsolute() && path.getFileName() != null) {
        return Optional.of(path);
      }
    } catch (InvalidPathException e) {
      // it contains NUL, or a character that file names can't have here
    }
    throw new MalformedException(
        "is no note of a swap: its " + name + " " + quoted(text.get()) + " is no absolute path");
  }

  private static Instant instant(Map<String, Object> fields, String name)
      throws MalformedException {
    try {
      return Instant.parse(text(fields, name));
    } catch (DateTimeException e) {
      throw new MalformedException("is no note of a swap: its " + name + " is no time");
    }
  }

  private static Optional<Marker.Content> content(Map<String, Object> fields)
      throws MalformedException {
    if (!fields.containsKey("inode")) {
      return Optional.empty();
    }
    String[] device = text(fields, "device").split(":", -1);
    try {
      if (device.length == 2) {
        return Optional.of(
            new Marker.Content(
                new FileIdentity(
                    Integer.parseInt(device[0]),
                    Integer.parseInt(device[1]),
                    Long.parseUnsignedLong(text(fields, "inode"))),
                Long.parseLong(text(fields, "size")),
                instant(fields, "changed")));
      }
    } catch (NumberFormatException e) {
      // reported below
    }
    throw new MalformedException(
        "is no note of a swap: its device, inode or size is not what it should be");
  }

  private static String quoted(String text) {
    return "'"
        + NoteFile.shown(
            text.length() <= LONGEST_QUOTE ? text : text.substring(0, LONGEST_QUOTE) + "…")
        + "'";
  }
}
