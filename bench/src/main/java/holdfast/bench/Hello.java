package holdfast.bench;

import java.util.concurrent.CountDownLatch;

/** The least that a Java program can do: what is below what it takes no Java can reach. */
final class Hello {
  private Hello() {}

  /** Prints one line; with an argument it then waits until it is ended. */
  public static void main(String[] arguments) throws InterruptedException {
    System.out.println("hello");
    if (arguments.length > 0) {
      new CountDownLatch(1).await();
    }
  }
}
