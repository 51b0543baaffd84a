package holdfast.machine.migration.internal.ownership;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.jr.ob.JSON;
import holdfast.backend.api.BackendId;
import holdfast.host.linux.files.NoteFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Converts notes to their text, and back. */
final class NoteJson {
  /** What such a text is, for messages. */
  static final String KIND = "note of a migration";

  private static final String STATE = "state";
  private static final String MIGRATION = "migration";
  private static final String REGION = "region";
  private static final String PEER = "peer";
  private static final String STARTED = "started";
  private static final String DECIDES = "decides";
  private static final String DEPENDENTS = "dependents";
  private static final String PROOF = "proof";
  private static final String DIGEST = "proof-sha256";

  private static final String INCOMING = "incoming";
  private static final String RECEIVED = "received";
  private static final String LEAVING = "leaving";
  private static final String MOVED = "moved";

  private static final String NONE = "is no " + KIND + ": ";

  private static final Pattern UUIDS = Pattern.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");

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

  private NoteJson() {}

  /** A text is not one that {@link #write} made. */
  static final class MalformedException extends Exception {
    private static final long serialVersionUID = 1;

    MalformedException(String reason) {
      super(reason);
    }
  }

  /** Returns the text of a note. */
  static byte[] write(Note.Written note) throws IOException {
    MigrationId migration = note.migration();
    Map<String, Object> content = new LinkedHashMap<>();
    content.put(MIGRATION, migration.id().toString());
    content.put(REGION, note.region().value());
    content.put(PEER, migration.peer());
    content.put(STARTED, migration.started().toString());
    switch (note) {
      case Note.Incoming _ -> content.put(STATE, INCOMING);
      case Note.Received received -> {
        content.put(STATE, RECEIVED);
        content.put(DIGEST, received.proofSha256());
      }
      case Note.Leaving leaving -> {
        content.put(STATE, LEAVING);
        content.put(DECIDES, leaving.decides().toString());
      }
      case Note.Moved moved -> {
        content.put(STATE, MOVED);
        content.put(PROOF, moved.proof().text());
        if (!moved.dependents().isEmpty()) {
          content.put(DEPENDENTS, moved.dependents().stream().map(Path::toString).toList());
        }
      }
    }
    return (JSON.std.asString(content) + "\n").getBytes(StandardCharsets.UTF_8);
  }

  /**
   * Returns the note in a text. Unknown fields are ignored.
   *
   * @throws MalformedException with the rest of a sentence that begins with the note
   */
  static Note.Written read(byte[] text) throws MalformedException {
    Map<String, Object> fields = object(text);
    MigrationId migration =
        new MigrationId(uuid(fields), peer(fields), instant(text(fields, STARTED)));
    BackendId region = region(text(fields, REGION));
    String state = text(fields, STATE);
    return switch (state) {
      case INCOMING -> new Note.Incoming(migration, region);
      case RECEIVED -> new Note.Received(migration, region, digits(fields, DIGEST));
      case LEAVING -> new Note.Leaving(migration, region, path(text(fields, DECIDES), DECIDES));
      case MOVED ->
          new Note.Moved(migration, region, new Proof(digits(fields, PROOF)), dependents(fields));
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
      throw new MalformedException(NONE + "it is not text in UTF-8");
    }
    if (!json.stripLeading().startsWith("{")) {
      throw new MalformedException(NONE + "it is no JSON object");
    }
    try (JsonParser parser = READER.createParser(json)) {
      Map<String, Object> object = READER.mapFrom(parser);
      if (parser.nextToken() != null) {
        throw new MalformedException(NONE + "there is more behind its JSON object");
      }
      return object;
    } catch (JsonProcessingException e) {
      throw new MalformedException(
          NONE
              + "its JSON is not well formed in line "
              + Math.max(1, e.getLocation() == null ? 1 : e.getLocation().getLineNr()));
    } catch (IOException e) {
      throw new MalformedException(NONE + e.getClass().getSimpleName());
    }
  }

  private static String text(Map<String, Object> fields, String name) throws MalformedException {
    @Nullable Object value = fields.get(name);
    if (value == null && !fields.containsKey(name)) {
      throw new MalformedException(NONE + "it has no " + name);
    }
    if (value instanceof String text) {
      return text;
    }
    throw new MalformedException(NONE + "its " + name + " is no text");
  }

  private static UUID uuid(Map<String, Object> fields) throws MalformedException {
    String text = text(fields, MIGRATION);
    if (!UUIDS.matcher(text).matches()) { // UUID.fromString takes shorter ones, too
      throw new MalformedException(NONE + "its " + MIGRATION + " is no UUID");
    }
    return UUID.fromString(text);
  }

  private static String peer(Map<String, Object> fields) throws MalformedException {
    String text = text(fields, PEER);
    if (text.length() > MigrationId.LONGEST_PEER) {
      throw new MalformedException(NONE + "its " + PEER + " is longer than any address can be");
    }
    return text;
  }

  private static BackendId region(String id) throws MalformedException {
    if (!BackendId.isWellFormed(id)) {
      throw new MalformedException(NONE + "its " + REGION + " is no id");
    }
    return new BackendId(id);
  }

  private static String digits(Map<String, Object> fields, String name) throws MalformedException {
    String text = text(fields, name);
    if (!Proof.isWellFormed(text)) {
      throw new MalformedException(NONE + "its " + name + " is not 64 hexadecimal digits");
    }
    return text;
  }

  private static List<Path> dependents(Map<String, Object> fields) throws MalformedException {
    if (!fields.containsKey(DEPENDENTS)) {
      return List.of();
    }
    if (!(fields.get(DEPENDENTS) instanceof List<?> list)) {
      throw new MalformedException(NONE + "its " + DEPENDENTS + " are no list");
    }
    List<Path> paths = new ArrayList<>();
    for (Object one : list) {
      if (!(one instanceof String text)) {
        throw new MalformedException(NONE + "one of its " + DEPENDENTS + " is no text");
      }
      paths.add(path(text, "dependent"));
    }
    return paths;
  }

  private static Path path(String text, String name) throws MalformedException {
    if (text.getBytes(StandardCharsets.UTF_8).length > LONGEST_PATH) {
      throw new MalformedException(NONE + "its " + name + " is longer than any path can be");
    }
    try {
      Path path = Path.of(text);
      if (path.isAbsolute() && path.getFileName() != null) {
        return path;
      }
    } catch (InvalidPathException e) {
      // it contains NUL, or a character that file names can't have here
    }
    throw new MalformedException(
        NONE + "its " + name + " " + quoted(text) + " is no absolute path");
  }

  private static Instant instant(String text) throws MalformedException {
    try {
      return Instant.parse(text);
    } catch (DateTimeException e) {
      throw new MalformedException(NONE + "its " + STARTED + " is no time");
    }
  }

  private static String quoted(String text) {
    return "'"
        + NoteFile.shown(
            text.length() <= LONGEST_QUOTE ? text : text.substring(0, LONGEST_QUOTE) + "…")
        + "'";
  }
}
