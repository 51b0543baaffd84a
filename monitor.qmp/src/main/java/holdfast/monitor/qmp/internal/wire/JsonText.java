package holdfast.monitor.qmp.internal.wire;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.jr.ob.JSON;
import holdfast.machine.config.options.Excerpt;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import org.jspecify.annotations.Nullable;

/** JSON as QMP has it: strings in single quotes are read, too, and only ASCII is written. */
public final class JsonText {
  private static final JSON JSON_OF_QMP =
      JSON.builder(
              JsonFactory.builder()
                  .enable(JsonReadFeature.ALLOW_SINGLE_QUOTES)
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .enable(JsonWriteFeature.ESCAPE_NON_ASCII)
                  .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(MessageScanner.MAX_DEPTH)
                          .maxStringLength(MessageScanner.MAX_BYTES)
                          .build())
                  .build())
          .enable(JSON.Feature.WRITE_NULL_PROPERTIES)
          .build();

  private JsonText() {}

  /** Text is not JSON. The message says why, as half a sentence. */
  public static final class NotJsonException extends Exception {
    private static final long serialVersionUID = 1;

    NotJsonException(String reason) {
      super(reason);
    }
  }

  /**
   * Reads one value.
   *
   * @throws NotJsonException if the bytes are not exactly one value in UTF-8
   */
  public static @Nullable Object read(byte[] bytes) throws NotJsonException {
    String text;
    try {
      text = UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new NotJsonException("invalid UTF-8 sequence");
    }
    try (JsonParser parser = JSON_OF_QMP.createParser(text)) {
      Object value = JSON_OF_QMP.anyFrom(parser);
      if (parser.nextToken() != null) {
        throw new NotJsonException("expecting one value");
      }
      return value;
    } catch (JsonProcessingException e) {
      String reason = e.getOriginalMessage();
      int remark = reason.indexOf(" (start marker at");
      throw new NotJsonException(
          Excerpt.ofReason(remark < 0 ? reason : reason.substring(0, remark)));
    } catch (IOException e) {
      throw new UncheckedIOException("reading a string can't fail otherwise", e);
    }
  }

  /** Returns a value on one line that ends with CR and LF. */
  public static byte[] write(Object value) {
    try {
      return (JSON_OF_QMP.asString(value) + "\r\n").getBytes(UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("writing a string can't fail otherwise", e);
    }
  }
}
