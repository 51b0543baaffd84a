package holdfast.vcpu.kvm;

/**
 * Programs of a guest that store stamps for ever: pass after pass over {@code r10} cells of 8 bytes
 * from {@code r9} on, each pass with the next stamp, which {@code r8} holds. A stamp is the number
 * of its pass in both halves ({@code r11} is one more), so that a torn one is known. At each moment
 * the first cells hold the stamp of the pass and all others that of the pass before.
 */
enum StampingCode {
  /** A plain store. */
  PLAIN(
      """
      31c9          # pass: xor ecx, ecx
      4d01d8        #       add r8, r11
      4d8904c9      # next: mov [r9+rcx*8], r8
      48ffc1        #       inc rcx
      4c39d1        #       cmp rcx, r10
      72f4          #       jb next
      ebed          #       jmp pass
      """),

  /** An atomic addition: one that is lost shows in all that come after it. */
  XADD(
      """
      31c9          # pass: xor ecx, ecx
      4d01d8        #       add r8, r11
      4c89d8        # next: mov rax, r11
      f0490fc104c9  #       lock xadd [r9+rcx*8], rax
      48ffc1        #       inc rcx
      4c39d1        #       cmp rcx, r10
      72ef          #       jb next
      ebe8          #       jmp pass
      """),

  /** An atomic exchange of the stamp before for this one; port 0x99 says that it was not there. */
  CMPXCHG(
      """
      31c9          # pass: xor ecx, ecx
      4d01d8        #       add r8, r11
      4c89c0        # next: mov rax, r8
      4c29d8        #       sub rax, r11
      f04d0fb104c9  #       lock cmpxchg [r9+rcx*8], r8
      750a          #       jne lost
      48ffc1        #       inc rcx
      4c39d1        #       cmp rcx, r10
      72ea          #       jb next
      ebe3          #       jmp pass
      e699          # lost: out 0x99, al
      ebfc          #       jmp lost
      """),

  /** A store past the caches. */
  NON_TEMPORAL(
      """
      31c9          # pass: xor ecx, ecx
      4d01d8        #       add r8, r11
      4d0fc304c9    # next: movnti [r9+rcx*8], r8
      48ffc1        #       inc rcx
      4c39d1        #       cmp rcx, r10
      72f3          #       jb next
      0faef8        #       sfence
      ebe9          #       jmp pass
      """),

  /** A copy of the whole pass by one instruction, of cells in RAM from {@code r12} on. */
  REP_MOVS(
      """
      4d01d8        # pass: add r8, r11
      4c89c0        #       mov rax, r8
      4c89e7        #       mov rdi, r12
      4c89d1        #       mov rcx, r10
      f348ab        #       rep stosq
      4c89e6        #       mov rsi, r12
      4c89cf        #       mov rdi, r9
      4c89d1        #       mov rcx, r10
      f348a5        #       rep movsq
      ebe3          #       jmp pass
      """);

  /** What a stamp grows by from pass to pass. */
  static final long STEP = 0x1_0000_0001L;

  private final String code;

  StampingCode(String listing) {
    this.code = listing.replaceAll("#.*", "").replaceAll("\\s", "");
  }

  /** Returns the code in hexadecimal. */
  String code() {
    return code;
  }

  /** Returns the registers to begin with: {@code count} cells at {@code address}. */
  static Registers registers(long address, long count, long copies) {
    return Registers.ZERO
        .with(Register.R9, address)
        .with(Register.R10, count)
        .with(Register.R11, STEP)
        .with(Register.R12, copies);
  }
}
