# The probe guest of acceleration.py: a boot sector that goes to 64-bit mode with paging, counts 100 million down and
# ends QEMU through isa-debug-exit. A machine whose KVM only emulates real mode never gets to the end.
# Build: as -o probe.o probe.S && ld -Ttext 0x7c00 --oformat binary -o probe.bin probe.o
.code16
.globl _start
_start:
    cli
    xorw  %ax, %ax
    movw  %ax, %ds
    movw  %ax, %es
    movw  %ax, %ss
    movw  $0x7c00, %sp
    movw  $0x1000, %di              # three empty page tables ...
    movw  $0x1800, %cx
    cld
    rep stosw
    movw  $0x2003, 0x1000           # ... that map the first 2 MiB to itself
    movw  $0x3003, 0x2000
    movw  $0x0083, 0x3000
    movl  $0x1000, %eax
    movl  %eax, %cr3
    movl  %cr4, %eax
    orb   $0x20, %al                # PAE
    movl  %eax, %cr4
    movl  $0xc0000080, %ecx         # EFER.LME
    rdmsr
    orb   $1, %ah
    wrmsr
    lgdt  gdtr
    movl  $0x80000001, %eax         # paging and protection at once
    movl  %eax, %cr0
    ljmp  $8, $long
.code64
long:
    movl  $100000000, %ecx
1:  decl  %ecx
    jnz   1b
    movb  $0x2a, %al                # QEMU's exit code is 2 * 0x2a + 1
    outb  %al, $0xf4
2:  hlt
    jmp   2b
.balign 8
gdt:  .quad 0
      .quad 0x00209a0000000000
gdtr: .word 15
      .long gdt
