package holdfast.machine.migration.internal.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * Whatever a peer sends is read or refused with the typed exception, and the sink sees nothing that
 * it was not promised.
 */
class RamStreamFuzzTest {
  private static final int PAGE = RamStreamFormat.TARGET_PAGE_SIZE;

  private byte[] stream = {};
  private int description;

  /** Two blocks, two parts, pages of both kinds, one that comes again. */
  @BeforeEach
  void write() throws IOException {
    byte[] content = new byte[3 * PAGE];
    new Random(1).nextBytes(content);
    MemorySegment first = MemorySegment.ofArray(content);
    Bytes.page(first, 0).fill((byte) 0);
    Bytes.page(first, 1).fill((byte) 0);
    MemorySegment second = MemorySegment.ofArray(new byte[2 * PAGE]);
    Bytes written = new Bytes();
    RamStreamWriter writer =
        new RamStreamWriter(
            written.sink(),
            List.of(new RamBlockEntry("m0", 3 * PAGE), new RamBlockEntry("nv", 2 * PAGE)));
    writer.start("none");
    writer.write(0, first, 0, 3 * PAGE);
    writer.write(1, second, 0, 2 * PAGE);
    writer.endPart();
    second.fill((byte) 9);
    writer.write(1, second, PAGE, PAGE);
    writer.finish();
    stream = written.toArray();
    description = Byte.BYTES + Integer.BYTES + "{\"page_size\":4096,\"devices\":[]}".length();
  }

  /** Asserts what {@link RamSink} promises. */
  private static final class Judge implements RamSink {
    private List<RamBlockEntry> blocks = List.of();
    private boolean told;
    private long pages;

    /** Pages that were said to come next, in this block. */
    private int block;

    private long next;
    private long coming;

    @Override
    public void blocks(List<RamBlockEntry> list) {
      assertTrue(!told, "told twice");
      told = true;
      blocks = list;
      Set<String> names = new HashSet<>();
      long sum = 0;
      for (RamBlockEntry each : list) {
        assertTrue(names.add(each.name()), "a name twice");
        sum = Math.addExact(sum, each.size());
      }
    }

    @Override
    public void coming(int block, long offset, long length) {
      assertEquals(0, coming, "told while others are to come");
      inside(block, offset, length);
      pages -= length / PAGE;
      this.block = block;
      next = offset;
      coming = length;
    }

    @Override
    public void page(int block, long offset, MemorySegment content) {
      assertEquals(PAGE, content.byteSize());
      if (coming > 0) {
        assertEquals(this.block, block);
        assertEquals(next, offset);
        next += PAGE;
        coming -= PAGE;
      }
      inside(block, offset, PAGE);
    }

    @Override
    public void zero(int block, long offset, long length) {
      assertEquals(0, coming, "zeros where pages were to come");
      inside(block, offset, length);
    }

    private void inside(int block, long offset, long length) {
      assertTrue(told, "a page before the blocks");
      assertTrue(offset >= 0 && offset % PAGE == 0, "begins at " + offset);
      assertTrue(length > 0 && length % PAGE == 0, "is as long as " + length);
      assertTrue(offset + length <= blocks.get(block).size(), "ends behind its block");
      pages += length / PAGE;
    }
  }

  /** Reads a stream; returns the typed exception if it was refused. */
  private static Optional<StreamFormatException> read(byte[] bytes) {
    Judge judge = new Judge();
    try {
      ReceivedRam received = new RamStreamReader(Bytes.channel(bytes), judge, 6000).read();
      assertNotNull(received.machine());
      assertEquals(received.count().normal() + received.count().zero(), judge.pages);
      assertTrue(received.count().bytes() <= bytes.length);
      return Optional.empty();
    } catch (StreamFormatException refused) {
      assertTrue(refused.position() >= 0 && refused.position() <= bytes.length);
      assertTrue(
          refused.getMessage().codePoints().noneMatch(Character::isISOControl),
          refused.getMessage());
      return Optional.of(refused);
    } catch (IOException other) {
      throw new AssertionError(other);
    }
  }

  @Test
  @DisplayName(
      "a stream that is cut off anywhere is told to be, with what was being read and where")
  void cutOff() {
    for (int length = 0; length < stream.length; length++) {
      Optional<StreamFormatException> told = read(Arrays.copyOf(stream, length));
      if (length >= stream.length - description) {
        assertEquals(Optional.empty(), told, "RAM had come");
      } else if (told.orElseThrow() instanceof StreamEndedException ended) {
        assertEquals(length, ended.position());
        assertTrue(ended.getMessage().contains(ended.reading()), ended.getMessage());
      } else {
        throw new AssertionError("cut at " + length, told.get());
      }
    }
  }

  @Test
  @DisplayName("a stream with any one bit flipped is read or refused")
  void flipped() {
    int refused = 0;
    for (int bit = 0; bit < Byte.SIZE * stream.length; bit++) {
      byte[] other = stream.clone();
      other[bit / Byte.SIZE] ^= (byte) (1 << bit % Byte.SIZE);
      refused += read(other).isPresent() ? 1 : 0;
    }
    int frame = Byte.SIZE * (stream.length - description - 2 * PAGE);
    assertTrue(refused > frame / 2, refused + " of " + frame + " bits that are in no page matter");
  }

  @Test
  @DisplayName("a stream with many bytes changed, left out or repeated is read or refused")
  void mutated() {
    Random random = new Random(2);
    for (int i = 0; i < 20_000; i++) {
      byte[] other = stream.clone();
      for (int change = 1 + random.nextInt(4); change > 0; change--) {
        // Mostly where no page's content is.
        int at = random.nextInt(random.nextBoolean() ? 200 : other.length);
        switch (random.nextInt(3)) {
          case 0 -> other[at] = (byte) random.nextInt();
          case 1 -> System.arraycopy(other, at, other, at / 2, other.length - at);
          default -> System.arraycopy(other, at / 2, other, at, other.length - at);
        }
      }
      read(other);
    }
  }

  @Test
  @DisplayName("random bytes behind any beginning of a stream are read or refused")
  void random() {
    Random random = new Random(3);
    for (int i = 0; i < 20_000; i++) {
      int kept = random.nextInt(random.nextBoolean() ? 120 : stream.length);
      byte[] other = new byte[kept + random.nextInt(300)];
      random.nextBytes(other);
      // Small numbers are likelier to mean something.
      for (int at = 0; at < other.length; at++) {
        if (random.nextInt(3) > 0) {
          other[at] &= 0x1f & random.nextInt();
        }
      }
      System.arraycopy(stream, 0, other, 0, kept);
      read(other);
    }
  }
}
