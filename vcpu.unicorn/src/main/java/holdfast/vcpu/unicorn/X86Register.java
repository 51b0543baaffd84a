package holdfast.vcpu.unicorn;

/** The registers of x86-64 that can be read and written, which are those that migrate. */
public enum X86Register implements Register {
  RAX(35),
  RBX(37),
  RCX(38),
  RDX(40),
  RSI(43),
  RDI(39),
  RBP(36),
  RSP(44),
  R8(106),
  R9(107),
  R10(108),
  R11(109),
  R12(110),
  R13(111),
  R14(112),
  R15(113),
  RIP(41),
  /** The flags: {@code rflags}. */
  RFLAGS(25),
  FS_BASE(250),
  GS_BASE(251),
  XMM0(122, 16),
  XMM1(123, 16),
  XMM2(124, 16),
  XMM3(125, 16),
  XMM4(126, 16),
  XMM5(127, 16),
  XMM6(128, 16),
  XMM7(129, 16),
  XMM8(130, 16),
  XMM9(131, 16),
  XMM10(132, 16),
  XMM11(133, 16),
  XMM12(134, 16),
  XMM13(135, 16),
  XMM14(136, 16),
  XMM15(137, 16),
  /** Control and status of SSE: {@code mxcsr}. */
  MXCSR(249);

  private final int number;
  private final int width;

  X86Register(int number) {
    this(number, Long.BYTES);
  }

  X86Register(int number, int width) {
    this.number = number;
    this.width = width;
  }

  @Override
  public int number() {
    return number;
  }

  @Override
  public int width() {
    return width;
  }
}
