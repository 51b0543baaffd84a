package holdfast.machine.migration.internal.handover;

import holdfast.host.linux.files.DescriptorChannel;
import holdfast.machine.core.Inheritance;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalInt;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The files that were handed over, and the connection over which they came. Thread-safe. */
final class ReceivedFiles implements Inheritance {
  private static final Logger LOG = LoggerFactory.getLogger(ReceivedFiles.class);

  private final DescriptorChannel channel;
  private final Map<String, Integer> descriptors = new LinkedHashMap<>();
  private boolean answered;
  private boolean closed;

  private ReceivedFiles(DescriptorChannel channel) {
    this.channel = channel;
  }

  /**
   * Receives them.
   *
   * @param channel closed with what is returned, and if nothing is
   * @throws IOException if they don't come as they have to
   */
  static ReceivedFiles over(DescriptorChannel channel) throws IOException {
    ReceivedFiles files = new ReceivedFiles(channel);
    boolean complete = false;
    try {
      files.receive();
      complete = true;
      return files;
    } finally {
      if (!complete) {
        files.answered = true; // who sends no such thing gets no answer
        files.close();
      }
    }
  }

  private void receive() throws IOException {
    byte[] magic = new byte[Integer.BYTES];
    refuseDescriptor(channel.receive(magic, HandoverFormat.PROMPT));
    if (ByteBuffer.wrap(magic).getInt() != HandoverFormat.MAGIC) {
      throw new IOException("it hands nothing over");
    }
    byte[] two = new byte[Short.BYTES];
    while (true) {
      OptionalInt descriptor = channel.receive(two, HandoverFormat.PROMPT);
      int length = HandoverFormat.length(two);
      boolean kept = false;
      try {
        if (length == 0) {
          return;
        }
        if (length > HandoverFormat.LONGEST_ID || descriptors.size() == HandoverFormat.MOST) {
          throw new IOException("it hands over more than a machine can have");
        }
        byte[] id = new byte[length];
        refuseDescriptor(channel.receive(id, HandoverFormat.PROMPT));
        String name = HandoverFormat.shown(id);
        if (descriptor.isEmpty() || descriptors.containsKey(name)) {
          throw new IOException("it hands over no file, or a second one, for '" + name + "'");
        }
        descriptors.put(name, descriptor.getAsInt());
        kept = true;
      } finally {
        if (!kept) {
          descriptor.ifPresent(DescriptorChannel::closeQuietly);
        }
      }
    }
  }

  private static void refuseDescriptor(OptionalInt descriptor) throws IOException {
    if (descriptor.isPresent()) {
      DescriptorChannel.closeQuietly(descriptor.getAsInt());
      throw new IOException("it hands over a file where none is to come");
    }
  }

  @Override
  public synchronized OptionalInt descriptor(String id) {
    Integer found = closed ? null : descriptors.get(id);
    return found == null ? OptionalInt.empty() : OptionalInt.of(found);
  }

  @Override
  public void ready() {
    answer(HandoverFormat.READY, "");
    close();
  }

  @Override
  public void refuse(String why) {
    answer(HandoverFormat.REFUSED, why);
  }

  private synchronized void answer(byte kind, String sentence) {
    if (answered) {
      return;
    }
    answered = true;
    try {
      channel.send(
          HandoverFormat.answer(kind, sentence), OptionalInt.empty(), HandoverFormat.PROMPT);
    } catch (IOException e) {
      LOG.warn("the other machine was not told: {}", e.getMessage());
    }
  }

  @Override
  public synchronized void close() {
    answer(HandoverFormat.REFUSED, "the machine there has ended");
    if (!closed) {
      closed = true;
      descriptors.values().forEach(DescriptorChannel::closeQuietly);
      channel.close();
    }
  }
}
