package holdfast.machine.migration.internal.handover;

import holdfast.host.linux.files.DescriptorChannel;
import holdfast.machine.copy.Cancellation;
import holdfast.machine.copy.GivenUpException;
import holdfast.machine.core.Backend;
import holdfast.machine.core.Machine;
import holdfast.machine.core.Region;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalInt;

/**
 * Hands the open files of a machine's memory over. The guest runs meanwhile, and all of it stays
 * here, too: the other process has the same files from then on, and nothing else of the guest.
 */
public final class Giver {
  /** How long the other machine may take to open. */
  private static final Duration OPENING = Duration.ofSeconds(120);

  /** After so long it is looked whether it was cancelled. */
  private static final Duration SLICE = Duration.ofMillis(100);

  private Giver() {}

  /**
   * Hands over, and waits until the other machine is open, and listens at the same place.
   *
   * @param path where it waits
   * @throws IOException if nobody takes it, or the other machine can't be opened, with its reason
   * @throws GivenUpException if it was cancelled
   */
  public static void give(Machine machine, Path path, Cancellation cancellation)
      throws IOException, GivenUpException {
    try (DescriptorChannel channel = DescriptorChannel.connect(path)) {
      channel.send(HandoverFormat.magic(), OptionalInt.empty(), HandoverFormat.PROMPT);
      for (Backend backend : machine.backends()) {
        Region region = backend.region();
        OptionalInt descriptor = HandedOver.descriptor(region);
        if (descriptor.isPresent()) {
          byte[] entry = HandoverFormat.entry(region.id().value());
          channel.send(entry, descriptor, HandoverFormat.PROMPT);
        }
      }
      channel.send(new byte[Short.BYTES], OptionalInt.empty(), HandoverFormat.PROMPT);
      awaitAnswer(channel, cancellation);
      byte[] head = new byte[Byte.BYTES + Short.BYTES];
      receive(channel, head);
      byte[] sentence = new byte[HandoverFormat.length(new byte[] {head[1], head[2]})];
      receive(channel, sentence);
      if (head[0] != HandoverFormat.READY) {
        throw new IOException("the destination refuses: " + HandoverFormat.shown(sentence));
      }
    }
  }

  private static void receive(DescriptorChannel channel, byte[] into) throws IOException {
    try {
      channel
          .receive(into, HandoverFormat.PROMPT)
          .ifPresent(DescriptorChannel::closeQuietly); // none was to come
    } catch (EOFException e) {
      throw new IOException(
          "the destination ended before its machine was open: look at its log", e);
    }
  }

  private static void awaitAnswer(DescriptorChannel channel, Cancellation cancellation)
      throws IOException, GivenUpException {
    long end = System.nanoTime() + OPENING.toNanos();
    while (!channel.awaitInput(SLICE)) {
      cancellation.throwIfCancelled();
      if (System.nanoTime() - end > 0) {
        throw new IOException(
            "the destination did not open its machine within " + OPENING.toSeconds() + " s");
      }
    }
  }
}
