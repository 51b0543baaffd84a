package holdfast.vcpu.unicorn;

/** The registers of ARM64 that can be read and written, which are those that migrate. */
public enum Arm64Register implements Register {
  X0(199),
  X1(200),
  X2(201),
  X3(202),
  X4(203),
  X5(204),
  X6(205),
  X7(206),
  X8(207),
  X9(208),
  X10(209),
  X11(210),
  X12(211),
  X13(212),
  X14(213),
  X15(214),
  X16(215),
  X17(216),
  X18(217),
  X19(218),
  X20(219),
  X21(220),
  X22(221),
  X23(222),
  X24(223),
  X25(224),
  X26(225),
  X27(226),
  X28(227),
  /** The frame pointer. */
  X29(1),
  /** The link register. */
  X30(2),
  SP(4),
  PC(260),
  /** The condition flags, at bits 31 to 28. */
  NZCV(3),
  /** What may use SIMD and floating point. */
  CPACR_EL1(261),
  Q0(104, 16),
  Q1(105, 16),
  Q2(106, 16),
  Q3(107, 16),
  Q4(108, 16),
  Q5(109, 16),
  Q6(110, 16),
  Q7(111, 16),
  Q8(112, 16),
  Q9(113, 16),
  Q10(114, 16),
  Q11(115, 16),
  Q12(116, 16),
  Q13(117, 16),
  Q14(118, 16),
  Q15(119, 16),
  Q16(120, 16),
  Q17(121, 16),
  Q18(122, 16),
  Q19(123, 16),
  Q20(124, 16),
  Q21(125, 16),
  Q22(126, 16),
  Q23(127, 16),
  Q24(128, 16),
  Q25(129, 16),
  Q26(130, 16),
  Q27(131, 16),
  Q28(132, 16),
  Q29(133, 16),
  Q30(134, 16),
  Q31(135, 16);

  private final int number;
  private final int width;

  Arm64Register(int number) {
    this(number, Long.BYTES);
  }

  Arm64Register(int number, int width) {
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
