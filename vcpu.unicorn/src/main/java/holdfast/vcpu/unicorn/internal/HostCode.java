package holdfast.vcpu.unicorn.internal;

import java.util.HexFormat;

/**
 * The machine code of this bundle, for x86-64 hosts under Linux: two functions that Unicorn and the
 * kernel call where Java can't be called.
 *
 * <p>Each line has the bytes and what they are. An address in capitals is filled in.
 */
final class HostCode {
  private HostCode() {}

  /**
   * Unicorn's hook of each instruction: {@code void (*)(uc, address, size, cell)}. It notes the
   * address in the cell, and calls {@code uc_emu_stop} if the cell says stop or its budget is used
   * up. A stop from within this hook is before the instruction, with every register exact; one from
   * another thread comes in the middle of an instruction and loses the program counter, so that
   * what was done is done again (seen with Unicorn 2.0.1 in nearly every stop).
   */
  static final String HOOK =
      """
      48 89 31                | mov [rcx + LAST], rsi
      83 79 10 00             | cmp dword ptr [rcx + STOP], 0
      75 08                   | jne stop
      48 83 69 08 01          | sub qword ptr [rcx + BUDGET], 1
      72 01                   | jb stop
      c3                      | ret
      48 b8 UC_EMU_STOP       | stop: mov rax, UC_EMU_STOP
      ff e0                   | jmp rax
      """;

  /**
   * The handler of SIGBUS and SIGSEGV: {@code void (*)(signal, siginfo, context)}. If the address
   * is in a range of the {@link FaultGuard}'s table, and this thread is in that vCPU's guest code,
   * it puts an anonymous page in the place of the lost one (of 4 KiB, 2 MiB or 1 GiB, whichever the
   * kernel takes there), notes it in the cell and has the guest stop before its next instruction.
   * Everything else goes to the handler that was there before, which is the JVM's.
   *
   * <p>It calls gettid(2) and mmap(2) by their numbers: both can be called in a signal handler, and
   * neither touches errno. {@code siginfo.si_addr} is at 16.
   */
  static final String HANDLER =
      """
      48 8b 46 10             | mov rax, [rsi + 16]           ; the address
      49 b8 TABLE             | mov r8, TABLE
      49 8b 08                | mov rcx, [r8]                 ; how many entries
      4d 8d 48 40             | lea r9, [r8 + 64]
      48 85 c9                | next: test rcx, rcx
      0f 84 d3 00 00 00       | jz chain
      4d 8b 11                | mov r10, [r9]                 ; its cell, 0 if it is free
      4d 85 d2                | test r10, r10
      74 20                   | jz skip
      49 3b 41 08             | cmp rax, [r9 + 8]             ; from
      72 1a                   | jb skip
      49 3b 41 10             | cmp rax, [r9 + 16]            ; to
      73 14                   | jae skip
      50                      | push rax
      51                      | push rcx                      ; a system call loses rcx and r11
      b8 ba 00 00 00          | mov eax, 186                  ; gettid
      0f 05                   | syscall
      41 89 c3                | mov r11d, eax
      59                      | pop rcx
      58                      | pop rax
      4d 3b 5a 18             | cmp r11, [r10 + THREAD]
      74 09                   | je found
      49 83 c1 20             | skip: add r9, 32
      48 ff c9                | dec rcx
      eb c6                   | jmp next
      57                      | found: push rdi
      56                      | push rsi
      52                      | push rdx
      53                      | push rbx
      55                      | push rbp
      41 54                   | push r12
      41 55                   | push r13
      48 89 c3                | mov rbx, rax                  ; the address
      4d 89 cc                | mov r12, r9                   ; the entry
      4d 89 d5                | mov r13, r10                  ; the cell
      bd 0c 00 00 00          | mov ebp, 12                   ; the page's size as a power of 2
      89 e9                   | try: mov ecx, ebp
      b8 01 00 00 00          | mov eax, 1
      48 d3 e0                | shl rax, cl
      48 89 c6                | mov rsi, rax                  ; the size
      48 f7 d8                | neg rax
      48 21 d8                | and rax, rbx
      48 89 c7                | mov rdi, rax                  ; the page
      49 3b 7c 24 08          | cmp rdi, [r12 + 8]
      72 34                   | jb failed
      48 8d 14 37             | lea rdx, [rdi + rsi]
      49 3b 54 24 10          | cmp rdx, [r12 + 16]
      77 29                   | ja failed
      ba 03 00 00 00          | mov edx, 3                    ; PROT_READ|PROT_WRITE
      41 ba 32 40 00 00       | mov r10d, 0x4032              ; PRIVATE|FIXED|ANONYMOUS|NORESERVE
      49 c7 c0 ff ff ff ff    | mov r8, -1
      45 31 c9                | xor r9d, r9d
      b8 09 00 00 00          | mov eax, 9                    ; mmap
      0f 05                   | syscall
      48 39 f8                | cmp rax, rdi
      74 0f                   | je done
      83 c5 09                | add ebp, 9
      83 fd 1e                | cmp ebp, 30
      76 af                   | jbe try
      b8 00 00 00 00          | failed: mov eax, 0
      eb 25                   | jmp restore
      49 8b 45 28             | done: mov rax, [r13 + LOST_COUNT]
      83 e0 07                | and eax, 7
      c1 e0 04                | shl eax, 4
      49 89 5c 05 40          | mov [r13 + rax + LOST], rbx
      49 89 74 05 48          | mov [r13 + rax + LOST + 8], rsi
      49 ff 45 28             | inc qword ptr [r13 + LOST_COUNT]
      41 c7 45 10 01 00 00 00 | mov dword ptr [r13 + STOP], 1
      b8 01 00 00 00          | mov eax, 1
      41 5d                   | restore: pop r13
      41 5c                   | pop r12
      5d                      | pop rbp
      5b                      | pop rbx
      5a                      | pop rdx
      5e                      | pop rsi
      5f                      | pop rdi
      85 c0                   | test eax, eax
      74 01                   | jz chain
      c3                      | ret
      83 ff 07                | chain: cmp edi, 7             ; SIGBUS
      74 0c                   | je bus
      48 b8 OLD_SEGV          | mov rax, OLD_SEGV
      ff e0                   | jmp rax
      48 b8 OLD_BUS           | bus: mov rax, OLD_BUS
      ff e0                   | jmp rax
      """;

  /** An address that is filled in. */
  record Address(String name, long value) {}

  /** Returns the bytes of code. */
  static byte[] assemble(String code, Address... addresses) {
    StringBuilder hex = new StringBuilder();
    for (String line : code.lines().toList()) {
      String bytes = line.substring(0, line.indexOf('|')).strip();
      for (Address address : addresses) {
        bytes =
            bytes.replace(
                address.name(), HexFormat.of().toHexDigits(Long.reverseBytes(address.value())));
      }
      hex.append(bytes.replace(" ", ""));
    }
    return HexFormat.of().parseHex(hex);
  }
}
