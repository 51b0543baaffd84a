package holdfast.bench;

import com.fasterxml.jackson.jr.ob.JSON;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/**
 * What was measured so far, as a file that a program can read, a picture and a page. A part that is
 * measured again takes the place of what was there.
 */
final class Report {
  private final Path json;
  private final Path folder;
  private final List<String> order;
  private final List<Run> runs = new ArrayList<>();

  /**
   * Opens the report of a folder.
   *
   * @param order the names of all parts
   * @param fresh whether what is there is forgotten
   */
  Report(Path folder, List<String> order, boolean fresh) throws IOException {
    this.folder = folder;
    this.json = folder.resolve("performance.json");
    this.order = order;
    if (!fresh && Files.exists(json)) {
      new Json(JSON.std.mapFrom(json.toFile()))
          .objects("runs")
          .forEach(run -> runs.add(Run.of(run)));
    }
  }

  /** Adds a part, and writes what there is, so that nothing is lost with a later one. */
  void add(Run run) throws IOException {
    runs.removeIf(one -> one.part().equals(run.part()));
    runs.add(run);
    runs.sort(Comparator.comparingInt(one -> order.indexOf(one.part())));
    JSON.std
        .with(JSON.Feature.PRETTY_PRINT_OUTPUT)
        .write(Map.of("runs", runs.stream().map(Run::toJson).toList()), json.toFile());
  }

  /**
   * Makes the picture and the page.
   *
   * @param texts the folder of what people wrote
   */
  void write(Path texts) throws IOException {
    if (runs.isEmpty()) {
      throw new IOException(json + " holds no measurements: run bench/run first");
    }
    Files.writeString(folder.resolve("performance.svg"), Picture.draw(runs));
    Page page =
        new Page(
            runs,
            Page.words(texts.resolve("reasons.txt")),
            Page.words(texts.resolve("before.txt")));
    Files.writeString(
        folder.resolve("performance.md"),
        page.write(Files.readString(texts.resolve("performance.md"))));
  }
}
