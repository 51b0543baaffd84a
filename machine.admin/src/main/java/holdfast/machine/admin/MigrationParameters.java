package holdfast.machine.admin;

import holdfast.backend.api.ByteSize;
import java.time.Duration;

/**
 * What holds for migrations that begin from now on; the first two are followed by one that is under
 * way, too.
 *
 * @param downtimeLimit the guest writers are stopped only when sending the rest is expected to take
 *     no longer: QEMU's {@code downtime-limit}
 * @param maxBandwidth bytes a second that are sent before that; {@link ByteSize#ZERO} for no limit:
 *     QEMU's {@code max-bandwidth}
 * @param peer who is at the other end: {@code x-holdfast-peer}
 * @param peerMachine the machine type of a QEMU that receives, such as {@code pc-i440fx-7.2}:
 *     {@code x-holdfast-peer-machine}
 * @param tlsFolder the folder with the PEM files of QEMU's {@code tls-creds-x509}; empty for no
 *     TLS: {@code x-holdfast-tls-dir}
 * @param tlsHostname the name that the destination's certificate must have; empty for that of the
 *     address: QEMU's {@code tls-hostname}
 */
public record MigrationParameters(
    Duration downtimeLimit,
    ByteSize maxBandwidth,
    Peer peer,
    String peerMachine,
    String tlsFolder,
    String tlsHostname) {

  /** Who is at the other end. */
  public enum Peer {
    /** A machine of Holdfast, which answers. */
    HOLDFAST("holdfast"),
    /** A QEMU, which takes the bare stream of RAM and answers nothing. */
    QEMU("qemu");

    private final String label;

    Peer(String label) {
      this.label = label;
    }

    /** Returns the word for it. */
    public String label() {
      return label;
    }

    @Override
    public String toString() {
      return label;
    }
  }

  /** QEMU's defaults: 300 ms and 128 MiB/s; to a Holdfast, without TLS. */
  public static final MigrationParameters DEFAULT =
      new MigrationParameters(
          Duration.ofMillis(300), new ByteSize(128L << 20), Peer.HOLDFAST, "none", "", "");
}
