package holdfast.vcpu.unicorn.internal;

/** Calls of method handles, which declare that they throw anything and here throw nothing. */
final class Native {
  private Native() {}

  /** A call of a C function. */
  @FunctionalInterface
  interface Call<T> {
    T make() throws Throwable;
  }

  @SuppressWarnings("IllegalCatch") // MethodHandle.invoke declares Throwable
  static <T> T invoke(Call<T> call) {
    try {
      return call.make();
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable impossible) {
      throw new AssertionError(impossible);
    }
  }
}
