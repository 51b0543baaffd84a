package holdfast.machine.migration.internal.channel;

import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CRL;
import java.security.cert.CertStore;
import java.security.cert.CertificateException;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.CertPathTrustManagerParameters;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/**
 * Who this side is and whom it trusts, from the files of QEMU's {@code tls-creds-x509}: {@code
 * ca-cert.pem}, {@code ca-crl.pem} if it is there, and {@code server-cert.pem} with {@code
 * server-key.pem}, or {@code client-cert.pem} with {@code client-key.pem}. Both sides show a
 * certificate, and TLS is 1.3, or 1.2 with who knows no better.
 *
 * <p>Immutable: what becomes of the files later is not seen.
 */
public final class TlsCredentials {
  private static final String[] PROTOCOLS = {"TLSv1.3", "TLSv1.2"};

  /** Of a key store that is in memory alone. */
  private static final char[] NO_PASSWORD = {};

  private final SSLContext context;
  private final boolean server;

  private TlsCredentials(SSLContext context, boolean server) {
    this.context = context;
    this.server = server;
  }

  /**
   * Reads the files.
   *
   * @param folder where they are
   * @param server whether this side is connected to
   * @throws TlsCredentialsException if one is missing or damaged, a certificate is not valid now or
   *     not one of the CA, or if others may read the key
   */
  public static TlsCredentials read(Path folder, boolean server) throws TlsCredentialsException {
    String role = server ? "server" : "client";
    PemFile authority = PemFile.read(folder.resolve("ca-cert.pem"));
    PemFile own = PemFile.read(folder.resolve(role + "-cert.pem"));
    PemFile secret = PemFile.readSecret(folder.resolve(role + "-key.pem"));
    Optional<PemFile> revoked = PemFile.readIfThere(folder.resolve("ca-crl.pem"));
    List<X509Certificate> chain = own.certificates();
    try {
      X509TrustManager trust =
          trust(
              authority.certificates(),
              revoked.isEmpty() ? List.of() : revoked.get().revocations());
      requireTrusted(own.path(), authority.path(), trust, chain, server);
      PublicKey open = chain.getFirst().getPublicKey();
      PrivateKey key = secret.key(open.getAlgorithm());
      requireMatch(secret.path(), own.path(), key, open);
      SSLContext context = SSLContext.getInstance("TLS");
      KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
      KeyStore store = emptyStore();
      store.setKeyEntry("own", key, NO_PASSWORD, chain.toArray(X509Certificate[]::new));
      keys.init(store, NO_PASSWORD);
      context.init(keys.getKeyManagers(), new TrustManager[] {trust}, null);
      return new TlsCredentials(context, server);
    } catch (TlsCredentialsException e) {
      throw e;
    } catch (GeneralSecurityException | IOException e) {
      throw new TlsCredentialsException(
          folder, "Java can't use them (" + e.getMessage() + ")", "make others", e);
    }
  }

  private static KeyStore emptyStore() throws GeneralSecurityException, IOException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, NO_PASSWORD);
    return store;
  }

  private static X509TrustManager trust(List<X509Certificate> authorities, List<CRL> revocations)
      throws GeneralSecurityException, IOException {
    KeyStore store = emptyStore();
    for (int number = 0; number < authorities.size(); number++) {
      store.setCertificateEntry("ca" + number, authorities.get(number));
    }
    TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
    if (revocations.isEmpty()) {
      factory.init(store);
    } else {
      PKIXBuilderParameters parameters = new PKIXBuilderParameters(store, new X509CertSelector());
      parameters.setRevocationEnabled(true);
      parameters.addCertStore(
          CertStore.getInstance("Collection", new CollectionCertStoreParameters(revocations)));
      factory.init(new CertPathTrustManagerParameters(parameters));
    }
    return (X509TrustManager) factory.getTrustManagers()[0];
  }

  /** Checks what the peer would refuse, so that it is told here and with the file's name. */
  private static void requireTrusted(
      Path own, Path authority, X509TrustManager trust, List<X509Certificate> chain, boolean server)
      throws TlsCredentialsException {
    X509Certificate[] certificates = chain.toArray(X509Certificate[]::new);
    try {
      if (server) {
        trust.checkServerTrusted(certificates, "UNKNOWN"); // of TLS 1.3, for any kind of key
      } else {
        trust.checkClientTrusted(certificates, "UNKNOWN");
      }
    } catch (CertificateException e) {
      throw new TlsCredentialsException(
          own,
          "it is no certificate for a "
              + (server ? "server" : "client")
              + " that the CA of "
              + authority
              + " stands for ("
              + e.getMessage()
              + ")",
          "have one signed by that CA",
          e);
    }
  }

  private static void requireMatch(Path secret, Path own, PrivateKey key, PublicKey open)
      throws GeneralSecurityException, TlsCredentialsException {
    String algorithm =
        switch (open.getAlgorithm()) {
          case "RSA" -> "SHA256withRSA";
          case "EC" -> "SHA256withECDSA";
          case "EdDSA" -> "EdDSA";
          default ->
              throw new TlsCredentialsException(
                  own,
                  "its key is of the kind " + open.getAlgorithm(),
                  "make one with an RSA, EC or Ed25519 key",
                  null);
        };
    byte[] any = {1, 2, 3};
    Signature sign = Signature.getInstance(algorithm);
    sign.initSign(key);
    sign.update(any);
    byte[] signature = sign.sign();
    Signature verify = Signature.getInstance(algorithm);
    verify.initVerify(open);
    verify.update(any);
    if (!verify.verify(signature)) {
      throw new TlsCredentialsException(
          secret, "the key is not that of " + own, "put the certificate's own key there", null);
    }
  }

  /** Returns whether they are those of who is connected to. */
  public boolean isServer() {
    return server;
  }

  /** Makes an engine for a server, which accepts clients of the CA alone. */
  SSLEngine server() {
    if (!server) {
      throw new IllegalArgumentException("these are the credentials of a client");
    }
    SSLEngine engine = context.createSSLEngine();
    SSLParameters parameters = engine.getSSLParameters();
    parameters.setProtocols(PROTOCOLS);
    parameters.setNeedClientAuth(true);
    engine.setSSLParameters(parameters);
    engine.setUseClientMode(false);
    return engine;
  }

  /**
   * Makes an engine for a client.
   *
   * @param hostname whose certificate the server has to show
   */
  SSLEngine client(String hostname) {
    if (server) {
      throw new IllegalArgumentException("these are the credentials of a server");
    }
    SSLEngine engine = context.createSSLEngine(hostname, -1);
    SSLParameters parameters = engine.getSSLParameters();
    parameters.setProtocols(PROTOCOLS);
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    engine.setSSLParameters(parameters);
    engine.setUseClientMode(true);
    return engine;
  }
}
