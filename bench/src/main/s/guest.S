/*
 * The guest of a QEMU that is migrated: a boot sector. A thousand times a second it stores into so many pages, anywhere in a range
 * that begins at 16 MiB, and sleeps. What a tick missed is not made up for.
 *
 * Who starts it puts two numbers into its image, little endian: at 4 how many pages in each tick, at 8 how many pages the range
 * has. It counts its ticks at the address 0x7e00.
 */
  .code16
  .globl _start
_start:
  jmp begin
  .org 4
rate:
  .long 20
range:
  .long 1024

begin:
  cli
  xorw %ax, %ax
  movw %ax, %ds
  movl $0, ticks
  inb $0x92, %al /* address line 20 */
  orb $2, %al
  outb %al, $0x92
  lgdt gdtr
  movl %cr0, %eax
  orl $1, %eax
  movl %eax, %cr0
  ljmp $8, $protected

  .code32
protected:
  movw $16, %ax
  movw %ax, %ds
  movw %ax, %es
  movw %ax, %ss
  movl $0x7c00, %esp
  movl $tick, %eax /* the timer's interrupt is number 8, where the BIOS left it */
  movl $0x8f000, %edi
  movw %ax, 64(%edi)
  movw $8, 66(%edi)
  movw $0x8e00, 68(%edi)
  shrl $16, %eax
  movw %ax, 70(%edi)
  lidt idtr
  movb $0x34, %al /* 1193182 Hz / 1193 */
  outb %al, $0x43
  movw $1193, %ax
  outb %al, $0x40
  movb %ah, %al
  outb %al, $0x40
  movb $0xff, %al /* no other interrupt */
  outb %al, $0xa1
  movb $0xfe, %al
  outb %al, $0x21
  movl $1, %ebx
wait:
  sti
  hlt
  cli
  movl rate, %ecx
store:
  imull $1664525, %ebx
  addl $1013904223, %ebx
  movl %ebx, %eax
  mull range
  shll $12, %edx
  movl %ebx, 0x1000000(%edx)
  decl %ecx
  jnz store
  jmp wait

tick:
  incl ticks
  pushl %eax
  movb $0x20, %al
  outb %al, $0x20
  popl %eax
  iret

  .set ticks, 0x7e00
  .p2align 3
gdt:
  .quad 0
  .quad 0x00cf9a000000ffff
  .quad 0x00cf92000000ffff
gdtr:
  .word . - gdt - 1
  .long gdt
idtr:
  .word 0xff
  .long 0x8f000
  .org 510
  .word 0xaa55
