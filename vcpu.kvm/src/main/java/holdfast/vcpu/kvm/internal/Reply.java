package holdfast.vcpu.kvm.internal;

import java.util.function.BiConsumer;
import java.util.function.LongConsumer;

/**
 * Where the answer to a read of the guest's goes: into the page that {@code KVM_RUN} shares.
 *
 * @param offset where in the page
 * @param width bytes
 * @param to who puts it there
 */
record Reply(int offset, int width, BiConsumer<Reply, Long> to) implements LongConsumer {
  @Override
  public void accept(long value) {
    to.accept(this, value);
  }
}
