package holdfast.machine.config.options;

import holdfast.backend.api.ByteSize;
import java.nio.charset.Charset;
import java.util.List;
import java.util.SortedSet;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The values of a property, and how they are written. This is the one place where text becomes a
 * typed value.
 *
 * @param <T> the type of a value
 */
@ProviderType
public sealed interface PropertyType<T>
    permits BooleanType,
        ChoiceType,
        IdentifierType,
        IntegerType,
        NumberSetType,
        OnOffAutoType,
        SizeType,
        TextType {

  /** The kinds of values that JSON distinguishes. */
  enum Kind {
    /** True or false. */
    BOOLEAN,
    /** A number of bytes. */
    SIZE,
    /** A whole number. */
    INTEGER,
    /** One of a few words. */
    CHOICE,
    /** An array of whole numbers. */
    NUMBERS,
    /** A string. */
    TEXT
  }

  /** Returns the kind of its values. */
  default Kind kind() {
    return switch (this) {
      case BooleanType flag -> Kind.BOOLEAN;
      case SizeType size -> Kind.SIZE;
      case IntegerType number -> Kind.INTEGER;
      case ChoiceType<?> choice -> Kind.CHOICE;
      case OnOffAutoType choice -> Kind.CHOICE;
      case NumberSetType numbers -> Kind.NUMBERS;
      case TextType text -> Kind.TEXT;
      case IdentifierType identifier -> Kind.TEXT;
    };
  }

  /** Returns a value as it is in JSON: a Boolean, a Long, a String, or a list of Integers. */
  default Object json(T value) {
    return switch (value) {
      case Boolean flag -> flag;
      case ByteSize size -> size.bytes();
      case Long number -> number;
      case SortedSet<?> numbers -> List.copyOf(numbers);
      default -> print(value);
    };
  }

  /**
   * Returns the type of a switch: {@code on}, {@code yes}, {@code true}, {@code y} or {@code off},
   * {@code no}...
   */
  static PropertyType<Boolean> bool() {
    return new BooleanType();
  }

  /** Returns the type of a switch that can also be {@code auto}. */
  static PropertyType<OnOffAuto> onOffAuto() {
    return new OnOffAutoType();
  }

  /** Returns the type of a size; a number without a suffix is in bytes. */
  static PropertyType<ByteSize> size() {
    return new SizeType(SizeUnit.B);
  }

  /** Returns the type of a size; a number without a suffix is in {@code unit}. */
  static PropertyType<ByteSize> size(SizeUnit unit) {
    return new SizeType(unit);
  }

  /** Returns the type of a whole number from {@code smallest} to {@code largest}. */
  static PropertyType<Long> integer(long smallest, long largest) {
    return new IntegerType(smallest, largest);
  }

  /**
   * Returns the type of one of an enum's constants, in lower case and with {@code -} for {@code _}.
   */
  static <E extends Enum<E>> PropertyType<E> choice(Class<E> constants) {
    return new ChoiceType<>(constants);
  }

  /**
   * Returns the type of numbers from 0 to {@code largest}, as {@code a} or {@code a-b}; the
   * property can be repeated.
   */
  static PropertyType<SortedSet<Integer>> numbers(int largest) {
    return new NumberSetType(largest);
  }

  /** Returns the type of any text that can be passed to the operating system. */
  static PropertyType<String> text() {
    // the encoding in which the JDK writes file names and reads arguments: the locale's (JEP 400)
    return new TextType(Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8")));
  }

  /** Returns the type of the name of an object or a device. */
  static PropertyType<String> identifier() {
    return new IdentifierType();
  }

  /**
   * Parses {@code text}, which can be the result of {@link #print}.
   *
   * @throws OptionException if it is not a value; the sentence begins with {@code text}
   */
  T parse(String text) throws OptionException;

  /** Returns {@code value} in its canonical form; parsing that returns the same value. */
  String print(T value);

  /**
   * Reads one occurrence in an option.
   *
   * @throws OptionException if it is not a value; the sentence begins with the occurrence
   */
  T read(OptionValue given) throws OptionException;

  /**
   * Reads all occurrences in an option together. The value is that of the last one, unless the type
   * collects them.
   *
   * @param given the occurrences in order, at least one
   * @throws OptionException if they are not a value; the sentence begins with an occurrence
   */
  default T readAll(List<OptionValue> given) throws OptionException {
    return read(given.getLast());
  }

  /**
   * Returns all values in their canonical form if there are only a few, otherwise an empty list.
   */
  default List<String> choices() {
    return List.of();
  }

  /** Returns how to write a value, for help texts. */
  String form();

  /** Returns how to write a value where types are strict, for the sentence of a refusal. */
  String strictForm();

  /** Returns the refusal of a value of another kind. */
  default OptionException mismatch(OptionValue given) {
    return new OptionException(given + " is " + given.kind() + ": write " + strictForm());
  }
}
