#pragma once
#include <asm/ioctl.h>
#include <asm/unistd.h>
#include <errno.h>
#include <linux/serial.h>
#include <modbus/modbus.h>
#include <unistd.h>

/* Swift cannot import libmodbus's error macros (sums on an enum constant): their values by name. */
static const int takt_EMBXILFUN = EMBXILFUN;
static const int takt_EMBXILADD = EMBXILADD;
static const int takt_EMBXILVAL = EMBXILVAL;
static const int takt_EMBXSFAIL = EMBXSFAIL;
static const int takt_EMBXACK = EMBXACK;
static const int takt_EMBXSBUSY = EMBXSBUSY;
static const int takt_EMBXNACK = EMBXNACK;
static const int takt_EMBXMEMPAR = EMBXMEMPAR;
static const int takt_EMBXGPATH = EMBXGPATH;
static const int takt_EMBXGTAR = EMBXGTAR;
static const int takt_EMBBADCRC = EMBBADCRC;
static const int takt_EMBBADDATA = EMBBADDATA;
static const int takt_EMBBADEXC = EMBBADEXC;
static const int takt_EMBMDATA = EMBMDATA;
static const int takt_EMBBADSLAVE = EMBBADSLAVE;

/* The header's errno is a macro over a function call, which Swift does not import. */
static inline int takt_modbus_errno(void) { return errno; }
static inline void takt_modbus_clear_errno(void) { errno = 0; }

/* ppoll(2), which waits for less than a millisecond, stands behind _GNU_SOURCE, which Swift does not
   set. The kernel's layout of one pollfd and of a timespec, for 64-bit machines. */
static inline int takt_ppoll(int descriptor, short events, short *found, long seconds,
                             long nanoseconds) {
  struct { int descriptor; short events, found; } entry = { descriptor, events, 0 };
  long time[2] = { seconds, nanoseconds };
  int ready = (int)syscall(__NR_ppoll, &entry, 1L, time, 0L, 8L);
  *found = entry.found;
  return ready;
}

/* The kernel's own struct termios2, whose header cannot stand beside <termios.h>; the numbers are
   those of asm-generic, which x86-64 and ARM share. It alone takes any baud rate. */
struct takt_termios {
  unsigned int input, output, control, local;
  unsigned char discipline, characters[19];
  unsigned int inputSpeed, outputSpeed;
};
static const unsigned long takt_TCGETS2 = _IOR('T', 0x2A, struct takt_termios);
static const unsigned long takt_TCSETS2 = _IOW('T', 0x2B, struct takt_termios);
/* In the control word: the bits of the speed; "the speed stands in the two speed members". */
static const unsigned int takt_CBAUD = 0x100F;
static const unsigned int takt_BOTHER = 0x1000;

/* Shifted macros, which Swift does not import. */
static const unsigned int takt_RS485_ENABLED = SER_RS485_ENABLED;
static const unsigned int takt_RS485_RTS_ON_SEND = SER_RS485_RTS_ON_SEND;
static const unsigned int takt_RS485_RTS_AFTER_SEND = SER_RS485_RTS_AFTER_SEND;
static const unsigned int takt_RS485_RX_DURING_TX = SER_RS485_RX_DURING_TX;
