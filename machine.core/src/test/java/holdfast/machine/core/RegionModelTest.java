package holdfast.machine.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import holdfast.backend.api.Granularity;
import holdfast.machine.api.RegionState;
import holdfast.machine.config.AllocatorFilter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.jspecify.annotations.Nullable;

/**
 * After any sequence of events a region is where the rules put it: with the first allocator in
 * OSGi's order that matches the filter, accepts the block and can take it over; else detached.
 */
class RegionModelTest {
  private static final int ALLOCATORS = 3;

  /** Something that happens to allocator number {@code who}. */
  record Event(What what, int who, int ranking) {}

  enum What {
    REGISTER,
    UNREGISTER,
    RERANK,
    ACCEPT,
    DECLINE,
    TAKE_OVER,
    REFUSE,
    USE,
    USE_ANY,
    PERSIST
  }

  @Provide
  Arbitrary<List<Event>> events() {
    return Combinators.combine(
            Arbitraries.of(What.class),
            Arbitraries.integers().between(0, ALLOCATORS - 1),
            Arbitraries.integers().between(-1, 2))
        .as(Event::new)
        .list()
        .ofMaxSize(40);
  }

  /** An allocator, as the model knows it. */
  private static final class Known {
    final FakeAllocator service;
    final String kind;
    final int serviceId;
    boolean present;
    boolean accepts = true;
    boolean refuses;
    int ranking;

    Known(int number) {
      kind = "kind" + number;
      serviceId = number + 1;
      service =
          new FakeAllocator(kind, Granularity.values()[1 + number])
              .accepting(spec -> accepts)
              .beforeRemap(
                  spec -> {
                    if (refuses) {
                      RegionFixture.refusing("no").take(spec);
                    }
                  });
    }

    String note() {
      return kind + " (ranking " + ranking + ")";
    }
  }

  /** What a region should be. */
  private static final class Model {
    final List<Known> all = new ArrayList<>();
    @Nullable Known wish;
    @Nullable Known bound;
    List<String> refusals = List.of();
    int blocks = 1;
    int changes;

    Model() {
      for (int number = 0; number < ALLOCATORS; number++) {
        all.add(new Known(number));
      }
    }

    private List<Object> state() {
      return List.of(bound == null ? "none" : bound.kind, blocks, refusals);
    }

    void settle() {
      List<Object> before = state();
      Known next = null;
      List<String> refused = new ArrayList<>();
      List<Known> eligible =
          all.stream()
              .filter(k -> k.present && k.accepts && (wish == null || wish == k))
              .sorted(Comparator.comparing((Known k) -> -k.ranking).thenComparing(k -> k.serviceId))
              .toList();
      for (Known known : eligible) {
        if (known == bound || !known.refuses) {
          next = known;
          break;
        }
        refused.add(known.note());
      }
      if (next != bound) {
        blocks++;
      }
      bound = next;
      refusals = refused;
      if (!before.equals(state())) {
        changes++;
      }
    }
  }

  @Property(tries = 500)
  void isWhereTheRulesPutIt(@ForAll("events") List<Event> events) throws Exception {
    Model model = new Model();
    Candidates candidates = new Candidates();
    List<Region.Status> told = new ArrayList<>();
    Known first = model.all.getFirst();
    first.present = true;
    candidates.add(first.service, first.service.properties(first.serviceId, 0));
    Region region =
        Region.open(
            RegionFixture.SHARED, candidates, AllocatorFilter.ANY, r -> told.add(r.status()));
    model.bound = first;
    try {
      for (Event event : events) {
        apply(event, model, candidates, region);
        check(event, model, region);
        assertEquals(model.changes, told.size(), "each change told once, after " + event);
      }
    } finally {
      region.close();
    }
  }

  private static void apply(Event event, Model model, Candidates candidates, Region region)
      throws Exception {
    Known who = model.all.get(event.who());
    switch (event.what()) {
      case REGISTER, RERANK -> {
        if (who.present == (event.what() == What.RERANK)) {
          who.present = true;
          who.ranking = event.ranking();
          model.settle();
          candidates.add(who.service, who.service.properties(who.serviceId, who.ranking));
        }
      }
      case UNREGISTER -> {
        who.present = false;
        model.settle();
        candidates.remove(who.service);
      }
      case ACCEPT -> who.accepts = true;
      case DECLINE -> who.accepts = false;
      case TAKE_OVER -> who.refuses = false;
      case REFUSE -> who.refuses = true;
      case USE -> {
        model.wish = who;
        model.settle();
        region.use(RegionFixture.filter("(backend.kind=" + who.kind + ")"));
      }
      case USE_ANY -> {
        model.wish = null;
        model.settle();
        region.use(AllocatorFilter.ANY);
      }
      case PERSIST -> assertEquals(region.durability().obtained(), region.persist(0, 8192));
    }
  }

  private static void check(Event event, Model model, Region region) {
    Region.Status status = region.status();
    String after = "after " + event;
    if (model.bound == null) {
      assertEquals(RegionState.DETACHED, status.state(), after);
      assertEquals("", status.allocator(), after);
      assertEquals(Granularity.PAGE, region.durability().obtained(), after);
    } else {
      assertEquals(RegionState.ATTACHED, status.state(), after);
      assertEquals(model.bound.kind, status.allocator(), after);
    }
    for (String refusal : model.refusals) {
      assertTrue(status.note().contains(refusal), () -> after + ": " + status.note());
    }
    if (model.refusals.isEmpty()) {
      assertEquals(
          model.bound == null ? "no allocator that takes it is there" : "", status.note(), after);
    }
    assertTrue(RegionFixture.block(region).isCurrent(), after);
  }
}
