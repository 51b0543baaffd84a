package holdfast.itest.dax;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Cuts the power of a guest and looks, in the next one, at what the NVDIMM still has. The guest in
 * which that was looked at is the one whose power is cut next time, with a new file system.
 */
final class PowerCutRig implements AutoCloseable {
  private static final int NVDIMM_MIB = 768;

  private final Nvdimm nvdimm;
  private final DaxFileSystem fileSystem;
  private Guest guest;

  /**
   * What became of one file.
   *
   * @param reported how many records its writer had reported
   * @param survived how many of these are in the file
   * @param firstLost the number of the first that is not, or 0
   * @param labelled whether the label's record is there
   * @param size the file's size in bytes
   * @param allocated the bytes of its blocks
   */
  record Found(
      NvdimmOption nvdimm,
      WriterVm.RegionLine region,
      long reported,
      long survived,
      long firstLost,
      boolean labelled,
      long size,
      long allocated) {

    @Override
    public String toString() {
      return "%s: granularity %s, obtained %s, mmap(%s), %d of %d reported records survived%s"
          .formatted(
              nvdimm.file(),
              region.granularity(),
              region.obtained(),
              region.mmap(),
              survived,
              reported,
              firstLost == 0 ? "" : ", the first lost is " + firstLost);
    }
  }

  /** What a test does between the start of the machines and the power cut. */
  interface Moment {
    void await() throws IOException, InterruptedException;
  }

  PowerCutRig(String name, DaxFileSystem fileSystem) throws IOException, InterruptedException {
    this.fileSystem = fileSystem;
    nvdimm = Nvdimm.create(name, NVDIMM_MIB);
    guest = Guest.boot(nvdimm);
  }

  /**
   * A guest with a new file system.
   *
   * @param preparation a script that makes files on it
   */
  Guest newFileSystem(String preparation) throws IOException, InterruptedException {
    guest.run(fileSystem.make() + "\ncd " + DaxFileSystem.FOLDER + "\n" + preparation).lines();
    return guest;
  }

  /**
   * Cuts the power when the moment has come, and looks.
   *
   * @throws AssertionError if the file system is not in order after that
   */
  List<Found> cut(List<WriterVm> machines, Moment moment) throws IOException, InterruptedException {
    moment.await();
    guest.cutPower();
    guest.close();
    guest = Guest.boot(nvdimm);
    guest.run(fileSystem.mount()).lines();
    List<Found> found = new ArrayList<>();
    for (WriterVm machine : machines) {
      found.addAll(look(machine));
    }
    guest.run(fileSystem.check()).lines();
    return found;
  }

  private List<Found> look(WriterVm machine) throws IOException, InterruptedException {
    long reported = machine.lastReported();
    StringBuilder script = new StringBuilder();
    for (NvdimmOption nvdimm : machine.nvdimms()) {
      script.append("stat -c '%s %b' ").append(nvdimm.file()).append(" || echo 0 0\n");
    }
    script.append(Build.reader());
    for (NvdimmOption nvdimm : machine.nvdimms()) {
      script.append(
          "%s %s 0 %d %d %d "
              .formatted(
                  nvdimm.id(),
                  nvdimm.file(),
                  machine.region(nvdimm.id()).visible(),
                  nvdimm.labelAt(),
                  reported));
    }
    List<String> lines = guest.run(script.toString()).lines();
    List<Found> found = new ArrayList<>();
    int count = machine.nvdimms().size();
    for (int i = 0; i < count; i++) {
      NvdimmOption nvdimm = machine.nvdimms().get(i);
      String[] file = lines.get(i).split(" ", -1);
      String[] records = lines.get(count + i).split(" ", -1);
      found.add(
          new Found(
              nvdimm,
              machine.region(nvdimm.id()),
              reported,
              Long.parseLong(records[1]),
              Long.parseLong(records[2]),
              Boolean.parseBoolean(records[3]),
              Long.parseLong(file[0]),
              Long.parseLong(file[1]) * 512));
    }
    return found;
  }

  @Override
  public void close() throws IOException {
    guest.close();
    nvdimm.delete();
  }
}
