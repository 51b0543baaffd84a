package holdfast.itest.dax;

import java.util.List;
import java.util.stream.Stream;

/**
 * How far a migration has come when the power is cut. Each is of a guest of its own, which moves
 * from machine 1 to machine 2; they stand in the order in which they are begun, so that those that
 * wait for the power cut with a time limit are the last.
 */
enum MigrationHalt {
  /** It is done, and the guest works in machine 2. */
  COMPLETED(0),
  /**
   * It is done on the very same files, which were handed over, and the guest works in machine 2.
   */
  HANDED_OVER(0),
  /** The guest works in machine 2, and machine 1 has not heard of it. */
  OWNED(19),
  /** Memory is being sent while the guest works in machine 1. */
  ACTIVE(2),
  /** All is in machine 2, and machine 1 has not heard of it. */
  READY(18),
  /** Machine 1 has let the guest go, and machine 2 has not heard of it. */
  COMMITTED(6);

  /** Where the two file systems are. */
  static final List<String> FOLDERS = List.of(DaxFileSystem.FOLDER, DaxFileSystem.FOLDER + "2");

  /** The memory backends of each machine. */
  static final List<String> BACKENDS = List.of("a", "b");

  private static final int MIB = 8;

  private final int held;

  MigrationHalt(int held) {
    this.held = held;
  }

  /**
   * The type of the frame that is not let through (as in {@code FrameType} of the product, of which
   * this is to be a witness of its own); 0 if all are.
   */
  int held() {
    return held;
  }

  /**
   * What a machine has: two NVDIMMs on files of two file systems, each on the other one than in the
   * other machine, so that one note decides for files of both; or both machines have the same.
   *
   * @param vm 1 or 2
   */
  List<NvdimmOption> nvdimms(int vm) {
    return files(this == HANDED_OVER ? 1 : vm);
  }

  private List<NvdimmOption> files(int vm) {
    return Stream.of(0, 1)
        .map(
            at ->
                new NvdimmOption(
                    BACKENDS.get(at),
                    "%s/%s-%d".formatted(FOLDERS.get((at + vm + 1) % 2), this, vm),
                    MIB,
                    0,
                    "pmem=on,share=on,align=2M"))
        .toList();
  }

  /** The options of a machine. */
  String[] options(int vm, String... more) {
    Stream<String> nvdimms =
        nvdimms(vm).stream().flatMap(one -> Stream.of(one.arguments().trim().split(" ", -1)));
    return Stream.of(
            Stream.of("-machine", "pc,nvdimm=on", "-m", "1M,slots=4,maxmem=1G"),
            nvdimms,
            Stream.of(more))
        .flatMap(options -> options)
        .toArray(String[]::new);
  }
}
