package holdfast.machine.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import holdfast.backend.api.Granularity;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Candidates stand in OSGi's order of services (Core 5.2.5), and tell of every change. */
class CandidatesTest {
  private final Candidates candidates = new Candidates();

  private FakeAllocator add(String kind, long serviceId, int ranking) {
    FakeAllocator allocator = new FakeAllocator(kind, Granularity.PAGE);
    candidates.add(allocator, allocator.properties(serviceId, ranking));
    return allocator;
  }

  private List<String> kinds() {
    return candidates.list().stream().map(Candidate::kind).toList();
  }

  @Test
  @DisplayName("the highest ranking first, then the service registered first, whatever came first")
  void areInTheOrderOfServices() {
    add("later", 7, 0);
    add("earlier", 3, 0);
    add("high", 9, 100);
    add("negative", 1, -1);

    assertEquals(List.of("high", "earlier", "later", "negative"), kinds());
  }

  @Test
  @DisplayName("a ranking may be text, as a line in a file makes it; one that is no number is 0")
  void aRankingMayBeText() {
    FakeAllocator text = new FakeAllocator("text", Granularity.PAGE);
    candidates.add(text, Map.of("service.id", 1L, "service.ranking", "high"));
    FakeAllocator number = new FakeAllocator("number", Granularity.PAGE);
    candidates.add(number, Map.of("service.id", 4L, "service.ranking", " 100 "));
    FakeAllocator none = new FakeAllocator("none", Granularity.PAGE);
    candidates.add(none, Map.of("service.id", 2L));
    add("one", 3, 1);

    assertEquals(List.of("number", "one", "text", "none"), kinds());
  }

  @Test
  void anUpdateMovesAServiceAndDoesNotDoubleIt() {
    FakeAllocator file = add("file", 1, 0);
    add("dax", 2, 100);

    candidates.update(file, file.properties(1, 200));

    assertEquals(List.of("file", "dax"), kinds());
  }

  @Test
  void aListOnceTakenNeverChanges() {
    FakeAllocator file = add("file", 1, 0);
    List<Candidate> before = candidates.list();

    candidates.remove(file);

    assertEquals(1, before.size());
    assertEquals(List.of(), candidates.list());
    assertThrows(UnsupportedOperationException.class, () -> before.clear());
  }

  @Test
  @DisplayName("a listener is called once for each change, when the change can be seen")
  void aListenerHearsOfEachChange() {
    List<List<String>> heard = new ArrayList<>();
    Runnable listener = () -> heard.add(kinds());
    candidates.addListener(listener);

    FakeAllocator file = add("file", 1, 0);
    add("dax", 2, 100);
    candidates.update(file, file.properties(1, 200));
    candidates.remove(file);
    candidates.removeListener(listener);
    add("unheard", 3, 0);

    assertEquals(
        List.of(List.of("file"), List.of("dax", "file"), List.of("file", "dax"), List.of("dax")),
        heard);
  }
}
