/* An audit library (LD_AUDIT, see ld.so(8)): a processor played as one without AVX-512, VNNI and AMX.

   Where places.h says, an object that is loaded has `cpuid` (0f a2). It is replaced in memory by
   `ud2` (0f 0b), which raises SIGILL, and the handler answers in its place. */

#define _GNU_SOURCE
#include <cpuid.h>
#include <link.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

struct place {
  const char *object;
  unsigned long offset;
};

static const struct place places[] = {
#include "places.h"
};

#define COUNT (sizeof places / sizeof *places)

static const unsigned char *replaced[COUNT];

#define BIT(n) (1u << (n))

/* What Linux calls avx512_* and amx_* (arch/x86/include/asm/cpufeatures.h); leaf 7 of cpuid. */
static const unsigned lacks_ebx =
    BIT(16) | BIT(17) | BIT(21) | BIT(26) | BIT(27) | BIT(28) | BIT(30) | BIT(31);
static const unsigned lacks_ecx = BIT(1) | BIT(6) | BIT(11) | BIT(12) | BIT(14);
static const unsigned lacks_edx =
    BIT(2) | BIT(3) | BIT(8) | BIT(22) | BIT(23) | BIT(24) | BIT(25);
/* Its second part: AVX-VNNI, AVX512-BF16, AMX-FP16, AVX-IFMA; AVX-VNNI-INT8 and -INT16,
   AVX-NE-CONVERT, AMX-COMPLEX, AVX10. */
static const unsigned lacks_more_eax = BIT(4) | BIT(5) | BIT(21) | BIT(23);
static const unsigned lacks_more_edx = BIT(4) | BIT(5) | BIT(8) | BIT(10) | BIT(19);

static int is_replaced(const unsigned char *at) {
  for (unsigned long i = 0; i < COUNT; i++)
    if (replaced[i] == at) return 1;
  return 0;
}

static void answer(int number, siginfo_t *info, void *context) {
  greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
  unsigned leaf = registers[REG_RAX], part = registers[REG_RCX], eax, ebx, ecx, edx;
  (void)info;
  if (!is_replaced((const unsigned char *)registers[REG_RIP])) {
    signal(number, SIG_DFL);
    return;
  }
  __cpuid_count(leaf, part, eax, ebx, ecx, edx);
  if (leaf == 7 && part == 0) {
    ebx &= ~lacks_ebx;
    ecx &= ~lacks_ecx;
    edx &= ~lacks_edx;
  } else if (leaf == 7 && part == 1) {
    eax &= ~lacks_more_eax;
    edx &= ~lacks_more_edx;
  }
  registers[REG_RAX] = eax;
  registers[REG_RBX] = ebx;
  registers[REG_RCX] = ecx;
  registers[REG_RDX] = edx;
  registers[REG_RIP] += 2;
}

static void replace(const struct place *place, unsigned char *at) {
  unsigned long size = sysconf(_SC_PAGESIZE);
  void *page = (void *)((unsigned long)(at + 1) & -size);
  if (at[0] != 0x0f || at[1] != 0xa2 || mprotect(page, size, PROT_READ | PROT_WRITE)) {
    fprintf(stderr, "%s: cpuid at %lx cannot be replaced\n", place->object, place->offset);
    abort();
  }
  at[1] = 0x0b;
  mprotect(page, size, PROT_READ | PROT_EXEC);
  replaced[place - places] = at;
}

unsigned la_version(unsigned version) {
  struct sigaction action = {.sa_sigaction = answer, .sa_flags = SA_SIGINFO};
  sigaction(SIGILL, &action, NULL);
  return version;
}

unsigned la_objopen(struct link_map *map, Lmid_t namespace, uintptr_t *cookie) {
  const char *slash = strrchr(map->l_name, '/'), *name = slash ? slash + 1 : map->l_name;
  (void)namespace, (void)cookie;
  for (unsigned long i = 0; i < COUNT; i++)
    if (!strcmp(places[i].object, name))
      replace(&places[i], (unsigned char *)map->l_addr + places[i].offset);
  return 0;
}
