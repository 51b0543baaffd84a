package holdfast.machine.config.options;

import holdfast.backend.api.ByteSize;
import java.nio.charset.Charset;
import java.util.List;
import java.util.SortedSet;

/**
 * What the values of a property are, and how they are written. This is the one place where text
 * becomes a typed value.
 *
 * @param <T> the type of a value
 */
public sealed interface PropertyType<T>
    permits BooleanType,
        ChoiceType,
        IdentifierType,
        IntegerType,
        NumberSetType,
        SizeType,
        TextType {

  /** {@code on}, {@code yes}, {@code true}, {@code y} or {@code off}, {@code no}... */
  static PropertyType<Boolean> bool() {
    return new BooleanType();
  }

  /** A size; a number without a suffix is in bytes. */
  static PropertyType<ByteSize> size() {
    return new SizeType(SizeUnit.B);
  }

  /** A size; a number without a suffix is in {@code unit}. */
  static PropertyType<ByteSize> size(SizeUnit unit) {
    return new SizeType(unit);
  }

  /** A whole number from {@code smallest} to {@code largest}. */
  static PropertyType<Long> integer(long smallest, long largest) {
    return new IntegerType(smallest, largest);
  }

  /** One of the constants of an enum, in lower case and with {@code -} for {@code _}. */
  static <E extends Enum<E>> PropertyType<E> choice(Class<E> constants) {
    return new ChoiceType<>(constants);
  }

  /**
   * Numbers from 0 to {@code largest}, as {@code a} or {@code a-b}; the property can be repeated.
   */
  static PropertyType<SortedSet<Integer>> numbers(int largest) {
    return new NumberSetType(largest);
  }

  /** Any text that can be handed to the operating system. */
  static PropertyType<String> text() {
    // in what the JDK writes file names and reads arguments: the locale's encoding (JEP 400)
    return new TextType(Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8")));
  }

  /** The name of an object or a device. */
  static PropertyType<String> identifier() {
    return new IdentifierType();
  }

  /**
   * The value that {@code text} states, which can be what {@link #print} wrote.
   *
   * @throws OptionException if it states none; the sentence begins with {@code text}
   */
  T parse(String text) throws OptionException;

  /** {@code value} in its canonical form: parsed again, it is the same value. */
  String print(T value);

  /**
   * The value that one occurrence in an option states.
   *
   * @throws OptionException if it states none; the sentence begins with the occurrence
   */
  T read(OptionValue given) throws OptionException;

  /**
   * The value that all occurrences in an option state together: that of the last, unless the type
   * collects them.
   *
   * @param given the occurrences in order, at least one
   * @throws OptionException if they state none; the sentence begins with an occurrence
   */
  default T readAll(List<OptionValue> given) throws OptionException {
    return read(given.getLast());
  }

  /** All values in their canonical form, if there are only a few; else none. */
  default List<String> choices() {
    return List.of();
  }

  /** How to write a value, for help texts. */
  String form();

  /** How to write a value where types are strict, for the sentence of a refusal. */
  String strictForm();

  /** The refusal of a value that is of another kind. */
  default OptionException mismatch(OptionValue given) {
    return new OptionException(given + " is " + given.kind() + ": write " + strictForm());
  }
}
