package holdfast.machine.migration.internal.channel;

import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.security.cert.CertificateRevokedException;
import java.util.Locale;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** What goes wrong with TLS, in sentences. */
final class TlsFailure {
  private static final String BOTH_SIDES =
      "give both sides certificates of one ca-cert.pem, or neither of them TLS";

  /**
   * Seen with QEMU 7.2 (GnuTLS 3.7): asked by Java for TLS 1.3, it keeps a certificate with an RSA
   * key to itself.
   */
  private static final String EC_KEY =
      BOTH_SIDES + "; if the client is a QEMU, with an EC key, since it may not show one with RSA";

  private TlsFailure() {}

  /** Explains why a handshake failed, or a stream of which the peer or the engine complains. */
  static ChannelException explained(String peer, SSLException failure) {
    String said = failure.getMessage() == null ? "" : failure.getMessage();
    if (has(failure, CertificateExpiredException.class)) {
      return of(peer, "the peer's certificate has expired", "renew it there", failure);
    }
    if (has(failure, CertificateNotYetValidException.class)) {
      return of(
          peer, "the peer's certificate is not valid yet", "check the clocks of both", failure);
    }
    if (has(failure, CertificateRevokedException.class)) {
      return of(peer, "the peer's certificate is revoked", "give it another one", failure);
    }
    if (said.contains("fatal alert")) {
      String alert = said.substring(said.indexOf("fatal alert") + "fatal alert".length());
      return of(
          peer,
          "the peer refused this side's TLS (" + alert.replaceFirst("^: *", "") + ")",
          "look at what it says; " + BOTH_SIDES,
          failure);
    }
    if (said.contains("SSL message") || said.contains("SSL version")) {
      return of(peer, "the peer does not speak TLS", BOTH_SIDES, failure);
    }
    if (said.toLowerCase(Locale.ROOT).contains("empty client certificate chain")
        || said.contains("certificate_required")) {
      return of(peer, "the client has shown no certificate of this side's CA", EC_KEY, failure);
    }
    if (said.contains("No subject alternative") || said.contains("No name matching")) {
      return of(
          peer,
          "the peer's certificate is another host's (" + said + ")",
          "say with tls-hostname whose it is to be, if that is right",
          failure);
    }
    if (said.contains("key usage") || said.contains("KeyUsage")) {
      return of(
          peer,
          "the peer's certificate is not for its side (" + said + ")",
          "give the destination one for servers, and the source one for clients",
          failure);
    }
    if (has(failure, CertPathValidatorException.class) || said.contains("PKIX path")) {
      return of(peer, "the peer's certificate is not one of this side's CA", BOTH_SIDES, failure);
    }
    return of(peer, "TLS failed (" + said + ")", BOTH_SIDES, failure);
  }

  private static boolean has(Throwable failure, Class<? extends Throwable> kind) {
    for (@Nullable Throwable each = failure; each != null; each = each.getCause()) {
      if (kind.isInstance(each)) {
        return true;
      }
    }
    return false;
  }

  static ChannelException cutOff(String peer) {
    return new ChannelException(
        peer,
        "the connection was cut off before the TLS stream had its end",
        "look at what the other side says, and at the network",
        null);
  }

  static ChannelException hungUp(String peer) {
    return new ChannelException(
        peer,
        "the peer hung up in the middle of the TLS handshake",
        "look at what it says; " + BOTH_SIDES,
        null);
  }

  static ChannelException failedBefore(String peer) {
    return new ChannelException(peer, "a write failed before", "connect anew", null);
  }

  static ChannelException peerHasEnded(String peer) {
    return new ChannelException(
        peer, "the peer has ended the TLS stream", "look at what it says", null);
  }

  static ChannelException renegotiation(String peer) {
    return new ChannelException(
        peer, "the peer asks for a new TLS handshake, which nobody needs", "use TLS 1.3", null);
  }

  private static ChannelException of(
      String peer, String problem, String advice, SSLException failure) {
    return new ChannelException(peer, problem, advice, failure);
  }
}
