package holdfast.machine.migration.internal.ownership;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.regex.Pattern;

/**
 * What nobody but a migration's source knows until the guest has left it: 32 random bytes.
 *
 * @param text in hexadecimal, in lower case
 */
public record Proof(String text) {
  private static final int BYTES = 32;
  private static final Pattern WELL_FORMED = Pattern.compile("[0-9a-f]{64}");

  /**
   * @throws IllegalArgumentException if the text is no proof
   */
  public Proof {
    if (!isWellFormed(text)) {
      throw new IllegalArgumentException("a proof has 64 hexadecimal digits, in lower case");
    }
  }

  /** Makes one. */
  public static Proof random() {
    byte[] bytes = new byte[BYTES];
    new SecureRandom().nextBytes(bytes);
    return new Proof(HexFormat.of().formatHex(bytes));
  }

  /** Returns whether a text can be a proof, or the digest of one, which looks the same. */
  public static boolean isWellFormed(String text) {
    return WELL_FORMED.matcher(text).matches();
  }

  /** Returns the SHA-256 of the proof's text, in hexadecimal: it says nothing of the proof. */
  public String sha256() {
    try {
      byte[] ascii = text.getBytes(StandardCharsets.US_ASCII);
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(ascii));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /** Returns nothing of the proof, which must not come into a log before the guest has left. */
  @Override
  public String toString() {
    return "the proof of " + sha256();
  }
}
