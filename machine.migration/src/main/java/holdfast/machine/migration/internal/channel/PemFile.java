package holdfast.machine.migration.internal.channel;

import holdfast.host.linux.files.FoundFile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CRL;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A file of certificates, revocations or a key as text (RFC 7468), which others than blocks between
 * {@code BEGIN} and {@code END} may surround.
 *
 * @param path where it is
 * @param blocks what it has, in its order
 */
record PemFile(Path path, List<Block> blocks) {
  private static final int LONGEST = 1 << 20;

  private static final Pattern BEGIN = Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----");

  private static final int OTHERS = 07;
  private static final int GROUP_TOO = 077;
  private static final int GROUP_WRITES = 020;

  private static final String KEY = "PRIVATE KEY";

  /** What stands between two lines; its text as it is. */
  record Block(String label, String text) {
    byte[] bytes(Path path) throws TlsCredentialsException {
      try {
        return Base64.getMimeDecoder().decode(text);
      } catch (IllegalArgumentException e) {
        throw new TlsCredentialsException(path, "its Base64 is damaged", "make it anew", e);
      }
    }
  }

  /** Reads a file that everybody may know. */
  static PemFile read(Path path) throws TlsCredentialsException {
    return readIfThere(path, false)
        .orElseThrow(
            () ->
                new TlsCredentialsException(
                    path, "it is not there", "make it, as for QEMU's tls-creds-x509", null));
  }

  /** Reads a file that nobody but its user may know. */
  static PemFile readSecret(Path path) throws TlsCredentialsException {
    return readIfThere(path, true)
        .orElseThrow(
            () ->
                new TlsCredentialsException(
                    path, "it is not there", "make it, as for QEMU's tls-creds-x509", null));
  }

  /** Reads a file that needn't be there. */
  static Optional<PemFile> readIfThere(Path path) throws TlsCredentialsException {
    return readIfThere(path, false);
  }

  private static Optional<PemFile> readIfThere(Path path, boolean secret)
      throws TlsCredentialsException {
    try (FoundFile file = FoundFile.behind(path).orElse(null)) {
      if (file == null) {
        return Optional.empty();
      }
      if (secret) {
        requireSecret(path, file);
      }
      String text = new String(file.read(LONGEST), StandardCharsets.ISO_8859_1);
      return Optional.of(new PemFile(path, blocks(text)));
    } catch (TlsCredentialsException e) {
      throw e;
    } catch (IOException e) {
      throw new TlsCredentialsException(
          path, "it can't be read: " + e.getMessage(), "check what it is and who may read it", e);
    }
  }

  private static List<Block> blocks(String text) {
    List<Block> blocks = new ArrayList<>();
    for (Matcher begin = BEGIN.matcher(text); begin.find(); ) {
      int end = text.indexOf("-----END " + begin.group(1) + "-----", begin.end());
      if (end >= 0) {
        blocks.add(new Block(begin.group(1), text.substring(begin.end(), end)));
      }
    }
    return blocks;
  }

  /** A key of our own is for us alone; somebody else's that we may read has to be for our group. */
  private static void requireSecret(Path path, FoundFile file) throws TlsCredentialsException {
    int forbidden = file.isOurs() ? GROUP_TOO : OTHERS | GROUP_WRITES;
    int mode = file.status().mode() & 0777;
    if ((mode & forbidden) != 0) {
      throw new TlsCredentialsException(
          path,
          "others may read it or write it (its mode is " + String.format("%04o", mode) + ")",
          "chmod "
              + (file.isOurs() ? "600" : "640")
              + " it, and if they have read it, make another key",
          null);
    }
  }

  /**
   * Returns its certificates.
   *
   * @throws TlsCredentialsException if it has none, or one that is not valid now
   */
  List<X509Certificate> certificates() throws TlsCredentialsException {
    List<X509Certificate> all = new ArrayList<>();
    for (Block block : blocks) {
      if (block.label().equals("CERTIFICATE") || block.label().equals("X509 CERTIFICATE")) {
        X509Certificate one =
            (X509Certificate) parsed(block, CertificateFactory::generateCertificate);
        requireValid(one);
        all.add(one);
      }
    }
    if (all.isEmpty()) {
      throw refused("it has no certificate", "make it anew", null);
    }
    return all;
  }

  private void requireValid(X509Certificate one) throws TlsCredentialsException {
    try {
      one.checkValidity();
    } catch (CertificateExpiredException e) {
      throw refused("the certificate has expired on " + one.getNotAfter(), "renew it", e);
    } catch (CertificateNotYetValidException e) {
      throw refused(
          "the certificate is valid from " + one.getNotBefore(), "wait, or set the clock", e);
    }
  }

  /** Returns its lists of revoked certificates. */
  List<CRL> revocations() throws TlsCredentialsException {
    List<CRL> all = new ArrayList<>();
    for (Block block : blocks) {
      if (block.label().equals("X509 CRL")) {
        all.add(parsed(block, CertificateFactory::generateCRL));
      }
    }
    if (all.isEmpty()) {
      throw refused(
          "it has no list of revoked certificates", "make it anew, or take it away", null);
    }
    return all;
  }

  /** Makes a certificate or a list of bytes. */
  private interface Maker<T> {
    T make(CertificateFactory factory, ByteArrayInputStream bytes) throws GeneralSecurityException;
  }

  private <T> T parsed(Block block, Maker<T> maker) throws TlsCredentialsException {
    try {
      return maker.make(
          CertificateFactory.getInstance("X.509"), new ByteArrayInputStream(block.bytes(path)));
    } catch (GeneralSecurityException e) {
      throw refused("it is damaged (" + e.getMessage() + ")", "make it anew", e);
    }
  }

  /**
   * Returns its key.
   *
   * @param algorithm that of the public key to which it belongs
   */
  PrivateKey key(String algorithm) throws TlsCredentialsException {
    for (Block block : blocks) {
      if (block.label().equals(KEY)) {
        try {
          return KeyFactory.getInstance(algorithm)
              .generatePrivate(new PKCS8EncodedKeySpec(block.bytes(path)));
        } catch (GeneralSecurityException e) {
          throw refused(
              "it has no " + algorithm + " key, which the certificate needs",
              "put the certificate's own key there",
              e);
        }
      }
      if (block.label().endsWith(KEY)) {
        throw refused(
            "its key is of the form " + block.label() + ", and not " + KEY + " (PKCS#8)",
            "convert it with: openssl pkcs8 -topk8 -nocrypt -in " + path + " -out NEW",
            null);
      }
    }
    throw refused("it has no private key", "make it anew", null);
  }

  private TlsCredentialsException refused(
      String problem, String advice, @Nullable Throwable cause) {
    return new TlsCredentialsException(path, problem, advice, cause);
  }
}
