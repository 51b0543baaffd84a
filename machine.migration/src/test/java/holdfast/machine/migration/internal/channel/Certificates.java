package holdfast.machine.migration.internal.channel;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/**
 * Certificates that the JDK's {@code keytool} has made for a test. Those of a name that begins with
 * {@code other} are signed by another CA.
 */
final class Certificates {
  private static final String PASSWORD = "changeit";

  private final Path folder;
  private final KeyStore store;

  private Certificates(Path folder, KeyStore store) {
    this.folder = folder;
    this.store = store;
  }

  /** Makes {@code server}, {@code client}, those that have expired, and those of another CA. */
  static Certificates make(Path folder) throws Exception {
    Path file = folder.resolve("all.p12");
    authority(file, "ca");
    signed(file, "ca", "server", "serverAuth");
    signed(file, "ca", "client", "clientAuth");
    signed(file, "ca", "expired-server", "serverAuth", "-startdate", "-10d", "-validity", "5");
    signed(file, "ca", "expired-client", "clientAuth", "-startdate", "-10d", "-validity", "5");
    authority(file, "other-ca");
    signed(file, "other-ca", "other-server", "serverAuth");
    signed(file, "other-ca", "other-client", "clientAuth");
    KeyStore store = KeyStore.getInstance(file.toFile(), PASSWORD.toCharArray());
    return new Certificates(folder, store);
  }

  private static void authority(Path file, String name) throws Exception {
    keytool(
        file,
        "-genkeypair -alias %s -dname CN=%s -ext bc:c=ca:true -ext ku:c=keyCertSign,cRLSign"
            .formatted(name, name));
  }

  private static void signed(Path file, String ca, String name, String usage, String... more)
      throws Exception {
    keytool(
        file,
        "-genkeypair -alias %s -dname CN=%s -signer %s -ext eku=%s -ext %s"
            .formatted(name, name, ca, usage, "san=dns:holdfast.test,ip:127.0.0.1"),
        more);
  }

  private static void keytool(Path file, String arguments, String... more) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(List.of(arguments.split(" ")));
    if (arguments.startsWith("-genkeypair")) {
      command.addAll(List.of("-keyalg", "EC", "-groupname", "secp256r1"));
    }
    command.addAll(List.of("-storetype", "PKCS12", "-storepass", PASSWORD));
    command.addAll(List.of("-keystore", file.toString()));
    command.addAll(List.of(more));
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String says = new String(process.getInputStream().readAllBytes(), UTF_8);
      if (process.waitFor() != 0) {
        throw new AssertionError(command + ": " + says);
      }
    } catch (IOException e) {
      throw new AssertionError("these tests need the JDK's keytool", e);
    }
  }

  /**
   * Makes a folder as QEMU has it.
   *
   * @param ca who is trusted
   * @param own whose certificate and key are those of the role, {@code server} or {@code client}
   */
  Path folder(String ca, String role, String own) throws Exception {
    Path made = Files.createTempDirectory(folder, "tls");
    write(made.resolve("ca-cert.pem"), "CERTIFICATE", certificate(ca).getEncoded());
    write(made.resolve(role + "-cert.pem"), "CERTIFICATE", certificate(own).getEncoded());
    write(made.resolve(role + "-key.pem"), "PRIVATE KEY", key(own));
    return made;
  }

  /** Reads the credentials of who is as they should be. */
  TlsCredentials good(String role) throws Exception {
    return TlsCredentials.read(folder("ca", role, role), role.equals("server"));
  }

  /** Adds a list of the CA by which somebody's certificate is revoked. */
  void revoke(String name, Path in) throws Exception {
    BigInteger number = certificate(name).getSerialNumber();
    Path made = folder.resolve("crl.pem");
    keytool(
        folder.resolve("all.p12"),
        "-gencrl -rfc -alias ca -id " + number + " -file " + made.toString());
    Files.move(made, in.resolve("ca-crl.pem"), StandardCopyOption.REPLACE_EXISTING);
  }

  X509Certificate certificate(String name) throws GeneralSecurityException {
    return (X509Certificate) store.getCertificate(name);
  }

  byte[] key(String name) throws GeneralSecurityException {
    return store.getKey(name, PASSWORD.toCharArray()).getEncoded();
  }

  /** Writes a file that its owner alone can read. */
  static void write(Path path, String label, byte[] content) throws IOException {
    Files.writeString(path, pem(label, content));
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
  }

  static String pem(String label, byte[] content) {
    String text = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content);
    return "-----BEGIN %s-----\n%s\n-----END %s-----\n".formatted(label, text, label);
  }

  /** The JDK's own TLS for a peer that trusts everybody, with a certificate or with none. */
  SSLContext careless(String... own) throws Exception {
    KeyManager[] keys = {};
    if (own.length > 0) {
      KeyStore one = KeyStore.getInstance("PKCS12");
      one.load(null, null);
      one.setKeyEntry(
          "own",
          store.getKey(own[0], PASSWORD.toCharArray()),
          PASSWORD.toCharArray(),
          new X509Certificate[] {certificate(own[0])});
      KeyManagerFactory factory = KeyManagerFactory.getInstance("PKIX");
      factory.init(one, PASSWORD.toCharArray());
      keys = factory.getKeyManagers();
    }
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys, new TrustManager[] {new Careless()}, null);
    return context;
  }

  /** Trusts everybody, and says nothing of whom it trusts. */
  private static final class Careless implements X509TrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {
      // everybody
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {
      // everybody
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
