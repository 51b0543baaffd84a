package holdfast.bench;

/** The least that a Java program can do: what is below its time no Java can reach. */
final class Hello {
  private Hello() {}

  /** Prints one line. */
  public static void main(String[] arguments) {
    System.out.println("hello");
  }
}
