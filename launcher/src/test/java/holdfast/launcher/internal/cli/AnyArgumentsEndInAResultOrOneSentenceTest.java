package holdfast.launcher.internal.cli;

import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;

/**
 * Whatever the arguments are, reading them ends in something to start, to print or to show, or in
 * one printable sentence.
 */
class AnyArgumentsEndInAResultOrOneSentenceTest {
  private static final List<String> OPTIONS =
      List.of("-machine", "-M", "--machine", "-m", "-object", "-device", "-probe", "-help");

  private static final List<String> VALUES =
      List.of(
          "pc",
          "q35,nvdimm=on",
          "pc,a.0=1,a.1=2",
          "nvdimm=on",
          "1G,slots=2,maxmem=4G",
          "slots=3",
          "memory-backend-file,id=m,size=1M,mem-path=/m",
          "memory-backend-ram,id=n,size=1M,share",
          "{\"qom-type\":\"memory-backend-ram\",\"id\":\"j\",\"size\":4096}",
          "nvdimm,memdev=m,id=d",
          "pc-dimm,memdev=n",
          "json",
          "text",
          "help",
          "");

  @Property(tries = 3000)
  void anyArguments(@ForAll("arguments") List<String> arguments) {
    CommandLineFuzz.endsInAResultOrOneSentence(arguments);
  }

  @Property
  void anyStrings(@ForAll List<String> arguments) {
    CommandLineFuzz.endsInAResultOrOneSentence(arguments);
  }

  @Provide
  Arbitrary<List<String>> arguments() {
    Arbitrary<String> value =
        Arbitraries.frequencyOf(
            Tuple.of(6, Arbitraries.of(VALUES)),
            Tuple.of(3, mutated()),
            Tuple.of(1, Arbitraries.strings()));
    Arbitrary<List<String>> option =
        Arbitraries.of(OPTIONS).flatMap(name -> value.map(given -> List.of(name, given)));
    return option
        .list()
        .ofMaxSize(6)
        .map(pairs -> pairs.stream().flatMap(List::stream).toList())
        .flatMap(all -> Arbitraries.integers().between(0, all.size()).map(n -> all.subList(0, n)));
  }

  /** The beginning of one value, any character, and the end of another. */
  private static Arbitrary<String> mutated() {
    Arbitrary<String> some = Arbitraries.of(VALUES);
    return some.flatMap(
        head ->
            some.flatMap(
                tail ->
                    Arbitraries.integers()
                        .between(0, Math.min(head.length(), tail.length()))
                        .flatMap(
                            at ->
                                Arbitraries.chars()
                                    .map(c -> head.substring(0, at) + c + tail.substring(at)))));
  }
}
