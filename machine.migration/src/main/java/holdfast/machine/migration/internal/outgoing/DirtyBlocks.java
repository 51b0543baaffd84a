package holdfast.machine.migration.internal.outgoing;

import holdfast.machine.copy.DirtyRanges;
import holdfast.machine.copy.PreCopyLoop;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * What of several RAM blocks is dirty and not yet sent.
 *
 * @param blocks one for each block, in the order of the stream's block list
 */
record DirtyBlocks(List<DirtyRanges> blocks) implements PreCopyLoop.Dirty {
  DirtyBlocks {
    blocks = List.copyOf(blocks);
  }

  /** Returns one in which nothing is dirty. */
  static DirtyBlocks none(int count) {
    return new DirtyBlocks(Stream.generate(DirtyRanges::new).limit(count).toList());
  }

  DirtyRanges of(int block) {
    return blocks.get(block);
  }

  /** Adds all that is dirty in others of the same blocks. */
  void addAll(DirtyBlocks others) {
    IntStream.range(0, blocks.size()).forEach(i -> of(i).addAll(others.of(i)));
  }

  @Override
  public long bytes() {
    return blocks.stream().mapToLong(DirtyRanges::bytes).sum();
  }
}
