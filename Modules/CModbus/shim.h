#pragma once
#include <errno.h>
#include <modbus/modbus.h>

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
