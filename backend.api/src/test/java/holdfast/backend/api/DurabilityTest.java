package holdfast.backend.api;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Label;
import net.jqwik.api.Property;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class DurabilityTest {
  private static final Evidence EVIDENCE = new Evidence("MAP_SHARED: ok", "rd wr sh", "", "ext4");

  @Property
  @Label("less than was asked for is a shortfall, as much or more is none")
  void lessIsAShortfall(@ForAll Granularity requested, @ForAll Granularity obtained) {
    Durability durability = new Durability(requested, obtained, "as a test wants it", EVIDENCE);
    assertEquals(obtained.ordinal() < requested.ordinal(), durability.isShortfall());
  }

  @Test
  @DisplayName("the granularities are ordered from the weakest promise to the strongest")
  void orderedByPromise() {
    assertEquals("[none, page, cache-line, byte]", Arrays.toString(Granularity.values()));
  }
}
