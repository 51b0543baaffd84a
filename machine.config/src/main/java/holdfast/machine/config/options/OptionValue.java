package holdfast.machine.config.options;

import java.math.BigInteger;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.osgi.annotation.versioning.ProviderType;

/** The value of one key of an option, of the kind that the syntax alone shows. */
@ProviderType
public sealed interface OptionValue {

  /** Text without a type, from a command line; the property that it is for decides its type. */
  record Bare(String text) implements OptionValue {
    @Override
    public String toString() {
      return Excerpt.of(text);
    }
  }

  /** A JSON string: never a number, a size or a boolean. */
  record Text(String text) implements OptionValue {
    @Override
    public String toString() {
      return Excerpt.quoted(text, "\"");
    }
  }

  /** A JSON boolean. */
  record Flag(boolean value) implements OptionValue {
    @Override
    public String toString() {
      return Boolean.toString(value);
    }
  }

  /** A JSON number without fraction and exponent. */
  record Whole(BigInteger value) implements OptionValue {
    @Override
    public String toString() {
      return Excerpt.of(value.toString());
    }
  }

  /** A list: a JSON array, or keys such as {@code nodes.0} and {@code nodes.1}. */
  record Items(List<OptionValue> values) implements OptionValue {
    public Items {
      values = List.copyOf(values);
    }

    @Override
    public String toString() {
      return "[...]";
    }
  }

  /** An object: a JSON object, or keys such as {@code memory.size}. */
  record Fields(SequencedMap<String, OptionValue> values) implements OptionValue {
    public Fields {
      values = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(values));
    }

    @Override
    public String toString() {
      return "{...}";
    }
  }

  /** Returns the kind of value, in the words of a sentence. */
  default String kind() {
    return switch (this) {
      case Bare _ -> "plain text";
      case Text _ -> "a string";
      case Flag _ -> "a boolean";
      case Whole _ -> "a number";
      case Items _ -> "a list";
      case Fields _ -> "an object";
    };
  }
}
