package holdfast.machine.migration.internal.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The files of QEMU's tls-creds-x509: what is read, and what is refused with which sentence. */
@Timeout(value = 120, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class TlsCredentialsTest {
  @TempDir static Path shared;
  private static Certificates certificates;

  @BeforeAll
  static void makeCertificates() throws Exception {
    certificates = Certificates.make(shared);
  }

  private static void assertRefused(Path folder, String file, String problem) {
    TlsCredentialsException refused =
        assertThrows(TlsCredentialsException.class, () -> TlsCredentials.read(folder, true));
    assertEquals(folder.resolve(file), refused.file());
    String sentence = "" + refused.getMessage();
    assertTrue(sentence.contains(folder.resolve(file).toString()), sentence);
    assertTrue(sentence.contains(problem), sentence);
  }

  private static Path folder() throws Exception {
    return certificates.folder("ca", "server", "server");
  }

  @Test
  @DisplayName("each role has files of its own")
  void roles() throws Exception {
    assertTrue(TlsCredentials.read(folder(), true).isServer());
    Path client = certificates.folder("ca", "client", "client");
    TlsCredentials read = TlsCredentials.read(client, false);
    assertFalse(read.isServer());
    assertThrows(IllegalArgumentException.class, read::server);
    assertRefused(client, "server-cert.pem", "it is not there");
  }

  @ParameterizedTest
  @DisplayName("each file that is missing is named")
  @ValueSource(strings = {"ca-cert.pem", "server-cert.pem", "server-key.pem"})
  void missing(String file) throws Exception {
    Path folder = folder();
    Files.delete(folder.resolve(file));
    assertRefused(folder, file, "it is not there");
  }

  @ParameterizedTest
  @DisplayName("a key that others may read or change is refused")
  @ValueSource(strings = {"rw-r--r--", "rw----r--", "rw-r-----", "rw--w----", "rw----rwx"})
  void openKey(String mode) throws Exception {
    Path folder = folder();
    Files.setPosixFilePermissions(
        folder.resolve("server-key.pem"), PosixFilePermissions.fromString(mode));
    assertRefused(folder, "server-key.pem", "chmod 600");
  }

  @ParameterizedTest
  @DisplayName("a key of another form is refused with the command that converts it")
  @ValueSource(strings = {"RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY"})
  void otherForm(String label) throws Exception {
    Path folder = folder();
    Certificates.write(folder.resolve("server-key.pem"), label, certificates.key("server"));
    assertRefused(folder, "server-key.pem", "openssl pkcs8 -topk8 -nocrypt");
  }

  @Test
  @DisplayName("a key of another certificate, or that is none, is refused")
  void otherKey() throws Exception {
    Path folder = folder();
    Path key = folder.resolve("server-key.pem");
    Certificates.write(key, "PRIVATE KEY", certificates.key("client"));
    assertRefused(folder, "server-key.pem", "is not that of " + folder.resolve("server-cert.pem"));
    Certificates.write(key, "PRIVATE KEY", new byte[] {1, 2, 3});
    assertRefused(folder, "server-key.pem", "has no EC key");
    Files.writeString(key, "nothing");
    assertRefused(folder, "server-key.pem", "has no private key");
  }

  @Test
  @DisplayName("a certificate of another CA, role or time is refused here already")
  void otherCertificate() throws Exception {
    assertRefused(
        certificates.folder("ca", "server", "other-server"),
        "server-cert.pem",
        "is no certificate for a server");
    assertRefused(
        certificates.folder("ca", "server", "client"),
        "server-cert.pem",
        "is no certificate for a server");
    assertRefused(
        certificates.folder("ca", "server", "expired-server"), "server-cert.pem", "has expired on");
    Path revoked = folder();
    certificates.revoke("server", revoked);
    assertRefused(revoked, "server-cert.pem", "revoked");
    certificates.revoke("client", revoked);
    assertTrue(TlsCredentials.read(revoked, true).isServer());
  }

  @Test
  @DisplayName("text around the blocks is allowed; a damaged or an endless file is a sentence")
  void forms() throws Exception {
    Path folder = folder();
    Path authority = folder.resolve("ca-cert.pem");
    String good = Files.readString(authority);
    Files.writeString(
        authority,
        "Certificate:\n  Version: 3 - of -----\n"
            + Certificates.pem("CERTIFICATE", certificates.certificate("other-ca").getEncoded())
            + "more\n"
            + good
            + "-----BEGIN CERTIFICATE-----");
    assertTrue(TlsCredentials.read(folder, true).isServer());
    Files.writeString(authority, good.replaceFirst("\n[^\n]+\n", "\n"));
    assertRefused(folder, "ca-cert.pem", "is damaged");
    Files.writeString(authority, "x".repeat((1 << 20) + 1));
    assertRefused(folder, "ca-cert.pem", "longer than");
    Files.delete(authority);
    assertEquals(0, new ProcessBuilder("mkfifo", authority.toString()).start().waitFor());
    assertRefused(folder, "ca-cert.pem", "a FIFO");
  }
}
