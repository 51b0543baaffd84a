package holdfast.machine.migration.internal.outgoing;

import holdfast.machine.api.DeviceState;
import holdfast.machine.migration.internal.channel.Deadline;
import holdfast.machine.migration.internal.course.States;
import holdfast.machine.migration.internal.peer.FrameType;
import holdfast.machine.migration.internal.peer.Frames;
import holdfast.machine.migration.internal.peer.Offer;
import holdfast.machine.migration.internal.peer.PeerException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a source says to a destination, and hears of it. Used by one thread. */
final class Conversation {
  private static final Logger LOG = LoggerFactory.getLogger(Conversation.class);

  /** How long the destination may take with the rest, its persist and its states. */
  static final Duration REST = Duration.ofSeconds(60);

  /** How long it may take to say whether it takes what is offered. */
  private static final Duration AGREEMENT = Duration.ofSeconds(30);

  /** How long to wait for the word that the guest goes on there. */
  private static final Duration CONFIRMATION = Duration.ofSeconds(10);

  /** How long to listen, or to talk, to one with whom all is over. */
  private static final Duration LAST_WORDS = Duration.ofSeconds(2);

  private final Link link;
  private final Frames frames;
  private final Frames.RamOutput ram;

  Conversation(Link link) {
    this.link = link;
    this.frames = new Frames(link.channel());
    this.ram = frames.ramOutput();
  }

  /** What is said or heard within a limit. */
  private interface Talk {
    void done() throws IOException;
  }

  private void within(Duration time, String lateness, Talk talk) throws IOException {
    try (Deadline limit = Deadline.closing(link.channel(), time, lateness)) {
      try {
        talk.done();
      } catch (IOException e) {
        throw limit.explained(e);
      }
      limit.requireMet();
    }
  }

  /** Offers what there is to send. */
  void offer(byte[] offer) throws IOException {
    if (offer.length > Offer.LONGEST) {
      throw new IOException("the machine has more devices than an offer can list");
    }
    frames.begin();
    frames.send(FrameType.OFFER, offer);
  }

  /** Offers what there is to send, and hears that it is taken. */
  void agree(byte[] offer) throws IOException {
    within(
        AGREEMENT,
        "the destination did not take the offer",
        () -> {
          offer(offer);
          frames.receive(FrameType.ACCEPT, 0);
        });
  }

  /** Returns where the stream of RAM goes. */
  WritableByteChannel ram() {
    return ram;
  }

  /**
   * Sends what comes behind RAM.
   *
   * @param ran whether the guest ran before it was stopped
   * @return the checksum of RAM
   */
  long send(States states, boolean ran) throws IOException {
    long sum = ram.end();
    for (DeviceState state : states.all()) {
      frames.send(FrameType.STATE, States.save(state));
    }
    frames.send(FrameType.END, new byte[] {(byte) (ran ? 1 : 0)});
    return sum;
  }

  /** Sends what comes behind RAM, and hears that all is there. */
  void rest(States states, boolean ran) throws IOException {
    within(
        REST,
        "the destination did not take the rest",
        () -> {
          long sum = send(states, ran);
          if (ByteBuffer.wrap(frames.receive(FrameType.READY, Long.BYTES)).getLong() != sum) {
            throw new PeerException("the destination has other memory than was sent");
          }
        });
  }

  /** Tells that the guest has left, and hears that it goes on there. */
  void moved(String proof) throws IOException {
    within(
        CONFIRMATION,
        "the destination did not say that it goes on",
        () -> {
          frames.send(FrameType.MOVED, proof);
          frames.receive(FrameType.OWNED, 0);
        });
  }

  /**
   * Says why this side gives up, as far as it is heard.
   *
   * @throws PeerException if the connection broke and the destination had given up before, with
   *     what it said, which lay there unread
   */
  void givingUp(Throwable why) throws PeerException {
    if (!link.channel().isOpen()) {
      return;
    }
    if (why instanceof IOException && !(why instanceof PeerException)) {
      hear();
    }
    try {
      String sentence = why.getMessage();
      within(
          LAST_WORDS,
          "the destination took no more",
          () -> frames.send(FrameType.ABORT, sentence == null ? why.toString() : sentence));
    } catch (IOException e) {
      LOG.debug("the destination was not told: {}", e.toString());
    }
  }

  /** Throws what the destination has said, if it has given up. */
  private void hear() throws PeerException {
    try {
      within(LAST_WORDS, "the destination said no more", () -> frames.receive(0));
    } catch (PeerException e) {
      if (e.isAbort()) {
        throw e;
      }
    } catch (IOException e) {
      LOG.debug("the destination said no more: {}", e.toString());
    }
  }
}
