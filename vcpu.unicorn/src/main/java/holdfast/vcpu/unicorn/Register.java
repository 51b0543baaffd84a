package holdfast.vcpu.unicorn;

import org.osgi.annotation.versioning.ProviderType;

/** A register of a guest's CPU. */
@ProviderType
public sealed interface Register permits X86Register, Arm64Register, RiscvRegister {

  /** Returns the name in messages and states. */
  String name();

  /** Returns Unicorn's number of it, from its headers {@code x86.h}, {@code arm64.h}, … */
  int number();

  /** Returns how many bytes it has: 8, or more for a vector register. */
  int width();
}
