package holdfast.monitor.qmp.internal.wire;

import java.io.ByteArrayOutputStream;
import java.util.function.Consumer;

/**
 * Finds the ends of JSON messages in a stream of bytes. A message begins with a brace or bracket
 * and ends with the one that closes it, on the same line or a later one; anything else is a message
 * as far as its line goes. Whether it is JSON is for the parser to decide.
 *
 * <p>What exceeds a limit is refused at once, and skipped to the end of its line: a client that
 * sends more than anybody needs costs no memory. A byte 0xFF, which is in no UTF-8 text, drops what
 * came before it, as in QEMU.
 *
 * <p>Not thread-safe.
 */
public final class MessageScanner {
  /** More than any command needs. */
  public static final int MAX_BYTES = 1 << 20;

  /** As deep as the parser of {@code -object} goes. */
  public static final int MAX_DEPTH = 32;

  private static final int RESET = 0xFF;

  private final Consumer<Scanned> found;
  private final ByteArrayOutputStream message = new ByteArrayOutputStream();
  private int depth;
  private boolean nested;
  private int quote;
  private boolean escaped;
  private boolean skipping;

  /** What was found. */
  public sealed interface Scanned {}

  /** A message, whole. */
  public record Message(byte[] bytes) implements Scanned {}

  /** A message that is not looked at. */
  public record Refused(String reason) implements Scanned {}

  /**
   * @param found receives each message, in the order of their ends
   */
  public MessageScanner(Consumer<Scanned> found) {
    this.found = found;
  }

  /** Scans the next bytes of the stream. */
  public void scan(byte[] bytes, int offset, int length) {
    for (int at = offset; at < offset + length; at++) {
      scan(bytes[at] & 0xFF);
    }
  }

  private void scan(int next) {
    if (next == RESET) {
      clear();
      skipping = false;
    } else if (skipping) {
      skipping = next != '\n';
    } else if (message.size() == 0 && isBlank(next)) {
      return;
    } else {
      add(next);
    }
  }

  private static boolean isBlank(int next) {
    return next == ' ' || next == '\t' || next == '\r' || next == '\n';
  }

  private void add(int next) {
    if (next == '\n' && (!nested || quote != 0)) {
      end(); // no string has a line break in it
      return;
    }
    if (message.size() == MAX_BYTES) {
      refuse("it has more than " + MAX_BYTES + " bytes", next);
      return;
    }
    message.write(next);
    if (quote != 0) {
      inString(next);
    } else if (next == '"' || next == '\'') {
      quote = next;
    } else if (next == '{' || next == '[') {
      nested |= message.size() == 1;
      if (++depth > MAX_DEPTH) {
        refuse("it is nested more than " + MAX_DEPTH + " deep", next);
      }
    } else if ((next == '}' || next == ']') && --depth <= 0 && nested) {
      end();
    }
  }

  private void inString(int next) {
    if (escaped) {
      escaped = false;
    } else if (next == '\\') {
      escaped = true;
    } else if (next == quote) {
      quote = 0;
    }
  }

  private void end() {
    byte[] whole = message.toByteArray();
    clear();
    found.accept(new Message(whole));
  }

  private void refuse(String reason, int last) {
    clear();
    skipping = last != '\n';
    found.accept(new Refused(reason));
  }

  private void clear() {
    message.reset();
    depth = 0;
    nested = false;
    quote = 0;
    escaped = false;
  }
}
