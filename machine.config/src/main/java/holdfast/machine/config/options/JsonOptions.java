package holdfast.machine.config.options;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * The JSON syntax of {@code -object} and {@code -device}: one JSON object. Types are strict: a size
 * is a number of bytes and never a string. Strings may be in single quotes, as in QEMU.
 */
public final class JsonOptions {
  private static final int DEEPEST = 32;

  private static final JSON READER =
      JSON.builder(
              JsonFactory.builder()
                  .enable(JsonReadFeature.ALLOW_SINGLE_QUOTES)
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
                  .streamReadConstraints(
                      StreamReadConstraints.builder().maxNestingDepth(DEEPEST).build())
                  .build())
          .build();

  private JsonOptions() {}

  /** Returns whether {@code text} is meant as JSON. */
  public static boolean isJson(String text) {
    return text.startsWith("{");
  }

  /**
   * Parses {@code text}.
   *
   * @param option the name of the option, such as {@code -object}, for the sentence of a refusal
   * @throws OptionException if the text is not exactly one JSON object, has a key twice in one
   *     object, or contains null or a number with a fraction or exponent
   */
  public static Options parse(String option, String text) throws OptionException {
    Map<String, Object> object;
    try {
      object = object(text);
    } catch (OptionException e) {
      throw e.within(option + ": ");
    }
    return of(option, object);
  }

  /**
   * Converts a JSON object that was already parsed, such as the arguments of a monitor command.
   *
   * @param option the name of the command, such as {@code object-add}, for the sentence of a
   *     refusal
   * @param object keys with the values that jackson-jr makes of JSON
   * @throws OptionException if it contains null or a number with a fraction or exponent
   */
  public static Options of(String option, Map<String, ?> object) throws OptionException {
    List<Options.Entry> entries = new ArrayList<>();
    try {
      for (var field : object.entrySet()) {
        entries.add(new Options.Entry(field.getKey(), value(field.getKey(), field.getValue())));
      }
    } catch (OptionException e) {
      throw e.within(option + ": ");
    }
    return new Options(entries, false);
  }

  private static Map<String, Object> object(String text) throws OptionException {
    try (JsonParser parser = READER.createParser(text)) {
      try {
        Map<String, Object> object = READER.mapFrom(parser);
        if (parser.nextToken() != null) {
          throw malformed(parser, "there is more after the closing brace");
        }
        return object;
      } catch (StreamConstraintsException e) {
        throw new OptionException(
            "the JSON is out of bounds at character "
                + position(parser)
                + ": write no more than "
                + DEEPEST
                + " levels, and no number or name that is thousands of characters long");
      } catch (JsonProcessingException e) {
        throw malformed(parser, reason(e));
      }
    } catch (IOException e) {
      throw new IllegalStateException("reading a string can't fail otherwise", e);
    }
  }

  private static OptionException malformed(JsonParser parser, String reason) {
    return new OptionException(
        "the JSON is not well formed at character "
            + position(parser)
            + ": "
            + Excerpt.ofReason(reason)
            + "; write one JSON object, in quotes for the shell");
  }

  /** Returns the parser's message, without its remark on where the text came from. */
  private static String reason(JsonProcessingException e) {
    String reason = e.getOriginalMessage();
    int remark = reason.indexOf(" (start marker at");
    return remark < 0 ? reason : reason.substring(0, remark);
  }

  /** Returns the number, from 1, of the last character that was read. */
  private static long position(JsonParser parser) {
    return parser.currentLocation().getCharOffset();
  }

  private static OptionValue value(String path, @Nullable Object json) throws OptionException {
    return switch (json) {
      case String text -> new OptionValue.Text(text);
      case Boolean flag -> new OptionValue.Flag(flag);
      case Integer number -> new OptionValue.Whole(BigInteger.valueOf(number));
      case Long number -> new OptionValue.Whole(BigInteger.valueOf(number));
      case BigInteger number -> new OptionValue.Whole(number);
      case List<?> list -> new OptionValue.Items(items(path, list));
      case Map<?, ?> map -> new OptionValue.Fields(fields(path, map));
      case null -> throw new OptionException(Excerpt.of(path) + " is null: leave it out instead");
      default ->
          throw new OptionException(
              Excerpt.of(path)
                  + "="
                  + Excerpt.of(json.toString())
                  + " is not a whole number: write digits only");
    };
  }

  private static List<OptionValue> items(String path, List<?> list) throws OptionException {
    List<OptionValue> items = new ArrayList<>();
    for (Object item : list) {
      items.add(value(path + '.' + items.size(), item));
    }
    return items;
  }

  private static SequencedMap<String, OptionValue> fields(String path, Map<?, ?> map)
      throws OptionException {
    SequencedMap<String, OptionValue> fields = new LinkedHashMap<>();
    for (var field : map.entrySet()) {
      String key = (String) field.getKey();
      fields.put(key, value(path + '.' + key, field.getValue()));
    }
    return fields;
  }
}
