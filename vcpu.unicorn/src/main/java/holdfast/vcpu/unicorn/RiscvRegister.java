package holdfast.vcpu.unicorn;

/**
 * The registers of RISC-V that can be read and written, which are those that migrate. {@code X0} is
 * always 0.
 */
public enum RiscvRegister implements Register {
  X1(2),
  X2(3),
  X3(4),
  X4(5),
  X5(6),
  X6(7),
  X7(8),
  X8(9),
  X9(10),
  X10(11),
  X11(12),
  X12(13),
  X13(14),
  X14(15),
  X15(16),
  X16(17),
  X17(18),
  X18(19),
  X19(20),
  X20(21),
  X21(22),
  X22(23),
  X23(24),
  X24(25),
  X25(26),
  X26(27),
  X27(28),
  X28(29),
  X29(30),
  X30(31),
  X31(32),
  PC(190),
  F0(158),
  F1(159),
  F2(160),
  F3(161),
  F4(162),
  F5(163),
  F6(164),
  F7(165),
  F8(166),
  F9(167),
  F10(168),
  F11(169),
  F12(170),
  F13(171),
  F14(172),
  F15(173),
  F16(174),
  F17(175),
  F18(176),
  F19(177),
  F20(178),
  F21(179),
  F22(180),
  F23(181),
  F24(182),
  F25(183),
  F26(184),
  F27(185),
  F28(186),
  F29(187),
  F30(188),
  F31(189);

  private final int number;
  private final int width;

  RiscvRegister(int number) {
    this(number, Long.BYTES);
  }

  RiscvRegister(int number, int width) {
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
