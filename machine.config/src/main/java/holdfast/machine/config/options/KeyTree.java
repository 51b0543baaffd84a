package holdfast.machine.config.options;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.regex.Pattern;

/** Collects values under dotted keys, then distinguishes lists from objects. */
final class KeyTree {
  private static final Pattern NAME = Pattern.compile("[A-Za-z][A-Za-z0-9_-]*");
  private static final Pattern INDEX = Pattern.compile("[0-9]+");
  private static final int LONGEST_FRAGMENT = 127;

  /** More than any property needs; limits the recursion over a tree. */
  private static final int MOST_FRAGMENTS = 32;

  private sealed interface Node {
    record Leaf(String value) implements Node {}

    record Branch(SequencedMap<String, Node> children) implements Node {
      Branch() {
        this(new LinkedHashMap<>());
      }
    }
  }

  private final Node.Branch root = new Node.Branch();

  /** Sets the value of {@code key}; the last one set counts. */
  void put(String key, String value) throws OptionException {
    List<String> path = path(key);
    Node.Branch branch = root;
    for (String fragment : path.subList(0, path.size() - 1)) {
      branch =
          switch (branch.children().computeIfAbsent(fragment, _ -> new Node.Branch())) {
            case Node.Branch next -> next;
            case Node.Leaf _ -> throw inconsistent(key);
          };
    }
    if (branch.children().put(path.getLast(), new Node.Leaf(value)) instanceof Node.Branch) {
      throw inconsistent(key);
    }
  }

  /** Returns the collected values. */
  SequencedMap<String, OptionValue> freeze() throws OptionException {
    return fields("", root);
  }

  /** Checks that a key is valid; a refusal quotes it. */
  static void requireKey(String key) throws OptionException {
    path(key);
  }

  private static List<String> path(String key) throws OptionException {
    String[] fragments = key.split("\\.", MOST_FRAGMENTS + 1);
    if (fragments.length > MOST_FRAGMENTS) {
      throw new OptionException(
          "the key "
              + Excerpt.of(key)
              + " has too many parts: no key has more than "
              + MOST_FRAGMENTS);
    }
    for (int i = 0; i < fragments.length; i++) {
      if (fragments[i].length() > LONGEST_FRAGMENT) {
        throw new OptionException(
            "the key "
                + Excerpt.of(key)
                + " has a part that is too long: write at most "
                + LONGEST_FRAGMENT
                + " characters between two dots");
      }
      if (!NAME.matcher(fragments[i]).matches()
          && (i == 0 || !INDEX.matcher(fragments[i]).matches())) {
        throw new OptionException(
            Excerpt.of(key)
                + " can't be a key: write names of letters, digits, - and _, joined by dots");
      }
    }
    return List.of(fragments);
  }

  private static SequencedMap<String, OptionValue> fields(String path, Node.Branch branch)
      throws OptionException {
    SequencedMap<String, OptionValue> fields = new LinkedHashMap<>();
    for (var child : branch.children().entrySet()) {
      fields.put(child.getKey(), value(path + child.getKey(), child.getValue()));
    }
    return fields;
  }

  private static OptionValue value(String path, Node node) throws OptionException {
    return switch (node) {
      case Node.Leaf(String text) -> new OptionValue.Bare(text);
      case Node.Branch branch -> {
        long indices =
            branch.children().keySet().stream().filter(k -> INDEX.matcher(k).matches()).count();
        if (indices == 0) {
          yield new OptionValue.Fields(fields(path + '.', branch));
        }
        if (indices < branch.children().size()) {
          throw inconsistent(path + ".*");
        }
        yield new OptionValue.Items(items(path + '.', branch));
      }
    };
  }

  private static List<OptionValue> items(String path, Node.Branch branch) throws OptionException {
    Map<String, Node> byIndex = new LinkedHashMap<>();
    for (var child : branch.children().entrySet()) {
      byIndex.put(WholeNumbers.ofDigits(child.getKey(), 10).toString(), child.getValue());
    }
    List<OptionValue> items = new ArrayList<>();
    for (int i = 0; i < byIndex.size(); i++) {
      Node node = byIndex.get(Integer.toString(i));
      if (node == null) {
        throw new OptionException(
            Excerpt.of(path + i) + " is missing: number the items of a list from 0 without gaps");
      }
      items.add(value(path + i, node));
    }
    return items;
  }

  private static OptionException inconsistent(String key) {
    return new OptionException(
        Excerpt.of(key)
            + " is used in two ways: write a value, a list or an object, and not two of them");
  }
}
